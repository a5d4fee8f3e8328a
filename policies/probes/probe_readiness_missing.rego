# METADATA
# title: No readiness probe
# description: |
#   A container without a readiness probe is ready as soon as it runs. Services send it traffic while it still loads, and a
#   StatefulSet's rolling update deletes the next member at once: a whole set restarted in five minutes this way.
#   Every container that holds the state of a StatefulSet needs one, and every container that declares ports should have one.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController]
#   deny: [StatefulSet]
#   fix: none
#   since: 0.1.0
package kubelint.probe_readiness_missing

import data.kubelint.lib.containers
import rego.v1

# METADATA
# description: each container that holds state, and elsewhere each one with ports, without the probe
findings contains finding if {
	some container in input.workload.containers
	container.role in {"app", "sidecar"}
	container.probes.readiness == null
	not containers.redis_server(container)
	some verdict in _verdicts(container)
	finding := {
		"path": array.concat(container.path, ["readinessProbe"]),
		"severity": verdict.severity,
		"message": sprintf("container %s has no readinessProbe: %s", [container.name, verdict.why]),
	}
}

_verdicts(container) := {{"severity": "error", "why": "it holds the set's state, and a rollout restarts the next member as soon as this one's process runs; add a check that is true only when it can serve"}} if {
	containers.promised(container)
}

_verdicts(container) := {{"severity": "warning", "why": "it declares ports and gets traffic as soon as its process runs; add a check that is true only when it can serve"} |
	count(container.ports) > 0
} if {
	not containers.promised(container)
}
