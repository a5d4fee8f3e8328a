# METADATA
# title: Several members are restarted at once
# description: |
#   A StatefulSet replaces its pods one by one unless maxUnavailable says otherwise (a feature of newer servers; percentages
#   round up). Two masters of a cluster, or two of three voters, gone at once are an outage.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#maximum-unavailable-pods
# custom:
#   severity: warning
#   kinds: [StatefulSet]
#   fix: unsafe
#   since: 0.1.0
package kubelint.sts_max_unavailable

import rego.v1

# METADATA
# description: a set that may restart several members at once
findings contains finding if {
	given := input.object.spec.updateStrategy.rollingUpdate.maxUnavailable
	number := _pods(given)
	number > 1
	finding := {
		"path": ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"],
		"message": sprintf("maxUnavailable %v restarts %d of %d members at once: a quorum may be lost during every rollout; set it to 1", [given, number, input.workload.replicas_floor]),
		"fix": {
			"title": "One member at a time",
			"safety": "unsafe",
			"edits": [{"ops": [{"op": "replace", "path": ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"], "value": 1}]}],
		},
	}
}

# METADATA
# description: how many pods; a percentage of the replicas rounds up
_pods(given) := given if is_number(given)

_pods(given) := ceil((to_number(trim_suffix(given, "%")) * input.workload.replicas_floor) / 100) if {
	is_string(given)
	regex.match(`^[0-9]+%$`, given)
}
