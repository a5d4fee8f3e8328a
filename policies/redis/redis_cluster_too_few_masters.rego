# METADATA
# title: Fewer than three masters
# description: |
#   Masters of a Redis Cluster vote on failovers. With fewer than three there is no majority without the one that failed, and
#   `redis-cli --cluster create` refuses.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/scaling/
# custom:
#   severity: error
#   kinds: [StatefulSet, redis.redis.opstreelabs.in/RedisCluster]
#   needs: [configmaps, hpas]
#   fix: none
#   since: 0.1.0
package kubelint.redis_cluster_too_few_masters

import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: a cluster that cannot have three masters
findings contains finding if {
	some container in redis.servers
	container.software.cluster
	input.workload.replicas_ceiling < 3
	finding := {
		"path": ["spec", "replicas"],
		"message": sprintf("a Redis Cluster of %d pods cannot have three masters: it cannot be created, and no majority can agree on a failover; use 3 masters at least, 6 pods with a replica each", [input.workload.replicas_ceiling]),
	}
}

# METADATA
# description: the same for the operator's resource
findings contains finding if {
	input.object.kind == "RedisCluster"
	input.object.spec.clusterSize < 3
	finding := {
		"path": ["spec", "clusterSize"],
		"message": sprintf("clusterSize %d: a Redis Cluster needs 3 masters at least, or no majority can agree on a failover", [input.object.spec.clusterSize]),
	}
}
