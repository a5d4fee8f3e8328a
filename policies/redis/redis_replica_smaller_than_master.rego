# METADATA
# title: Replica smaller than its master
# description: |
#   A replica holds the whole dataset of its master, and does not evict by its own maxmemory unless it is told to. One with a
#   smaller limit works until the master has filled up.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/replication/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment]
#   software: [redis]
#   needs: [configmaps, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.redis_replica_smaller_than_master

import data.kubelint.lib.redis
import data.kubelint.lib.text
import rego.v1

# METADATA
# description: each replica that has less memory than the master it copies
findings contains finding if {
	_role == "replica"
	some container in redis.servers
	container.memory.limit != null
	some sibling in input.related.siblings
	_master(sibling)
	some other in sibling.containers
	other.software.role == "server"
	some why in _reasons(container, other)
	finding := {
		"path": container.memory.limit_path,
		"message": sprintf("container %s has a memory limit of %s, %s of %s %s: it cannot hold what it copies, and is OOM-killed in every sync; give replicas at least the master's limit", [container.name, text.bytes(container.memory.limit), why, sibling.kind, sibling.name]),
		"related": [object.union({"message": "the master"}, sibling.place)],
	}
}

_reasons(container, master) := {sprintf("below the %s limit", [text.bytes(master.memory.limit)])} if container.memory.limit < master.memory.limit

_reasons(container, master) := {sprintf("below maxmemory %s", [text.bytes(master.memory_cap.bytes)])} if {
	master.memory.limit == null
	container.memory.limit < master.memory_cap.bytes
}

_role := "replica" if regex.match(`(?i)(replica|slave|follower|secondary)`, _component(input.workload.labels, input.object.metadata.name))

_master(sibling) if regex.match(`(?i)(master|primary|leader)`, _component(sibling.labels, sibling.name))

_component(labels, name) := object.get(labels, "app.kubernetes.io/component", name)
