# METADATA
# title: Rolling update without brakes
# description: |
#   The controller goes on to the next pod when this one is Ready and has been for minReadySeconds. Without a readiness probe
#   a pod is Ready as soon as its process runs: a set of six was restarted as a whole in five minutes, with every replica
#   still loading.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates
# custom:
#   severity: error
#   kinds: [StatefulSet]
#   fix: none
#   since: 0.1.0
package kubelint.sts_rollout_without_brakes

import rego.v1

# METADATA
# description: a replicated set that replaces its pods one after the other without waiting for any of them
findings contains finding if {
	input.workload.replicas_floor >= 2
	input.workload.update_strategy.type in {"RollingUpdate", "Recreate"}
	input.workload.min_ready_seconds == 0
	unready := [container.name |
		some container in input.workload.containers
		container.role in {"app", "sidecar"}
		container.holds_state
		container.probes.readiness == null
	]
	count(unready) > 0
	finding := {
		"path": ["spec", "updateStrategy"],
		"severity": _severity,
		"message": sprintf("a rollout restarts all %d pods without waiting for any: %s %s no readinessProbe and minReadySeconds is 0; add readiness probes, and minReadySeconds", [input.workload.replicas_floor, concat(", ", unready), _have(unready)]),
	}
}

_have(names) := "has" if count(names) == 1

_have(names) := "have" if count(names) > 1

_severity := "error" if input.workload.datastore

_severity := "warning" if not input.workload.datastore
