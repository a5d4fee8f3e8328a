# METADATA
# title: Probe that always succeeds
# description: |
#   A command such as `true`, or a script that ends in `|| true` or `exit 0`, succeeds whatever the container does. As a readiness
#   or startup probe it is worth as much as none: the container is ready as soon as it runs, and a rollout goes on.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.probe_proves_nothing

import data.kubelint.lib.containers
import rego.v1

# METADATA
# description: each probe whose command cannot fail
findings contains finding if {
	some container in input.workload.containers
	container.role in {"app", "sidecar"}
	some name in ["startup", "readiness", "liveness"]
	probe := container.probes[name]
	probe.hollow != null
	finding := {
		"path": array.concat(probe.path, ["exec", "command"]),
		"severity": _severity(container, name),
		"message": sprintf("container %s: the %sProbe proves nothing: %s; %s", [container.name, name, probe.hollow, _cure[name]]),
	}
}

# METADATA
# description: the probes that the promise asks for must be worth something where the state is
_severity(container, name) := "error" if {
	containers.promised(container)
	name != "liveness"
}

_severity(container, name) := "warning" if not _gates_state(container, name)

_gates_state(container, name) if {
	containers.promised(container)
	name != "liveness"
}

_cure := {
	"startup": "make it fail until the process has started",
	"readiness": "make it fail while the container cannot serve",
	"liveness": "make it fail when the process hangs, or remove it",
}
