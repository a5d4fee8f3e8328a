# METADATA
# title: Redis outside a StatefulSet
# description: |
#   A Deployment gives its pods neither names nor volumes of their own. That is fine for one cache without data to lose, and
#   wrong for anything that persists, replicates or votes.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
# custom:
#   severity: error
#   kinds: [Deployment, ReplicaSet, ReplicationController, DaemonSet]
#   software: [redis]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.redis_deployment

import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server outside a StatefulSet, by what it would lose
findings contains finding if {
	some container in redis.servers
	some verdict in _verdicts(container)
	finding := {
		"path": ["kind"],
		"severity": verdict.severity,
		"message": sprintf("container %s (%s) runs in a %s: %s", [container.name, container.software.family, input.workload.kind, verdict.why]),
	}
}

# METADATA
# description: reasons of all degrees; the worst counts
_reasons(container) := {{"rank": 3, "severity": "error", "why": "it mounts a volume claim, which the new pod and the old one share during an update; use a StatefulSet"} |
	some mount in container.mounts
	mount.source == "claim"
} | {{"rank": 3, "severity": "error", "why": "it is a member of a Redis Cluster and needs a stable identity; use a StatefulSet"} |
	container.software.cluster
} | {{"rank": 3, "severity": "error", "why": sprintf("%d replicas replicate from each other and find one another by name; use a StatefulSet", [input.workload.replicas])} |
	container.software.replication == "on"
	input.workload.replicas > 1
} | {{"rank": 2, "severity": "warning", "why": sprintf("%d replicas are %d unrelated servers behind one Service, and a client gets another one each time; use one replica, or a StatefulSet with replication", [input.workload.replicas, input.workload.replicas])} |
	container.software.replication != "on"
	input.workload.replicas > 1
} | {{"rank": 1, "severity": "info", "why": "fine for a cache that may be lost at any time"}}

_verdicts(container) := {reason |
	some reason in _reasons(container)
	reason.rank == max({other.rank | some other in _reasons(container)})
}
