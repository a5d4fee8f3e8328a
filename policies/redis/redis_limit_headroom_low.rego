# METADATA
# title: Too little room between maxmemory and the memory limit
# description: |
#   On top of maxmemory Redis needs memory for fork copies while it saves or syncs, for replication and client buffers, and
#   for fragmentation. 125 % of maxmemory is the least that works without persistence; with persistence or replication 133 %
#   (ElastiCache reserves 25 %, which is the same). From 156 % there is room for bad days; above 300 % memory lies idle.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/
# - https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/redis-memory-management.html
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod, databases.spotahome.com/RedisFailover, redis.redis.opstreelabs.in/Redis, redis.redis.opstreelabs.in/RedisCluster, redis.redis.opstreelabs.in/RedisReplication, dragonflydb.io/Dragonfly, valkey.io/ValkeyCluster]
#   software: [redis]
#   needs: [configmaps, limitranges]
#   deny: [StatefulSet]
#   fix: unsafe
#   since: 0.1.0
#   params:
#     min_percent: {default: 125, description: "least limit in percent of maxmemory"}
#     persistent_percent: {default: 133, description: "least limit in percent of maxmemory where persistence or replication is on"}
#     comfortable_percent: {default: 156, description: "below this percentage the finding is info"}
#     wasteful_percent: {default: 300, description: "above this percentage the finding is info"}
package kubelint.redis_limit_headroom_low

import data.kubelint.lib.caps
import data.kubelint.lib.text
import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server whose limit is above its cap, but not by enough, or by far too much
findings contains finding if {
	some container in redis.capped
	container.memory.limit > container.memory_cap.bytes
	some verdict in _verdicts(container, container.memory.limit * 100, container.memory_cap.bytes)
	finding := {
		"path": container.memory.limit_path,
		"severity": verdict.severity,
		"message": sprintf("container %s: memory limit %s is %d %% of maxmemory %s; %s", [
			container.name,
			text.bytes(container.memory.limit),
			floor((container.memory.limit * 100) / container.memory_cap.bytes),
			text.bytes(container.memory_cap.bytes),
			verdict.why,
		]),
		"related": caps.winner(container),
		"fix": redis.raise_limit(container, input.params.comfortable_percent),
	}
}

_verdicts(_, limit, cap) := {{"severity": "error", "why": sprintf("it needs at least %d %% for buffers and fragmentation", [input.params.min_percent])}} if {
	limit < cap * input.params.min_percent
}

_verdicts(container, limit, cap) := {{"severity": severity, "why": sprintf("with persistence or replication it needs at least %d %% for the copies a fork makes", [input.params.persistent_percent])} |
	some severity in redis.persistent_severity(container)
} if {
	limit >= cap * input.params.min_percent
	limit < cap * input.params.persistent_percent
}

_verdicts(_, limit, cap) := {{"severity": "info", "why": sprintf("%d %% leaves room for bad days", [input.params.comfortable_percent])}} if {
	limit >= cap * max({input.params.min_percent, input.params.persistent_percent})
	limit < cap * input.params.comfortable_percent
}

_verdicts(_, limit, cap) := {{"severity": "info", "why": "more than it can use: raise maxmemory, or lower the limit"}} if {
	limit > cap * input.params.wasteful_percent
}
