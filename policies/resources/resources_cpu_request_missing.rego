# METADATA
# title: No CPU request
# description: |
#   Without a CPU request a container gets what others leave over: under load a server that holds state stops answering
#   its probes, and is killed for it.
# related_resources:
# - https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [limitranges]
#   deny: [StatefulSet]
#   fix: none
#   since: 0.1.0
package kubelint.resources_cpu_request_missing

import data.kubelint.lib.containers
import rego.v1

# METADATA
# description: each container without an effective CPU request
findings contains finding if {
	some container in input.workload.containers
	container.role != "ephemeral"
	container.cpu.request == null
	finding := {
		"path": container.cpu.request_path,
		"severity": _severity(container),
		"message": sprintf("container %s requests no CPU: under load it gets only what others leave over; set resources.requests.cpu", [container.name]),
	}
}

_severity(container) := "error" if containers.promised(container)

_severity(container) := "warning" if not containers.promised(container)
