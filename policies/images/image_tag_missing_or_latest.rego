# METADATA
# title: Image without a version
# description: |
#   `latest`, or no tag at all, names whatever was pushed last. After a node failure one replica of a database comes back with
#   another version than its peers.
# related_resources:
# - https://kubernetes.io/docs/concepts/containers/images/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: none
#   since: 0.1.0
package kubelint.image_tag_missing_or_latest

import rego.v1

# METADATA
# description: each image that may be another one tomorrow
findings contains finding if {
	some container in input.workload.containers
	image := container.image
	image.digest == null
	some why in _reasons(image)
	finding := {
		"path": array.concat(container.path, ["image"]),
		"severity": _severity(container),
		"message": sprintf("container %s: image %s %s: the next restart may bring another version, on one pod of several; pin a version or a digest", [container.name, image.text, why]),
	}
}

_reasons(image) := {"has no tag, which means latest"} if image.tag == null

_reasons(image) := {"has the tag latest"} if image.tag == "latest"

# METADATA
# description: |
#   what runs for a moment only (an init container, a Pod or Job that is a chart's hook) is not left with two versions side by
#   side; some charts make hooks of Deployments too, which stay
_severity(container) := "error" if _lasting(container)

_severity(container) := "warning" if not _lasting(container)

_lasting(container) if {
	container.role in {"app", "sidecar"}
	not _hook
}

_hook if {
	input.workload.kind in {"Pod", "Job"}
	input.workload.hook != null
}
