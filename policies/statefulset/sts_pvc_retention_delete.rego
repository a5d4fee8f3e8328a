# METADATA
# title: Volumes are deleted with the set
# description: |
#   persistentVolumeClaimRetentionPolicy decides what happens to the claims of a set that is deleted or scaled down. Delete
#   turns a mistake in a replica count, or a delete and recreate, into a loss of data.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
# custom:
#   severity: warning
#   kinds: [StatefulSet]
#   fix: safe
#   since: 0.1.0
package kubelint.sts_pvc_retention_delete

import rego.v1

# METADATA
# description: a datastore whose volumes go with the set, or with a scale-down
findings contains finding if {
	input.workload.datastore
	some field, when in {"whenDeleted": "the set is deleted, a recreation included", "whenScaled": "the set is scaled down"}
	input.object.spec.persistentVolumeClaimRetentionPolicy[field] == "Delete"
	path := ["spec", "persistentVolumeClaimRetentionPolicy", field]
	finding := {
		"path": path,
		"message": sprintf("%s: Delete removes the volumes when %s: the data is gone with them; use Retain", [field, when]),
		"fix": {"title": "Keep the volumes", "safety": "safe", "edits": [{"ops": [{"op": "replace", "path": path, "value": "Retain"}]}]},
	}
}
