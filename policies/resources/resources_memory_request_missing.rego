# METADATA
# title: No memory request
# description: |
#   The scheduler places a pod by its requests. Without a memory request (a limit implies one) it lands on a node that has
#   no room for it, and it is the first to be evicted.
# related_resources:
# - https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [limitranges]
#   deny: [StatefulSet]
#   fix: none
#   since: 0.1.0
package kubelint.resources_memory_request_missing

import data.kubelint.lib.containers
import rego.v1

# METADATA
# description: each container without an effective memory request
findings contains finding if {
	some container in input.workload.containers
	container.role != "ephemeral"
	container.memory.request == null
	finding := {
		"path": container.memory.request_path,
		"severity": containers.severity_of_missing_resource(container, "warning"),
		"message": sprintf("container %s requests no memory: the scheduler counts it as needing none; set resources.requests.memory, or a limit, which implies it", [container.name]),
	}
}
