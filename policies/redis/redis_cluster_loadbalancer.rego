# METADATA
# title: Load balancer in front of cluster mode
# description: |
#   A Redis Cluster client talks to the member that owns a key. It learns the member's address from a MOVED reply, which names
#   the pod's own; a load balancer's address serves for the first contact at most.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
# custom:
#   severity: error
#   kinds: [Service]
#   needs: [services, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.redis_cluster_loadbalancer

import rego.v1

# METADATA
# description: a Service from outside in front of several cluster members
findings contains finding if {
	input.object.spec.type in {"LoadBalancer", "NodePort"}
	not input.object.spec.selector["statefulset.kubernetes.io/pod-name"]
	some workload in input.related.workloads
	workload.replicas_ceiling > 1
	some container in workload.containers
	container.software.cluster
	finding := {
		"path": ["spec", "type"],
		"message": sprintf("%s in front of the Redis Cluster %s: members answer MOVED with pod addresses that a client outside cannot reach; give each pod a Service of its own and announce its address, or use a proxy", [input.object.spec.type, workload.name]),
		"related": [object.union({"message": "a Redis Cluster"}, workload.place)],
	}
}
