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
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.redis_sentinel_quorum

import rego.v1

# METADATA
# description: sentinels of a workload that cannot fail over once one of them is gone
findings contains finding if {
	some container in input.workload.containers
	container.software.role == "sentinel"
	sentinels := input.workload.replicas
	quorum := object.get(container.software, "quorum", null)
	some verdict in _verdicts(sentinels, quorum)
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
	some verdict in _verdicts(sentinels, null)
	finding := {"path": field, "severity": verdict.severity, "message": verdict.why}
}

_verdicts(sentinels, _) := {{"severity": "error", "why": sprintf("%d sentinel(s): after the loss of one there is no majority, so Redis never fails over; run three", [sentinels])}} if sentinels < 3

_verdicts(sentinels, quorum) := {{"severity": "error", "why": sprintf("a quorum of %d among %d sentinels cannot be met once one of them is gone; lower the quorum or run more", [quorum, sentinels])}} if {
	sentinels >= 3
	sentinels - 1 < max({quorum, _majority(sentinels)})
}

_verdicts(sentinels, quorum) := {{"severity": "info", "why": sprintf("%d sentinels survive no more losses than %d would: run an odd number", [sentinels, sentinels - 1])}} if {
	sentinels >= 3
	sentinels % 2 == 0
	not sentinels - 1 < _quorum(quorum)
}

_quorum(quorum) := quorum if quorum != null

_quorum(quorum) := 0 if quorum == null

_majority(sentinels) := floor(sentinels / 2) + 1
