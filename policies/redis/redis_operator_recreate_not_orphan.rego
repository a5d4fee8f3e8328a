# METADATA
# title: Operator recreates the set with its pods
# description: |
#   With recreate-statefulset the operator deletes and creates the StatefulSet when an immutable field changes. Unless the
#   strategy is orphan the deletion is a background one, and all pods go with it.
# related_resources:
# - https://github.com/OT-CONTAINER-KIT/redis-operator
# custom:
#   severity: error
#   kinds: [redis.redis.opstreelabs.in/Redis, redis.redis.opstreelabs.in/RedisCluster, redis.redis.opstreelabs.in/RedisReplication, redis.redis.opstreelabs.in/RedisSentinel]
#   fix: safe
#   since: 0.1.0
package kubelint.redis_operator_recreate_not_orphan

import rego.v1

# METADATA
# description: the operator's switch that deletes the StatefulSet with its pods
findings contains finding if {
	annotations := input.object.metadata.annotations
	annotations["redis.opstreelabs.in/recreate-statefulset"] == "true"
	object.get(annotations, "redis.opstreelabs.in/recreate-statefulset-strategy", "") != "orphan"
	path := ["metadata", "annotations", "redis.opstreelabs.in/recreate-statefulset-strategy"]
	finding := {
		"path": ["metadata", "annotations", "redis.opstreelabs.in/recreate-statefulset"],
		"message": "the operator will delete the StatefulSet with all its pods at the next change it cannot make in place: set recreate-statefulset-strategy: orphan beside it",
		"fix": {"title": "Leave the pods running while the set is recreated", "safety": "safe", "edits": [{"ops": [{"op": "add", "path": path, "value": "orphan"}]}]},
	}
}
