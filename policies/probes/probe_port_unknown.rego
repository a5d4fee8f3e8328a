# METADATA
# title: Probe of an undeclared port
# description: |
#   A port name that no port of the container bears cannot be resolved: the probe always fails. A number that is not declared
#   works if something listens there, and is most often a typing error.
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
	finding := {
		"path": probe.path,
		"severity": _severity(probe),
		"message": sprintf("container %s: the %sProbe asks port %v, which the container does not declare%s", [container.name, name, probe.port_text, _consequence(probe)]),
	}
}

_severity(probe) := "error" if probe.port == null

_severity(probe) := "info" if probe.port != null

_consequence(probe) := ": it always fails" if probe.port == null

_consequence(probe) := "; declare it, so that a reader can tell a typing error from intent" if probe.port != null
