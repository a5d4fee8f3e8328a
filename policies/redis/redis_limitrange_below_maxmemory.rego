# METADATA
# title: LimitRange default below maxmemory
# description: |
#   The container sets no memory limit, so the namespace's LimitRange gives it its default, which is not above maxmemory:
#   the server is OOM-killed while it fills its cache.
# related_resources:
# - https://kubernetes.io/docs/concepts/policy/limit-range/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   software: [redis]
#   needs: [configmaps, limitranges]
#   fix: unsafe
#   since: 0.1.0
#   params:
#     limit_percent: {default: 156, description: "percent of maxmemory that the fix makes the limit"}
package kubelint.redis_limitrange_below_maxmemory

import data.kubelint.lib.caps
import data.kubelint.lib.fixes
import data.kubelint.lib.limitranges
import data.kubelint.lib.text
import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server whose limit is a LimitRange's, and too small
findings contains finding if {
	some container in redis.capped
	container.memory.limit_source == "limitrange"
	container.memory.limit <= container.memory_cap.bytes
	finding := {
		"path": container.memory.limit_path,
		"message": sprintf("container %s sets no memory limit, and the default of %s of LimitRange %s is not above maxmemory %s: it is OOM-killed; set limits.memory to %s", [
			container.name,
			text.bytes(container.memory.limit),
			limitranges.named(container.memory.limit),
			text.bytes(container.memory_cap.bytes),
			redis.proposed_limit(container, input.params.limit_percent),
		]),
		"related": array.concat(caps.winner(container), limitranges.giving(container.memory.limit)),
		"fix": {
			"title": sprintf("Set the memory limit to %s", [redis.proposed_limit(container, input.params.limit_percent)]),
			"safety": "unsafe",
			"edits": [{"ops": fixes.set_memory_limit(container, redis.proposed_limit(container, input.params.limit_percent))}],
		},
	}
}
