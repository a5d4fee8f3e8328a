# METADATA
# title: Database cache does not fit into the limit
# description: |
#   shared_buffers, innodb_buffer_pool_size and the WiredTiger cache are allocated once and stay. Connections, sorts and the
#   operating system's own cache need memory beside them: PostgreSQL is best at 25 % and hardly ever above 40 %, MySQL at 50
#   to 75 %, MongoDB takes half by default.
# related_resources:
# - https://www.postgresql.org/docs/current/runtime-config-resource.html
# - https://dev.mysql.com/doc/refman/8.4/en/innodb-parameters.html
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   software: [postgres, mysql, mongodb]
#   needs: [configmaps, limitranges]
#   fix: none
#   since: 0.1.0
package kubelint.db_buffer_exceeds_limit

import data.kubelint.lib.caps
import data.kubelint.lib.text
import rego.v1

# METADATA
# description: each container whose buffer pool leaves the rest of the database no room
findings contains finding if {
	some container in input.workload.containers
	container.software.family in {"postgres", "mysql", "mongodb"}
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

# METADATA
# description: percent of the limit from which a buffer is an error, and from which a warning
_bounds := {
	"postgres": {"error": 100, "warning": 40},
	"mysql": {"error": 100, "warning": 80},
	"mongodb": {"error": 80, "warning": 50},
}

_verdicts(container, cap) := {{"severity": "error", "why": sprintf("a cache of %s (%s) and a memory limit of %s: it is OOM-killed when the cache is full", [text.bytes(cap.bytes), container.software.family, text.bytes(container.memory.limit)])}} if {
	_percent(container, cap) >= _bounds[container.software.family].error
}

_verdicts(container, cap) := {{"severity": "warning", "why": sprintf("a cache of %s is %d %% of the memory limit; above %d %% %s has little left for connections and sorts", [text.bytes(cap.bytes), _percent(container, cap), _bounds[container.software.family].warning, container.software.family])}} if {
	_percent(container, cap) < _bounds[container.software.family].error
	_percent(container, cap) > _bounds[container.software.family].warning
}

_percent(container, cap) := floor((cap.bytes * 100) / container.memory.limit)
