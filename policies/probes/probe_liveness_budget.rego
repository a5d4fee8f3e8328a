# METADATA
# title: Killed too soon after its start
# description: |
#   Without a startup probe the liveness probe counts from the first second: initialDelaySeconds + periodSeconds x
#   failureThreshold is all the time that a start may take, on a cold node, after a crash, with a full disk to recover from.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   fix: none
#   since: 0.1.0
#   params:
#     seconds: {default: 30, description: "least time to start (a rule of thumb)"}
#     datastore_seconds: {default: 60, description: "least time for a datastore to start (a rule of thumb)"}
package kubelint.probe_liveness_budget

import rego.v1

# METADATA
# description: each container that its liveness probe may kill before it is up
findings contains finding if {
	some container in input.workload.containers
	container.probes.startup == null
	probe := container.probes.liveness
	probe.budget < _least(container)
	finding := {
		"path": probe.path,
		"message": sprintf("container %s is killed %d s after its start if it is not up by then, and there is no startupProbe: add one, or give it %d s", [container.name, probe.budget, _least(container)]),
	}
}

_least(container) := input.params.datastore_seconds if container.datastore

_least(container) := input.params.seconds if not container.datastore
