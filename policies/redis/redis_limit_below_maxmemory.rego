# METADATA
# title: Memory limit does not exceed maxmemory
# description: |
#   Redis fills memory up to maxmemory, and needs more on top for fork copies, replication buffers and fragmentation.
#   A limit at or below it ends in an OOM kill during normal work, with the dataset still to be loaded again.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod, databases.spotahome.com/RedisFailover, redis.redis.opstreelabs.in/Redis, redis.redis.opstreelabs.in/RedisCluster, redis.redis.opstreelabs.in/RedisReplication, dragonflydb.io/Dragonfly, valkey.io/ValkeyCluster]
#   software: [redis]
#   needs: [configmaps, limitranges]
#   deny: [StatefulSet]
#   fix: unsafe
#   since: 0.1.0
#   params:
#     limit_percent: {default: 156, description: "percent of maxmemory that the fix makes the limit"}
package kubelint.redis_limit_below_maxmemory

import data.kubelint.lib.caps
import data.kubelint.lib.text
import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server whose limit is not above its cap
findings contains finding if {
	some container in redis.capped
	limit := container.memory.limit
	limit <= container.memory_cap.bytes
	container.memory.limit_source != "limitrange"
	finding := {
		"path": container.memory.limit_path,
		"message": sprintf("container %s: memory limit %s is not above maxmemory %s: it is OOM-killed before it evicts; raise the limit to %s or lower maxmemory", [
			container.name,
			text.bytes(limit),
			text.bytes(container.memory_cap.bytes),
			redis.proposed_limit(container, input.params.limit_percent),
		]),
		"related": caps.winner(container),
		"fix": redis.raise_limit(container, input.params.limit_percent),
	}
}
