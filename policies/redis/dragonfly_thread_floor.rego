# METADATA
# title: Dragonfly exits at start
# description: |
#   Dragonfly refuses to start with less than 256 MiB of maxmemory for each of its threads, of which it runs one a visible
#   processor. Unset, maxmemory is about 80 % of the container's limit.
# related_resources:
# - https://github.com/dragonflydb/dragonfly/issues/418
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod, dragonflydb.io/Dragonfly]
#   software: [dragonfly]
#   needs: [configmaps, limitranges]
#   fix: none
#   since: 0.1.0
#   params:
#     bytes_per_thread: {default: 268435456, description: "least maxmemory for each thread"}
package kubelint.dragonfly_thread_floor

import data.kubelint.lib.text
import rego.v1

# METADATA
# description: each Dragonfly whose memory does not do for its threads
findings contains finding if {
	some container in input.workload.containers
	container.software.family == "dragonfly"
	container.software.role == "server"
	threads := _threads(container)
	container.memory_cap.bytes < threads * input.params.bytes_per_thread
	finding := {
		"path": container.path,
		"message": sprintf("container %s: %s for %d threads is less than 256Mi each, and Dragonfly exits at start; give it more memory, or set --proactor_threads", [container.name, text.bytes(container.memory_cap.bytes), threads]),
	}
}

# METADATA
# description: the flag, else the CPU limit, as Dragonfly counts visible processors
_threads(container) := to_number(matches[0][1]) if {
	matches := regex.find_all_string_submatch_n(`--proactor_threads[= ](\d+)`, _line(container), 1)
	count(matches) > 0
}

_threads(container) := ceil(container.cpu.limit / 1000) if {
	not regex.match(`--proactor_threads[= ]\d+`, _line(container))
	container.cpu.limit != null
}

_line(container) := concat(" ", array.concat(object.get(container.spec, "command", []), object.get(container.spec, "args", [])))
