# METADATA
# title: Request above the limit
# description: |
#   A request may not exceed the limit. The API server refuses the object; a StatefulSet it accepts before Kubernetes 1.37, and
#   refuses the pods one by one, which shows only in events.
# related_resources:
# - https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: none
#   since: 0.1.0
package kubelint.resources_request_exceeds_limit

import rego.v1

# METADATA
# description: each container that requests more than it may use
findings contains finding if {
	some container in input.workload.containers
	some resource in ["cpu", "memory", "ephemeral_storage"]
	amount := container[resource]
	amount.request > amount.limit
	object.get(amount, "request_source", "container") == object.get(amount, "limit_source", "container")
	finding := {
		"path": array.concat(container.resources_path, ["requests", replace(resource, "_", "-")]),
		"message": sprintf("container %s requests more %s than its limit: the API server refuses it", [container.name, replace(resource, "_", "-")]),
	}
}
