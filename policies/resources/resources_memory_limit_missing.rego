# METADATA
# title: No memory limit
# description: |
#   A container without a memory limit may take the node's memory; the kernel then kills whatever it finds, the kubelet
#   included. In a StatefulSet app containers and native sidecars share the node with the state, so each needs a limit.
#   A pod-level limit counts, and so does a LimitRange default; that the latter is a guess for the whole namespace is said.
# related_resources:
# - https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [limitranges]
#   deny: [StatefulSet]
#   fix: none
#   since: 0.1.0
package kubelint.resources_memory_limit_missing

import data.kubelint.lib.containers
import data.kubelint.lib.limitranges
import data.kubelint.lib.text
import rego.v1

# METADATA
# description: each container without an effective memory limit
findings contains finding if {
	some container in input.workload.containers
	container.role != "ephemeral"
	container.memory.limit == null
	finding := {
		"path": container.memory.limit_path,
		"severity": containers.severity_of_missing_resource(container, "error"),
		"message": sprintf("container %s has no memory limit: it can take the node's memory and have its neighbours killed; set resources.limits.memory", [container.name]),
	}
}

# METADATA
# description: each container whose limit is the namespace's default
findings contains finding if {
	some container in input.workload.containers
	container.role in {"app", "sidecar"}
	container.memory.limit_source == "limitrange"
	finding := {
		"path": container.memory.limit_path,
		"severity": "info",
		"message": sprintf("container %s has no memory limit of its own and gets the default of %s of LimitRange %s, a guess for the whole namespace; set what it needs", [container.name, text.bytes(container.memory.limit), limitranges.named(container.memory.limit)]),
		"related": limitranges.giving(container.memory.limit),
	}
}
