# METADATA
# title: Replicas set beside an HPA
# description: |
#   Each apply of a manifest with spec.replicas scales the workload to that number, until the autoscaler corrects it: under
#   load, the moment of a deployment is the moment of the fewest pods.
# related_resources:
# - https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, ReplicaSet, ReplicationController]
#   needs: [hpas]
#   fix: unsafe
#   since: 0.1.0
package kubelint.hpa_replicas_conflict

import rego.v1

# METADATA
# description: a workload that sets replicas although an HPA does
findings contains finding if {
	input.workload.hpa != null
	input.workload.replicas_set
	finding := {
		"path": ["spec", "replicas"],
		"message": sprintf("an HPA scales this %s, and replicas: %d sets it back at every apply; leave it out", [input.workload.kind, input.workload.replicas]),
		"related": [object.union({"message": "this HPA"}, input.workload.hpa)],
		"fix": {"title": "Leave the number of replicas to the HPA", "safety": "unsafe", "edits": [{"ops": [{"op": "remove", "path": ["spec", "replicas"]}]}]},
	}
}
