# METADATA
# title: Killed before it is taken out of rotation
# description: |
#   A container in trouble should lose its traffic first and be restarted only if that does not help. Where the liveness
#   window (periodSeconds x failureThreshold) is not longer than the readiness window, it is restarted at once.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   fix: none
#   since: 0.1.0
package kubelint.probe_liveness_before_readiness

import rego.v1

# METADATA
# description: each container that is killed no later than it is taken out of rotation
findings contains finding if {
	some container in input.workload.containers
	liveness := container.probes.liveness
	readiness := container.probes.readiness
	window := liveness.period * liveness.failures
	window <= readiness.period * readiness.failures
	liveness.handler != readiness.handler
	finding := {
		"path": liveness.path,
		"message": sprintf("container %s is restarted after %d s of failures and taken out of rotation after %d s: it is killed while it still gets traffic; let liveness wait longer than readiness", [container.name, window, readiness.period * readiness.failures]),
		"related": [{"message": "readiness", "object": null, "path": readiness.path}],
	}
}
