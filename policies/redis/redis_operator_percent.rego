# METADATA
# title: maxMemoryPercentOfLimit misused
# description: |
#   The operator turns the percentage into maxmemory if there is a memory limit, and ignores it silently where there is none.
#   In a RedisCluster it reads it in one place only; the same field elsewhere passes the schema and does nothing.
# related_resources:
# - https://github.com/OT-CONTAINER-KIT/redis-operator
# custom:
#   severity: error
#   kinds: [redis.redis.opstreelabs.in/Redis, redis.redis.opstreelabs.in/RedisCluster, redis.redis.opstreelabs.in/RedisReplication]
#   fix: none
#   since: 0.1.0
package kubelint.redis_operator_percent

import rego.v1

# METADATA
# description: a percentage of a limit that is not there, or that leaves too little
findings contains finding if {
	percent := input.object.spec.redisConfig.maxMemoryPercentOfLimit
	some verdict in _verdicts(percent)
	finding := {
		"path": ["spec", "redisConfig", "maxMemoryPercentOfLimit"],
		"severity": verdict.severity,
		"message": sprintf("maxMemoryPercentOfLimit %d %s", [percent, verdict.why]),
	}
}

_verdicts(_) := {{"severity": "error", "why": "has no effect without limits.memory: the server runs without a cap"}} if not _limit

_verdicts(percent) := {{"severity": "error", "why": "leaves nothing for buffers, fork copies and fragmentation: the server is OOM-killed; use 75 or less"}} if {
	_limit
	percent >= 100
}

_verdicts(percent) := {{"severity": "warning", "why": "leaves little for buffers, fork copies and fragmentation; use 75 or less"}} if {
	_limit
	percent < 100
	percent > _most
}

_most := 75 if input.object.spec.storage

_most := 80 if not input.object.spec.storage

_limit if input.object.spec.kubernetesConfig.resources.limits.memory

_limit if {
	input.object.spec.redisLeader.resources.limits.memory
	input.object.spec.redisFollower.resources.limits.memory
}
