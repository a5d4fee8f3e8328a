# METADATA
# title: Namespace without a quota
# description: |
#   A ResourceQuota bounds what a namespace can take from the cluster, whatever its workloads forget to say. Offline the rule is
#   off by default: quotas are seldom kept beside the workloads.
# related_resources:
# - https://kubernetes.io/docs/concepts/policy/resource-quotas/
# custom:
#   severity: warning
#   kinds: [Namespace]
#   needs: [quotas, workloads]
#   default: off
#   profiles: [strict]
#   fix: none
#   since: 0.1.0
package kubelint.namespace_quota_missing

import rego.v1

# METADATA
# description: a namespace with workloads and no quota on memory
findings contains finding if {
	count(input.related.workloads) > 0
	not _quota
	finding := {
		"path": ["metadata", "name"],
		"message": sprintf("namespace %s runs workloads and has no ResourceQuota on memory: one runaway workload takes the nodes of all; add one", [input.object.metadata.name]),
	}
}

_quota if {
	some quota in input.related.quotas
	some key, _ in quota.hard
	key in {"requests.memory", "limits.memory", "memory"}
}
