# METADATA
# title: Volumes cannot grow
# description: |
#   A database whose disk is full stops. With allowVolumeExpansion its claim is patched and the disk grows, most often
#   without a restart; without it the data has to be copied to another volume first.
# related_resources:
# - https://kubernetes.io/docs/concepts/storage/storage-classes/#allow-volume-expansion
# custom:
#   severity: warning
#   kinds: [StorageClass]
#   needs: [storageclasses, workloads]
#   fix: safe
#   since: 0.1.0
package kubelint.storageclass_no_expansion

import rego.v1

# METADATA
# description: a class whose volumes cannot grow
findings contains finding if {
	object.get(input.object, "allowVolumeExpansion", false) != true
	finding := {
		"path": _path,
		"severity": _severity,
		"message": "allowVolumeExpansion is not true: a volume of this class that fills up cannot be grown, only replaced; set it (it can be changed at any time)",
		"fix": {"title": "Allow volumes to grow", "safety": "safe", "edits": [{"ops": [{"op": "add", "path": ["allowVolumeExpansion"], "value": true}]}]},
	}
}

_severity := "warning" if count(input.related.workloads) > 0

_severity := "info" if count(input.related.workloads) == 0

_path := ["allowVolumeExpansion"] if "allowVolumeExpansion" in object.keys(input.object)

_path := ["metadata", "name"] if not "allowVolumeExpansion" in object.keys(input.object)
