# METADATA
# title: Autoscaler on a sharded Redis
# description: |
#   Slots do not move by themselves. An autoscaler that removes a member of a Redis Cluster removes its share of the data.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/scaling/
# custom:
#   severity: error
#   kinds: [HorizontalPodAutoscaler, keda.sh/ScaledObject]
#   needs: [hpas, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.redis_hpa_on_cluster

import rego.v1

# METADATA
# description: an autoscaler whose target keeps shards
findings contains finding if {
	some workload in input.related.workloads
	some container in workload.containers
	container.software.cluster
	finding := {
		"path": ["spec", "scaleTargetRef"],
		"message": sprintf("%s is a Redis Cluster: a new pod owns no slots, and a pod that is scaled away takes its slots and their keys along; scale it with redis-cli --cluster reshard", [workload.name]),
		"related": [object.union({"message": "a Redis Cluster"}, workload.place)],
	}
}
