# METADATA
# title: Ready while loading
# description: |
#   A server answers -LOADING until its dataset is in memory, and its port listens before that. `redis-cli ping` exits 0 on an
#   error reply, and a TCP check asks nothing at all: clients are sent to a server that refuses them, and a rollout goes on.
# related_resources:
# - https://redis.io/docs/latest/commands/ping/
# - https://github.com/redis/redis/pull/8136
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   software: [redis]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.redis_readiness_ignores_loading

import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server whose readiness probe passes while it still loads
findings contains finding if {
	some container in redis.servers
	probe := container.probes.readiness
	some why in _reasons(container, probe)
	finding := {
		"path": probe.path,
		"message": sprintf("container %s is ready while it still loads its dataset: its readinessProbe %s; compare the reply to PING with PONG", [container.name, why]),
	}
}

_reasons(container, probe) := {"only opens a connection, and the port listens before the data is there" | probe.port in _ports(container)} if probe.kind == "tcp"

_reasons(_, probe) := {"runs PING but does not look at the reply, and redis-cli exits 0 on -LOADING"} if {
	probe.redis.pings
	probe.redis.resolved
	not probe.redis.compares
}

_ports(container) := {6379} | {port.number | some port in container.ports}
