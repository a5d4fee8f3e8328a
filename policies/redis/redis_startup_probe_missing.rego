# METADATA
# title: Redis without a startup probe
# description: |
#   A Redis server that loads its dataset answers LOADING, for minutes where the dataset is large. Without a startup probe
#   a liveness probe kills it before it is done, and it starts again from the beginning; without readiness either, a rollout
#   does not wait for it at all. Every Redis-family server of a StatefulSet needs one; elsewhere one that keeps its data
#   and has a liveness probe.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# - https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController]
#   software: [redis]
#   needs: [configmaps]
#   deny: [StatefulSet]
#   fix: safe
#   since: 0.1.0
#   params:
#     failure_threshold: {default: 60, description: "failureThreshold of the startup probe that the fix derives from the readiness probe, one try every 10 s"}
package kubelint.redis_startup_probe_missing

import data.kubelint.lib.containers
import data.kubelint.lib.fixes
import rego.v1

# METADATA
# description: each Redis-family server without the probe
findings contains finding if {
	some container in input.workload.containers
	containers.redis_server(container)
	container.probes.startup == null
	some severity in _severities(container)
	finding := object.union(
		{
			"path": array.concat(container.path, ["startupProbe"]),
			"severity": severity,
			"message": sprintf("container %s (%s) has no startupProbe: while it loads its dataset nothing holds back its liveness probe or the rollout; add one whose budget covers the load", [container.name, container.software.family]),
		},
		fixes.startup_from_readiness(container, input.params.failure_threshold),
	)
}

_severities(container) := {"error"} if containers.promised(container)

_severities(container) := {"warning" |
	container.probes.liveness != null
	container.software.persistence == "on"
} if {
	not containers.promised(container)
}
