# METADATA
# title: No readiness probe
# description: |
#   A container without a readiness probe is ready as soon as it runs. Services send it traffic while it still loads, and a
#   StatefulSet's rolling update deletes the next member at once: a whole set restarted in five minutes this way.
#   Every container that holds the state of a StatefulSet needs one; every container that declares ports, or that is all there is
#   behind a Service, should have one.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   needs: [services]
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

_verdicts(container) := {{"severity": "warning", "why": "it declares ports and gets traffic as soon as its process runs; add a check that is true only when it can serve"}} if {
	not containers.promised(container)
	count(container.ports) > 0
	not _ends
}

_verdicts(container) := {{"severity": "warning", "why": sprintf("Service %s sends it traffic as soon as its process runs; add a check that is true only when it can serve", [input.related.services[0].name])}} if {
	not containers.promised(container)
	count(container.ports) == 0
	count(input.related.services) > 0
	count([other | some other in input.workload.containers; other.role in {"app", "sidecar"}]) == 1
	not _ends
}

# METADATA
# description: a Pod that runs to its end, such as a chart's test, serves nobody
_ends if {
	input.workload.kind == "Pod"
	input.workload.hook != null
}

_ends if input.workload.spec.restartPolicy in {"Never", "OnFailure"}
