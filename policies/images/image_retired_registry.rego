# METADATA
# title: Image that is likely gone
# description: |
#   The versioned tags of docker.io/bitnami were moved to docker.io/bitnamilegacy in August 2025, which is frozen. Pods keep
#   running until they are rescheduled onto a node without the image: ImagePullBackOff.
# related_resources:
# - https://github.com/bitnami/charts/issues/35164
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: none
#   since: 0.1.0
package kubelint.image_retired_registry

import rego.v1

# METADATA
# description: each image from a repository that its owner has emptied or frozen
findings contains finding if {
	some container in input.workload.containers
	image := container.image
	image.registry in {"docker.io", "index.docker.io", "registry-1.docker.io"}
	some prefix, why in {"bitnami/": "its versioned tags were moved away in August 2025: a node that does not have it cached cannot pull it", "bitnamilegacy/": "this archive gets no updates any more, security fixes included"}
	startswith(image.repository, prefix)
	finding := {
		"path": array.concat(container.path, ["image"]),
		"message": sprintf("container %s: image %s: %s; mirror it, or move to another image", [container.name, image.text, why]),
	}
}
