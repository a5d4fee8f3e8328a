# METADATA
# description: Questions about containers that several rules ask.
package kubelint.lib.containers

import rego.v1

# METADATA
# description: is it a Redis-family server? Those have probe rules of their own
redis_server(container) if {
	container.software.family in {"redis", "valkey", "keydb", "dragonfly"}
	container.software.role == "server"
}

# METADATA
# description: does it hold the state of a StatefulSet, so that the promise covers it?
promised(container) if {
	input.workload.kind == "StatefulSet"
	container.holds_state
}

# METADATA
# description: memory that is missing; app containers and native sidecars share the node with the state
severity_of_missing_resource(container, _) := "error" if {
	input.workload.kind == "StatefulSet"
	container.role in {"app", "sidecar"}
}

severity_of_missing_resource(container, elsewhere) := elsewhere if {
	input.workload.kind in {"Deployment", "DaemonSet", "ReplicaSet", "ReplicationController"}
	container.role in {"app", "sidecar"}
}

severity_of_missing_resource(container, _) := "warning" if {
	input.workload.kind in {"Job", "CronJob", "Pod"}
	container.role in {"app", "sidecar"}
}

severity_of_missing_resource(container, _) := "warning" if container.role == "init"
