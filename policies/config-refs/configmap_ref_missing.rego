# METADATA
# title: Reference to a ConfigMap that is not there
# description: |
#   Running pods do not notice that a ConfigMap is gone; the next one that starts does, and waits. One rolling update later
#   the set stands with a pod missing. Whether it is missing is certain only where all objects are known (--complete, or in
#   the cluster); elsewhere this is a reminder.
# related_resources:
# - https://kubernetes.io/docs/concepts/configuration/configmap/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.configmap_ref_missing

import data.kubelint.lib.completeness
import rego.v1

# METADATA
# description: each reference to a ConfigMap that is not there
findings contains finding if {
	some ref in input.workload.config_refs
	ref.kind == "ConfigMap"
	ref.key == null
	finding := _missing(ref)
}

# METADATA
# description: the same for references to a key
findings contains finding if {
	some ref in input.workload.config_refs
	ref.kind == "ConfigMap"
	ref.key != null
	finding := _missing(ref)
}

_missing(ref) := {
	"path": ref.path,
	"severity": completeness.severity("ConfigMap"),
	"message": sprintf("ConfigMap %s is not %s%s: pods that start from now on wait in ContainerCreating for it%s", [ref.name, completeness.where("ConfigMap"), _near(ref), completeness.reservation("ConfigMap")]),
} if {
	ref.exists == "no"
	not ref.optional
	ref.hash_twin == null
}

_near(ref) := sprintf(" (is %s meant?)", [ref.near[0]]) if count(ref.near) > 0

_near(ref) := "" if count(ref.near) == 0
