# METADATA
# title: No maxmemory
# description: |
#   A Redis server without maxmemory grows until the kernel kills it at the container's limit, or takes the node's memory
#   where there is none: it never evicts a key. The dataset is loaded again after every kill, and fills up again.
# related_resources:
# - https://redis.io/docs/latest/develop/reference/eviction/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod, databases.spotahome.com/RedisFailover, redis.redis.opstreelabs.in/Redis, redis.redis.opstreelabs.in/RedisCluster, redis.redis.opstreelabs.in/RedisReplication, dragonflydb.io/Dragonfly, valkey.io/ValkeyCluster]
#   software: [redis]
#   needs: [configmaps, limitranges]
#   fix: unsafe
#   since: 0.1.0
#   params:
#     limit_percent: {default: 156, description: "percent of maxmemory that the memory limit should be"}
package kubelint.redis_maxmemory_unset

import data.kubelint.lib.caps
import data.kubelint.lib.text
import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server that is known to run without a cap
findings contains finding if {
	some container in redis.servers
	container.memory_cap.unlimited
	some verdict in _verdicts(container)
	finding := {
		"path": container.path,
		"severity": verdict.severity,
		"message": sprintf("container %s runs without maxmemory: %s", [container.name, verdict.why]),
		"related": array.concat(caps.winner(container), _dead(container)),
	}
}

_verdicts(container) := {{"severity": "error", "why": sprintf("it grows to its limit of %s and is OOM-killed instead of evicting keys; set maxmemory to at most %d bytes", [text.bytes(container.memory.limit), floor((container.memory.limit * 100) / input.params.limit_percent)])}} if {
	container.memory.limit != null
}

_verdicts(container) := {{"severity": "warning", "why": "without a memory limit either, it can take the node's memory; set both"}} if container.memory.limit == null

_dead(container) := [object.union({"message": sprintf("%s does not take effect: %s", [candidate.text, candidate.reason])}, candidate.place) |
	some candidate in container.memory_cap.candidates
	candidate.status != "winner"
]
