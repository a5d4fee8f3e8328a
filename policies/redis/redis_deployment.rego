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
# description: each server that needs what a Deployment cannot give
findings contains finding if {
	some container in redis.servers
	reasons := _reasons(container)
	count(reasons) > 0
	finding := {
		"path": ["kind"],
		"message": sprintf("container %s (%s) runs in a %s, and %s: use a StatefulSet", [container.name, container.software.family, input.workload.kind, concat("; ", reasons)]),
	}
}

# METADATA
# description: each cache of several servers, or of one
findings contains finding if {
	some container in redis.servers
	count(_reasons(container)) == 0
	finding := {
		"path": ["kind"],
		"severity": _severity,
		"message": sprintf("container %s (%s) runs in a %s: %s", [container.name, container.software.family, input.workload.kind, _why]),
	}
}

_needs contains {"at": container.path, "why": "it mounts a volume claim, which the new pod and the old one share during an update"} if {
	some container in redis.servers
	some mount in container.mounts
	mount.source == "claim"
}

_needs contains {"at": container.path, "why": "a member of a Redis Cluster needs a stable identity"} if {
	some container in redis.servers
	container.software.cluster
}

_needs contains {"at": container.path, "why": sprintf("its %d replicas find one another by name to replicate", [input.workload.replicas])} if {
	some container in redis.servers
	container.software.replication == "on"
	input.workload.replicas > 1
}

_reasons(container) := [need.why | some need in _needs; need.at == container.path]

_several if input.workload.replicas > 1

_severity := "warning" if _several

_severity := "info" if not _several

_why := sprintf("its %d replicas are unrelated servers behind one Service, and a client gets another one each time; use one replica, or a StatefulSet with replication", [input.workload.replicas]) if _several

_why := "fine for a cache that may be lost at any time" if not _several
