# METADATA
# title: Replicas may share a node
# description: |
#   The scheduler spreads pods as a preference among many. Without an anti-affinity or a topology spread constraint all
#   replicas may run on one node, and a PodDisruptionBudget then only makes its drain slow.
# related_resources:
# - https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment]
#   needs: [hpas]
#   fix: none
#   since: 0.1.0
package kubelint.anti_affinity_missing

import rego.v1

# METADATA
# description: a replicated workload whose pods may all land on one node
findings contains finding if {
	input.workload.replicas_floor >= 2
	not input.workload.anti_affinity.spreads
	count(input.workload.anti_affinity.terms) == 0
	finding := {
		"path": array.concat(input.workload.spec_path, ["affinity"]),
		"message": sprintf("nothing keeps the %d replicas apart: they may all run on one node and go down with it; add a podAntiAffinity or a topologySpreadConstraint on kubernetes.io/hostname", [input.workload.replicas_floor]),
	}
}
