# METADATA
# title: LimitRange will refuse the pods
# description: |
#   The workload is accepted, its pods are not: a LimitRange checks minimum, maximum and ratio when a pod is created, and says
#   so in an event.
# related_resources:
# - https://kubernetes.io/docs/concepts/policy/limit-range/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [limitranges]
#   fix: none
#   since: 0.1.0
package kubelint.limitrange_violation

import data.kubelint.lib.limitranges
import data.kubelint.lib.text
import rego.v1

# METADATA
# description: each container whose amounts the namespace's LimitRange refuses
findings contains finding if {
	some range in input.related.limit_ranges
	some container in input.workload.containers
	container.role != "ephemeral"
	some resource in ["cpu", "memory"]
	some broken in _broken(container[resource], range, resource)
	finding := {
		"path": broken.path,
		"message": sprintf("container %s: %s; LimitRange %s%s refuses its pods", [container.name, broken.why, range.name, limitranges.assumed(range)]),
		"related": [object.union({"message": "this LimitRange"}, range.place)],
	}
}

_broken(amount, range, resource) := {{"path": amount.limit_path, "why": sprintf("the %s limit of %s is above the maximum of %s", [resource, _text(resource, amount.limit), _text(resource, range.max[resource])])} |
	amount.limit > range.max[resource]
} | {{"path": amount.request_path, "why": sprintf("the %s request of %s is below the minimum of %s", [resource, _text(resource, amount.request), _text(resource, range.min[resource])])} |
	amount.request != null
	amount.request < range.min[resource]
}

_text("memory", amount) := text.bytes(amount)

_text("cpu", amount) := text.cpu(amount)
