# METADATA
# title: Memory request below maxmemory
# description: |
#   The scheduler counts the request. A server that may fill more than it requested shares a node that has no room for it,
#   and is evicted first when the node runs short: under pressure, when the cache is full.
# related_resources:
# - https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod, databases.spotahome.com/RedisFailover, redis.redis.opstreelabs.in/Redis, redis.redis.opstreelabs.in/RedisCluster, redis.redis.opstreelabs.in/RedisReplication, dragonflydb.io/Dragonfly, valkey.io/ValkeyCluster]
#   software: [redis]
#   needs: [configmaps, limitranges]
#   fix: unsafe
#   since: 0.1.0
#   params:
#     comfortable_percent: {default: 120, description: "request in percent of maxmemory below which the finding is info"}
package kubelint.redis_request_below_maxmemory

import data.kubelint.lib.caps
import data.kubelint.lib.text
import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server that requests less than it may fill
findings contains finding if {
	some container in redis.servers
	cap := container.memory_cap.bytes
	cap > 0
	request := container.memory.request
	request != null
	some severity in _severities(request, cap)
	finding := {
		"path": container.memory.request_path,
		"severity": severity,
		"message": sprintf("container %s requests %s of memory and may fill %s (maxmemory): the scheduler counts on less than it uses; request at least %d %% of maxmemory", [container.name, text.bytes(request), text.bytes(cap), input.params.comfortable_percent]),
		"related": caps.winner(container),
	}
}

_severities(request, cap) := {"warning"} if request < cap

_severities(request, cap) := {"info"} if {
	request >= cap
	request * 100 < cap * input.params.comfortable_percent
}
