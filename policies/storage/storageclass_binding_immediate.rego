# METADATA
# title: Volume is bound before its pod is scheduled
# description: |
#   A disk of a zone can be mounted in that zone only. Bound immediately, it is made in any zone; the pod's other constraints
#   (anti-affinity, node selectors, free memory) may leave no node there.
# related_resources:
# - https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
# custom:
#   severity: warning
#   kinds: [StorageClass]
#   fix: none
#   since: 0.1.0
#   params:
#     zonal_provisioners: {default: [ebs.csi.aws.com, kubernetes.io/aws-ebs, pd.csi.storage.gke.io, kubernetes.io/gce-pd, disk.csi.azure.com, kubernetes.io/azure-disk, cinder, diskplugin.csi.alibabacloud.com, vsphere, disk.csi, csi.hetzner.cloud, dobs.csi.digitalocean.com], description: "parts of the names of provisioners whose disks belong to a zone"}
package kubelint.storageclass_binding_immediate

import rego.v1

# METADATA
# description: a zonal class that picks the zone before the scheduler has picked a node
findings contains finding if {
	object.get(input.object, "volumeBindingMode", "Immediate") == "Immediate"
	some word in input.params.zonal_provisioners
	contains(input.object.provisioner, word)
	finding := {
		"path": _path,
		"message": sprintf("volumeBindingMode is Immediate%s: the disk is made in a zone before the pod has a node, and may lie where the pod cannot run; use WaitForFirstConsumer", [_default]),
	}
}

_default := " (the default)" if not input.object.volumeBindingMode

_default := "" if input.object.volumeBindingMode

_path := ["volumeBindingMode"] if "volumeBindingMode" in object.keys(input.object)

_path := ["metadata", "name"] if not "volumeBindingMode" in object.keys(input.object)
