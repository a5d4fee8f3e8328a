# METADATA
# title: No startup probe
# description: |
#   Without a startup probe Kubernetes counts a container as started the moment its process runs. A liveness probe then
#   kills a server that is still loading, and a rolling update with no readiness to wait for runs through the whole set
#   in minutes. Every container that holds the state of a StatefulSet needs one.
#   Elsewhere the rule speaks only of slow starters: a liveness probe that waits long, a JVM, a datastore.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController]
#   deny: [StatefulSet]
#   fix: safe
#   since: 0.1.0
#   params:
#     slow_start_seconds: {default: 30, description: "initial delay of a liveness probe from which a container counts as a slow starter"}
#     failure_threshold: {default: 30, description: "failureThreshold of the startup probe that the fix derives from the readiness probe, one try every 10 s"}
package kubelint.probe_startup_missing

import data.kubelint.lib.containers
import data.kubelint.lib.fixes
import rego.v1

# METADATA
# description: each container that holds state, and elsewhere each slow starter, without the probe
findings contains finding if {
	some container in input.workload.containers
	container.role in {"app", "sidecar"}
	container.probes.startup == null
	not containers.redis_server(container)
	some verdict in _verdicts(container)
	finding := object.union(
		{
			"path": array.concat(container.path, ["startupProbe"]),
			"severity": verdict.severity,
			"message": sprintf("container %s has no startupProbe: %s", [container.name, verdict.why]),
		},
		fixes.startup_from_readiness(container, input.params.failure_threshold),
	)
}

_verdicts(container) := {{"severity": "error", "why": "it holds the set's state, yet counts as started as soon as its process runs, so a rollout does not wait for it; give it one with a budget for its slowest start"}} if {
	containers.promised(container)
}

_verdicts(container) := {{"severity": "info", "why": "it starts slowly, and its liveness probe may kill it before it is up; give it one with a budget for its slowest start"} | _slow(container)} if {
	not containers.promised(container)
}

_slow(container) if container.probes.liveness.initial_delay >= input.params.slow_start_seconds

_slow(container) if {
	container.probes.liveness != null
	container.datastore
}

_slow(container) if {
	container.probes.liveness != null
	container.software.family == "jvm"
}
