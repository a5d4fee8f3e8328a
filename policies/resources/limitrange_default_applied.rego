# METADATA
# title: Limit comes from a LimitRange
# description: |
#   A default for the whole namespace is a guess about this container. It counts as a limit for the other rules.
# related_resources:
# - https://kubernetes.io/docs/concepts/policy/limit-range/
# custom:
#   severity: info
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [limitranges]
#   fix: none
#   since: 0.1.0
package kubelint.limitrange_default_applied

import data.kubelint.lib.text
import rego.v1

# METADATA
# description: each container whose memory limit is the namespace's default
findings contains finding if {
	some container in input.workload.containers
	container.role in {"app", "sidecar"}
	container.memory.limit_source == "limitrange"
	finding := {
		"path": container.memory.limit_path,
		"message": sprintf("container %s sets no memory limit and gets the LimitRange's default of %s: set what it needs", [container.name, text.bytes(container.memory.limit)]),
		"related": [object.union({"message": "the default"}, range.place) | some range in input.related.limit_ranges; range["default"].memory == container.memory.limit],
	}
}
