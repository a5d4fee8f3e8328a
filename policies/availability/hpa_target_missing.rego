# METADATA
# title: HPA without its target
# description: |
#   An HPA whose scaleTargetRef names nothing logs an event every 15 seconds and scales nothing, on the day it is needed too.
# related_resources:
# - https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
# custom:
#   severity: error
#   kinds: [HorizontalPodAutoscaler]
#   needs: [hpas, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.hpa_target_missing

import data.kubelint.lib.completeness
import rego.v1

# METADATA
# description: an HPA whose target is not there
findings contains finding if {
	target := input.object.spec.scaleTargetRef
	target.kind in {"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"}
	count(input.related.workloads) == 0
	finding := {
		"path": ["spec", "scaleTargetRef", "name"],
		"severity": completeness.severity(target.kind),
		"message": sprintf("%s %s is not %s: this HPA scales nothing", [target.kind, target.name, completeness.where(target.kind)]),
	}
}
