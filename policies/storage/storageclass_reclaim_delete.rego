# METADATA
# title: Volumes go with their claims
# description: |
#   With reclaimPolicy Delete a PersistentVolumeClaim that is deleted takes the disk with it: by a namespace that is deleted,
#   by a chart that is uninstalled, by a script. Retain keeps it until somebody has looked.
# related_resources:
# - https://kubernetes.io/docs/concepts/storage/storage-classes/#reclaim-policy
# custom:
#   severity: warning
#   kinds: [StorageClass]
#   needs: [storageclasses, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.storageclass_reclaim_delete

import rego.v1

# METADATA
# description: a class of a datastore's volumes that deletes the volume with the claim
findings contains finding if {
	object.get(input.object, "reclaimPolicy", "Delete") == "Delete"
	datastores := [workload.name | some workload in input.related.workloads; workload.datastore]
	count(datastores) > 0
	finding := {
		"path": _path,
		"message": sprintf("reclaimPolicy is Delete%s: whoever deletes a claim of %s deletes its data; use a class with Retain (the field cannot be changed)", [_default, concat(", ", datastores)]),
	}
}

_default := " (the default)" if not input.object.reclaimPolicy

_default := "" if input.object.reclaimPolicy

_path := ["reclaimPolicy"] if "reclaimPolicy" in object.keys(input.object)

_path := ["metadata", "name"] if not "reclaimPolicy" in object.keys(input.object)
