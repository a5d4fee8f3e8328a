# METADATA
# title: Setting that the operator ignores
# description: |
#   The RedisCluster schema accepts these fields in two places, and the operator reads each of them in one only. In the
#   other it passes validation and does nothing.
# related_resources:
# - https://github.com/OT-CONTAINER-KIT/redis-operator
# custom:
#   severity: error
#   kinds: [redis.redis.opstreelabs.in/RedisCluster]
#   fix: none
#   since: 0.1.0
package kubelint.redis_operator_field_ignored

import rego.v1

# METADATA
# description: fields that the operator accepts and does not read
findings contains finding if {
	some side in ["redisLeader", "redisFollower"]
	some field in ["maxMemoryPercentOfLimit", "dynamicConfig"]
	input.object.spec[side].redisConfig[field]
	finding := {
		"path": ["spec", side, "redisConfig", field],
		"message": sprintf("the operator does not read %s of %s, only that of spec.redisConfig: it has no effect here", [field, side]),
	}
}

# METADATA
# description: the mirror image
findings contains finding if {
	input.object.spec.redisConfig.additionalRedisConfig
	finding := {
		"path": ["spec", "redisConfig", "additionalRedisConfig"],
		"message": "the operator does not read additionalRedisConfig here, only that of redisLeader and redisFollower: it has no effect",
	}
}
