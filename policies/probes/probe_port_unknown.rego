# METADATA
# title: Probe of a port that nothing serves
# description: |
#   A port name that no port of the container bears cannot be resolved: the probe always fails. So does one of a port, declared or
#   not, on which the server by its own configuration does not listen. A number that is not declared works if something listens
#   there, and is most often a typing error.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   fix: none
#   since: 0.1.0
package kubelint.probe_port_unknown

import rego.v1

# METADATA
# description: each probe that asks a port which the container does not declare
findings contains finding if {
	some container in input.workload.containers
	some name in ["startup", "readiness", "liveness"]
	probe := container.probes[name]
	probe.kind in {"http", "tcp", "grpc"}
	not probe.port_known
	not _unserved(container, probe)
	finding := {
		"path": probe.path,
		"severity": _severity(probe),
		"message": sprintf("container %s: the %sProbe asks port %v, which the container does not declare%s", [container.name, name, probe.port_text, _consequence(probe)]),
	}
}

# METADATA
# description: each probe of a port where the server of the container does not listen, or does not speak HTTP
findings contains finding if {
	some container in input.workload.containers
	some name in ["startup", "readiness", "liveness"]
	probe := container.probes[name]
	probe.host == null
	why := _unserved(container, probe)
	finding := {
		"path": probe.path,
		"message": sprintf("container %s: the %sProbe asks port %v and %s: it always fails", [container.name, name, probe.port_text, why]),
	}
}

_unserved(container, probe) := sprintf("%s listens on port %s by its configuration", [container.software.family, concat(" and ", [sprintf("%d", [port]) | some port in container.redis_conf.listens])]) if {
	probe.kind == "tcp"
	_alone(container)
	not probe.port in container.redis_conf.listens
}

_unserved(container, probe) := sprintf("%s speaks no HTTP", [container.software.family]) if {
	probe.kind == "http"
	_alone(container)
}

# METADATA
# description: is a server all that runs in the pod, and all known that it reads?
_alone(container) if {
	is_array(container.redis_conf.listens)
	container.software.role == "server"
	count([other | some other in input.workload.containers; other.role in {"app", "sidecar"}]) == 1
}

_severity(probe) := "error" if probe.port == null

_severity(probe) := "info" if probe.port != null

_consequence(probe) := ": it always fails" if probe.port == null

_consequence(probe) := "; declare it, so that a reader can tell a typing error from intent" if probe.port != null
