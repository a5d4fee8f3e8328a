# METADATA
# title: Cluster bus is blocked
# description: |
#   Members of a Redis Cluster talk on a second port, 10000 above the first. A policy that opens 6379 alone lets clients in and
#   takes the cluster down.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/scaling/
# custom:
#   severity: error
#   kinds: [StatefulSet]
#   software: [redis]
#   needs: [configmaps, networkpolicies]
#   fix: none
#   since: 0.1.0
package kubelint.redis_cluster_bus_port_blocked

import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: a policy that opens the port of a Redis Cluster to its members and not the bus
findings contains finding if {
	some container in redis.servers
	container.software.cluster
	input.related.network.ingress_isolated
	input.related.network.bus_blocked
	finding := {
		"path": ["metadata", "name"],
		"message": sprintf("container %s is a member of a Redis Cluster, and the NetworkPolicies admit its port but not the bus (port + 10000, 16379 by default): members cannot hear each other, and each takes the others for dead; open it between members", [container.name]),
		"related": [object.union({"message": "isolates the pods"}, policy.place) | some policy in input.related.network.policies],
	}
}
