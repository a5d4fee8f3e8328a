# METADATA
# title: memcached -m against the limit
# description: |
#   -m bounds the items alone, and is 64 MiB by default. The hash table, connection buffers and slab overhead come on top.
# related_resources:
# - https://docs.memcached.org/serverguide/configuring/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   software: [memcached]
#   needs: [configmaps, limitranges]
#   fix: none
#   since: 0.1.0
#   params:
#     least_percent: {default: 120, description: "least limit in percent of -m"}
package kubelint.memcached_limit_headroom

import data.kubelint.lib.caps
import data.kubelint.lib.text
import rego.v1

# METADATA
# description: each container whose items leave the server no room
findings contains finding if {
	some container in input.workload.containers
	container.software.family == "memcached"
	container.memory.limit != null
	container.memory_cap.bytes != null
	cap := container.memory_cap
	some verdict in _verdicts(container, cap)
	finding := {
		"path": container.memory.limit_path,
		"severity": verdict.severity,
		"message": sprintf("container %s: %s", [container.name, verdict.why]),
		"related": caps.winner(container),
	}
}

_verdicts(container, cap) := {{"severity": "error", "why": sprintf("memcached stores %s of items and the memory limit is %s: it is OOM-killed when it is full, and starts empty", [text.bytes(cap.bytes), text.bytes(container.memory.limit)])}} if {
	cap.bytes >= container.memory.limit
}

_verdicts(container, cap) := {{"severity": "warning", "why": sprintf("memcached stores %s of items; hash table, connections and slabs need more on top than a limit of %s leaves; give it %d %%", [text.bytes(cap.bytes), text.bytes(container.memory.limit), input.params.least_percent])}} if {
	cap.bytes < container.memory.limit
	container.memory.limit * 100 < cap.bytes * input.params.least_percent
}
