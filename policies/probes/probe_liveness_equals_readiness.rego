# METADATA
# title: Liveness asks what readiness asks
# description: |
#   Readiness says "send no traffic for now", liveness says "kill it". One check for both turns every slow moment, and every
#   failure of a backend that the check touches, into restarts of the whole fleet.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   fix: none
#   since: 0.1.0
package kubelint.probe_liveness_equals_readiness

import rego.v1

# METADATA
# description: each container whose two probes ask the same thing
findings contains finding if {
	some container in input.workload.containers
	liveness := container.probes.liveness
	readiness := container.probes.readiness
	liveness.kind != "none"
	liveness.handler == readiness.handler
	finding := {
		"path": liveness.path,
		"severity": _severity(liveness, readiness),
		"message": sprintf("container %s: the livenessProbe asks what the readinessProbe asks (%s): whatever makes it unready soon restarts it too; ask for less, or wait much longer", [container.name, _what(liveness)]),
		"related": [{"message": "the same check", "object": null, "path": readiness.path}],
	}
}

# METADATA
# description: a liveness window of three times the readiness window leaves time to take it out of rotation first
_severity(liveness, readiness) := "error" if liveness.period * liveness.failures < readiness.period * readiness.failures * 3

_severity(liveness, readiness) := "warning" if liveness.period * liveness.failures >= readiness.period * readiness.failures * 3

# METADATA
# description: a command may hold a password, so it is not repeated
_what(probe) := "the same command" if probe.kind == "exec"

_what(probe) := probe.handler if probe.kind != "exec"
