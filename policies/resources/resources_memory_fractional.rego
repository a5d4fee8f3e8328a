# METADATA
# title: Memory in thousandths of a byte
# description: |
#   512m of memory is 0.512 bytes: the suffix m is a thousandth, mebibytes are Mi. Kubernetes accepts it, rounds it up to one
#   byte and the container cannot start; as a request it counts as nothing.
# related_resources:
# - https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#meaning-of-memory
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: none
#   since: 0.1.0
#   params:
#     least_bytes: {default: 4194304, description: "bytes below which an amount is taken for a mistake (4Mi)"}
package kubelint.resources_memory_fractional

import rego.v1

# METADATA
# description: each amount of memory that is a fraction of a byte, or too small to be meant
findings contains finding if {
	some container in input.workload.containers
	some field in ["requests", "limits"]
	amount := container.spec.resources[field].memory
	path := array.concat(container.resources_path, [field, "memory"])
	some why in _reasons(container, field, amount)
	finding := {
		"path": path,
		"message": sprintf("container %s: memory %v is %s; is %s meant?", [container.name, amount, why, _meant(amount)]),
	}
}

_reasons(_, _, text) := {"a fraction of bytes: m is a thousandth, not a mebibyte"} if endswith(sprintf("%v", [text]), "m")

_reasons(container, field, text) := {sprintf("%d bytes, less than any process needs", [_bytes(container, field)])} if {
	not endswith(sprintf("%v", [text]), "m")
	_bytes(container, field) < input.params.least_bytes
	_bytes(container, field) > 0
}

_bytes(container, "requests") := container.memory.request if container.memory.request_source == "container"

_bytes(container, "limits") := container.memory.limit if container.memory.limit_source == "container"

_meant(text) := sprintf("%sMi", [regex.replace(sprintf("%v", [text]), `[^0-9.]+$`, "")])
