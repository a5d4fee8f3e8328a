# METADATA
# title: Heap does not fit into the limit
# description: |
#   A JVM needs memory beside its heap: metaspace, thread stacks, direct buffers, code cache. A heap (-Xmx, MaxRAMPercentage)
#   that takes the container's whole limit ends in an OOM kill, most often under load.
# related_resources:
# - https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   software: [jvm, elasticsearch, opensearch, kafka, cassandra, zookeeper]
#   needs: [configmaps, limitranges]
#   fix: none
#   since: 0.1.0
#   params:
#     most_percent: {default: 80, description: "heap in percent of the limit above which the finding is a warning"}
package kubelint.jvm_heap_exceeds_limit

import data.kubelint.lib.caps
import data.kubelint.lib.text
import rego.v1

# METADATA
# description: each container whose heap leaves its process no room
findings contains finding if {
	some container in input.workload.containers
	container.software.family in {"jvm", "elasticsearch", "opensearch", "kafka", "cassandra", "zookeeper"}
	cap := container.memory_cap
	some verdict in _verdicts(container, cap)
	finding := {
		"path": container.memory.limit_path,
		"severity": verdict.severity,
		"message": sprintf("container %s: %s", [container.name, verdict.why]),
		"related": caps.winner(container),
	}
}

_verdicts(container, cap) := {{"severity": "error", "why": sprintf("the heap may grow to %s and the memory limit is %s: it is OOM-killed before it collects garbage; a heap of 50 to 75 %% of the limit leaves room for threads and metaspace", [text.bytes(cap.bytes), text.bytes(container.memory.limit)])}} if {
	is_number(container.memory.limit)
	is_number(cap.bytes)
	cap.bytes >= container.memory.limit
}

_verdicts(container, cap) := {{"severity": "warning", "why": sprintf("a heap of %s leaves %s of the limit for threads, metaspace and buffers; 50 to 75 %% is the usual share", [text.bytes(cap.bytes), text.bytes(container.memory.limit - cap.bytes)])}} if {
	is_number(container.memory.limit)
	is_number(cap.bytes)
	cap.bytes < container.memory.limit
	cap.bytes * 100 > container.memory.limit * input.params.most_percent
}

_verdicts(container, cap) := {{"severity": "warning", "why": sprintf("a heap of %d %% of memory without a memory limit is %d %% of the node's; set limits.memory", [cap.percent, cap.percent])}} if {
	container.memory.limit == null
	cap.percent != null
	cap.winner != null
}
