# METADATA
# title: Anti-affinity that selects somebody else
# description: |
#   An anti-affinity or spread constraint counts the pods that its labelSelector selects. One that does not match the
#   template's own labels keeps these pods away from others, and not from each other.
# related_resources:
# - https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#affinity-and-anti-affinity
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment]
#   needs: [hpas]
#   fix: none
#   since: 0.1.0
package kubelint.anti_affinity_selector_mismatch

import rego.v1

# METADATA
# description: each term that does not select the workload's own pods, where none does
findings contains finding if {
	input.workload.replicas_floor >= 2
	not input.workload.anti_affinity.spreads
	some term in input.workload.anti_affinity.terms
	not term.matches_own
	finding := {
		"path": term.path,
		"message": "this term selects none of the workload's own pods: nothing keeps its replicas apart; make its labelSelector match the template's labels",
		"related": [{"message": "these are the labels", "object": null, "path": array.concat(input.workload.pod_path, ["metadata", "labels"])}],
	}
}
