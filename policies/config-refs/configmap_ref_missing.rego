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
	"severity": _severity,
	"message": sprintf("ConfigMap %s is not %s%s: pods that start from now on wait in ContainerCreating for it%s", [ref.name, _where, _near(ref), _known]),
} if {
	ref.exists == "no"
	not ref.optional
	ref.hash_twin == null
}

_severity := "error" if input.related.complete.ConfigMap

_severity := "info" if not input.related.complete.ConfigMap

_where := "there" if input.related.complete.ConfigMap

_where := "among the files given" if not input.related.complete.ConfigMap

_known := "" if input.related.complete.ConfigMap

_known := ", unless the cluster has it" if not input.related.complete.ConfigMap

_near(ref) := sprintf(" (is %s meant?)", [ref.near[0]]) if count(ref.near) > 0

_near(ref) := "" if count(ref.near) == 0
