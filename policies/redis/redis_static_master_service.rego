# METADATA
# title: Service with a static master label
# description: |
#   A selector such as role: master picks the pod that was master when the label was set. Sentinel and Redis Cluster do not
#   touch Kubernetes labels, so after a failover the Service still points at the old master. Operators and the Bitnami
#   sentinel sidecar do move the label; where one of them is at work this rule is silent, and where the master is a workload of
#   its own without a Sentinel: it stays the master.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
# custom:
#   severity: warning
#   kinds: [Service]
#   needs: [services, workloads]
#   fix: none
#   since: 0.1.0
#   params:
#     role_keys: {default: [role, redis-role, ismaster, redisfailovers-role, redis_role, redis.role, app.kubernetes.io/role], description: "label keys that name a Redis role, lower case"}
#     labellers: {default: [kubectl label, labeler, labeller, k8s-sidecar-labels, role-labeler], description: "words in an image or command that show a labeller at work, lower case"}
package kubelint.redis_static_master_service

import rego.v1

# METADATA
# description: a Service that selects the master by a label which nothing moves
findings contains finding if {
	some key, value in input.object.spec.selector
	lower(key) in {name | some name in input.params.role_keys}
	lower(value) in {"master", "primary", "leader", "true"}
	not _labelled_by_someone
	not _fixed(key, value)
	_redis
	finding := {
		"path": ["spec", "selector", key],
		"message": sprintf("Service %s follows the label %s: %s, and nothing moves that label after a failover: writes go on to the old master, which is a replica then; ask Sentinel, or run a labeller", [input.object.metadata.name, key, value]),
	}
}

# METADATA
# description: a workload behind it runs Redis; where none is known its name has to say so
_redis if {
	some workload in _workloads
	some container in workload.containers
	container.software.family in {"redis", "valkey", "keydb"}
}

_redis if {
	not _known
	regex.match(`redis|valkey|keydb`, lower(sprintf("%v %v", [input.object.metadata.name, input.object.spec.selector])))
}

_known if count(_workloads) > 0

# METADATA
# description: is the label written into a template, and nobody there to fail over?
_fixed(key, value) if {
	some workload in _workloads
	workload.labels[key] == value
	count([container | some candidate in _workloads; some container in candidate.containers; container.software.role == "sentinel"]) == 0
}

# METADATA
# description: "workloads whose template has the selector's labels, the role aside: the role is what moves"
_workloads := input.related.candidates

_labelled_by_someone if {
	some workload in _workloads
	some container in workload.containers
	some word in input.params.labellers
	contains(lower(sprintf("%v %v %v", [object.get(container.spec, key, "") | some key in ["image", "command", "args"]])), word)
}

_labelled_by_someone if count(object.get(input.object.metadata, "ownerReferences", [])) > 0
