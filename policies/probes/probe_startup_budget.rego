# METADATA
# title: Startup budget too small
# description: |
#   A startup probe that gives up kills the container, which then starts from the beginning: a server that needs longer once
#   never comes up again. A Redis server loads its whole dataset first.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: info
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
#   params:
#     seconds: {default: 60, description: "least budget (a rule of thumb)"}
#     load_seconds_per_gib: {default: 10, description: "seconds to load a GiB of maxmemory from an RDB file (a rule of thumb)"}
package kubelint.probe_startup_budget

import data.kubelint.lib.containers
import rego.v1

# METADATA
# description: each startup probe that gives up before a slow start is done
findings contains finding if {
	some container in input.workload.containers
	probe := container.probes.startup
	budget := probe.period * probe.failures
	budget < _least(container)
	finding := {
		"path": array.concat(probe.path, ["failureThreshold"]),
		"severity": _severity(container),
		"message": sprintf("container %s has %d s to start (%d tries every %d s), then it is killed and starts over: give it %d s", [container.name, budget, probe.failures, probe.period, _least(container)]),
	}
}

_least(container) := max({input.params.seconds, ceil(_gib(container) * input.params.load_seconds_per_gib)})

_gib(container) := container.memory_cap.bytes / 1073741824 if {
	containers.redis_server(container)
	container.memory_cap.bytes != null
	container.software.persistence != "off"
}

_gib(container) := 0 if {
	containers.redis_server(container)
	container.software.persistence == "off"
}

_gib(container) := 0 if {
	containers.redis_server(container)
	container.software.persistence != "off"
	container.memory_cap.bytes == null
}

_gib(container) := 0 if not containers.redis_server(container)

_severity(container) := "warning" if containers.redis_server(container)

_severity(container) := "info" if not containers.redis_server(container)
