# METADATA
# title: Crash-looping pods block drains
# description: |
#   By default a running pod that is not ready may be evicted only if the budget is met without it. A workload that crash-loops
#   never meets it, so its nodes cannot be drained until somebody deletes the pods by hand.
# related_resources:
# - https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
# custom:
#   severity: info
#   kinds: [PodDisruptionBudget]
#   fix: safe
#   since: 0.1.0
package kubelint.pdb_unhealthy_policy

import rego.v1

# METADATA
# description: a budget that protects pods which do not serve
findings contains finding if {
	input.object.apiVersion == "policy/v1"
	input.kubernetes.minor >= 27
	object.get(input.object.spec, "unhealthyPodEvictionPolicy", "IfHealthyBudget") != "AlwaysAllow"
	finding := {
		"path": ["spec", "unhealthyPodEvictionPolicy"],
		"message": "a pod that never becomes ready blocks the drain of its node while the budget is not met: set unhealthyPodEvictionPolicy: AlwaysAllow",
		"fix": {
			"title": "Let pods that are not ready be evicted",
			"safety": "safe",
			"edits": [{"ops": [{"op": "add", "path": ["spec", "unhealthyPodEvictionPolicy"], "value": "AlwaysAllow"}]}],
		},
	}
}
