# METADATA
# title: One second to answer
# description: |
#   A probe's timeoutSeconds defaults to 1. A restart because an answer took 1.1 s makes a loaded service slower still, and
#   then the next one fails.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   fix: safe
#   since: 0.1.0
#   params:
#     timeout_seconds: {default: 5, description: "what the fix sets"}
package kubelint.probe_timeout_one_second

import rego.v1

# METADATA
# description: each liveness or startup probe that gives up after a second
findings contains finding if {
	some container in input.workload.containers
	some name in ["liveness", "startup"]
	probe := container.probes[name]
	probe.kind in {"http", "exec", "grpc"}
	probe.timeout <= 1
	finding := {
		"path": array.concat(probe.path, ["timeoutSeconds"]),
		"message": sprintf("container %s: the %sProbe gives up after %d s%s: a garbage collection or a busy node restarts it; set timeoutSeconds to %d or more", [container.name, name, probe.timeout, _why(probe), input.params.timeout_seconds]),
		"fix": {
			"title": sprintf("Set timeoutSeconds to %d", [input.params.timeout_seconds]),
			"safety": "safe",
			"edits": [{"ops": [{"op": "add", "path": array.concat(probe.path, ["timeoutSeconds"]), "value": input.params.timeout_seconds}]}],
		},
	}
}

_why(probe) := "" if probe.timeout_set

_why(probe) := " (the default)" if not probe.timeout_set
