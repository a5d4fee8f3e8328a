# METADATA
# title: maxmemory that the server refuses
# description: |
#   Redis reads a number with b, k, kb, m, mb, g or gb (kb, mb, gb are powers of 1024; k, m, g powers of 1000). Anything else,
#   Kubernetes quantities such as 3Gi included, is a fatal error: the server does not start.
# related_resources:
# - https://github.com/redis/redis/blob/unstable/redis.conf
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod, databases.spotahome.com/RedisFailover, redis.redis.opstreelabs.in/Redis, redis.redis.opstreelabs.in/RedisCluster, redis.redis.opstreelabs.in/RedisReplication, dragonflydb.io/Dragonfly, valkey.io/ValkeyCluster]
#   software: [redis]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.redis_maxmemory_invalid

import data.kubelint.lib.caps
import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server whose effective maxmemory does not parse
findings contains finding if {
	some container in redis.servers
	container.memory_cap.error != null
	finding := {
		"path": container.path,
		"message": sprintf("container %s: %s", [container.name, container.memory_cap.error]),
		"related": caps.winner(container),
	}
}
