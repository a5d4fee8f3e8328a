# METADATA
# title: Redis without a readiness probe
# description: |
#   Without a readiness probe a Redis server counts as ready while it still loads its dataset or syncs from its master:
#   clients get LOADING errors, and a rolling update goes on to the next member at once.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates
# - https://redis.io/docs/latest/commands/ping/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController]
#   software: [redis]
#   needs: [configmaps]
#   deny: [StatefulSet]
#   fix: unsafe
#   since: 0.1.0
package kubelint.redis_readiness_missing

import data.kubelint.lib.containers
import rego.v1

# METADATA
# description: each Redis-family server without the probe
findings contains finding if {
	some container in input.workload.containers
	containers.redis_server(container)
	container.role != "init"
	container.probes.readiness == null
	path := array.concat(container.path, ["readinessProbe"])
	finding := {
		"path": path,
		"message": sprintf("container %s (%s) has no readinessProbe: it counts as ready while it still loads its dataset, and a rollout restarts the next member at once; add an exec probe that compares the reply to PING with PONG", [container.name, container.software.family]),
		"fix": {
			"title": "Add a readiness probe that asks for PONG (mind authentication and TLS)",
			"safety": "unsafe",
			"edits": [{"ops": [{"op": "add", "path": path, "value": {
				"exec": {"command": ["sh", "-c", sprintf("%s ping | grep -q PONG", [_client(container)])]},
				"periodSeconds": 5,
				"timeoutSeconds": 5,
			}}]}],
		},
	}
}

_client(container) := "valkey-cli" if container.software.family == "valkey"

_client(container) := "keydb-cli" if container.software.family == "keydb"

_client(container) := "redis-cli" if container.software.family in {"redis", "dragonfly"}
