# METADATA
# title: Liveness restarts a loading server
# description: |
#   A liveness probe that insists on PONG fails while the server loads its dataset, at start and on every full sync of a
#   replica. The kubelet restarts it, and it loads again from the beginning, for ever.
# related_resources:
# - https://redis.io/docs/latest/commands/ping/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   software: [redis]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
#   params:
#     least_seconds: {default: 60, description: "seconds that any server is given to load"}
#     load_seconds_per_gib: {default: 10, description: "seconds to load a GiB of maxmemory from an RDB file (a rule of thumb; AOF takes three times as long)"}
package kubelint.redis_liveness_kills_loading

import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server whose liveness probe fails while it loads, before it can be done
findings contains finding if {
	some container in redis.servers
	probe := container.probes.liveness
	probe.redis.compares
	not probe.redis.tolerates_loading
	budget := _budget(container, probe)
	budget < _needed(container)
	finding := {
		"path": probe.path,
		"message": sprintf("container %s: the livenessProbe takes -LOADING for a failure and restarts the server after %d s, loading may take %d s; accept LOADING and MASTERDOWN, or give it a startupProbe with that budget", [container.name, budget, _needed(container)]),
	}
}

# METADATA
# description: seconds until the liveness probe can kill; a startup probe holds it back
_budget(container, probe) := probe.budget if container.probes.startup == null

_budget(container, probe) := container.probes.startup.budget + probe.budget if container.probes.startup != null

# METADATA
# description: seconds that loading may take; without a known cap the least
_needed(container) := max({input.params.least_seconds, ceil(_gib(container) * input.params.load_seconds_per_gib)})

_gib(container) := container.memory_cap.bytes / 1073741824 if container.memory_cap.bytes != null

_gib(container) := 0 if container.memory_cap.bytes == null
