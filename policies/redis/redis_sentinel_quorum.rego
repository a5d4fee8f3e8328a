# METADATA
# title: Failover can never happen
# description: |
#   A failover needs the quorum of sentinels to agree that the master is down, and the majority of all of them to elect a
#   leader. With two sentinels the loss of one node, with the master on it, leaves one: nothing happens, for ever.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, databases.spotahome.com/RedisFailover, redis.redis.opstreelabs.in/RedisSentinel]
#   needs: [configmaps, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.redis_sentinel_quorum

import rego.v1

# METADATA
# description: sentinels of a workload that cannot fail over once one of them is gone
findings contains finding if {
	some container in input.workload.containers
	container.software.role == "sentinel"
	sentinels := input.workload.replicas + sum(_elsewhere)
	some verdict in _verdicts(sentinels)
	finding := {
		"path": ["spec", "replicas"],
		"severity": verdict.severity,
		"message": sprintf("container %s: %s", [container.name, verdict.why]),
	}
}

# METADATA
# description: the same for the operators' resources
findings contains finding if {
	some kind, field in {"RedisFailover": ["spec", "sentinel", "replicas"], "RedisSentinel": ["spec", "clusterSize"]}
	input.object.kind == kind
	sentinels := object.get(input.object, field, 3)
	some verdict in _verdicts(sentinels)
	finding := {"path": field, "severity": verdict.severity, "message": verdict.why}
}

# METADATA
# description: sentinels of the same release in other workloads, as charts have them that put them beside master and replicas
_elsewhere := [sibling.replicas |
	some sibling in input.related.siblings
	is_number(sibling.replicas)
	count([key | some key in ["app.kubernetes.io/instance", "release"]; sibling.labels[key] == input.workload.labels[key]]) > 0
	some container in sibling.containers
	container.software.role == "sentinel"
]

_verdicts(sentinels) := {{"severity": "error", "why": sprintf("%d sentinel(s): after the loss of one there is no majority, so Redis never fails over; run three", [sentinels])}} if sentinels < 3

_verdicts(sentinels) := {{"severity": "info", "why": sprintf("%d sentinels survive no more losses than %d would: run an odd number", [sentinels, sentinels - 1])}} if {
	sentinels >= 3
	sentinels % 2 == 0
}
