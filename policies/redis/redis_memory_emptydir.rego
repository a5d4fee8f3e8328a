# METADATA
# title: Memory-backed volume eats the limit
# description: |
#   What is written to an emptyDir with medium Memory is charged to the containers that write it. Next to a cache that fills
#   its share, that is the difference to an OOM kill.
# related_resources:
# - https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   software: [redis]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.redis_memory_emptydir

import data.kubelint.lib.redis
import data.kubelint.lib.text
import rego.v1

# METADATA
# description: each memory-backed volume of a server that may eat what the dataset needs
findings contains finding if {
	some container in redis.servers
	some mount in container.mounts
	some volume in input.workload.volumes
	volume.name == mount.volume
	volume.medium == "Memory"
	some why in _reasons(container, volume)
	finding := {
		"path": array.concat(volume.path, ["emptyDir"]),
		"message": sprintf("volume %s lies in memory and counts towards the limit of container %s: %s", [volume.name, container.name, why]),
	}
}

_reasons(_, volume) := {"it has no sizeLimit, so what is written there can grow until the server is OOM-killed; set a small sizeLimit"} if volume.size_limit == null

_reasons(container, volume) := {sprintf("%s there and %s of dataset do not fit into %s", [text.bytes(volume.size_limit), text.bytes(container.memory_cap.bytes), text.bytes(container.memory.limit)])} if {
	is_number(volume.size_limit)
	is_number(container.memory_cap.bytes)
	is_number(container.memory.limit)
	volume.size_limit + container.memory_cap.bytes >= container.memory.limit
}
