# METADATA
# title: No time to settle between members
# description: |
#   minReadySeconds makes a rollout wait after a pod has become ready. A member that has just started answers before it has
#   caught up with its peers.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#minimum-ready-seconds
# custom:
#   severity: info
#   kinds: [StatefulSet]
#   fix: unsafe
#   since: 0.1.0
#   params:
#     seconds: {default: 10, description: "least seconds between a member that is ready and the next one's restart (a rule of thumb)"}
package kubelint.sts_min_ready_seconds

import rego.v1

# METADATA
# description: a replicated datastore that goes on to the next member the moment this one answers
findings contains finding if {
	input.workload.datastore
	input.workload.replicas_floor >= 2
	input.workload.min_ready_seconds < input.params.seconds
	input.workload.update_strategy.type == "RollingUpdate"
	finding := {
		"path": ["spec", "minReadySeconds"],
		"message": sprintf("minReadySeconds is %d: the next member is restarted the moment this one answers, before it has synced; set it to %d or more", [input.workload.min_ready_seconds, input.params.seconds]),
		"fix": {
			"title": sprintf("Set minReadySeconds to %d", [input.params.seconds]),
			"safety": "unsafe",
			"edits": [{"ops": [{"op": "add", "path": ["spec", "minReadySeconds"], "value": input.params.seconds}]}],
		},
	}
}
