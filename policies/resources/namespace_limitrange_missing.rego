# METADATA
# title: Namespace without default limits
# description: |
#   A LimitRange gives containers that say nothing a memory limit. Offline the rule is off by default: LimitRanges are seldom
#   kept beside the workloads.
# related_resources:
# - https://kubernetes.io/docs/concepts/policy/limit-range/
# custom:
#   severity: warning
#   kinds: [Namespace]
#   needs: [limitranges, workloads]
#   default: off
#   profiles: [strict]
#   fix: none
#   since: 0.1.0
package kubelint.namespace_limitrange_missing

import rego.v1

# METADATA
# description: a namespace with workloads and no default memory limit
findings contains finding if {
	count(input.related.workloads) > 0
	not _default
	finding := {
		"path": ["metadata", "name"],
		"message": sprintf("namespace %s runs workloads and has no LimitRange with a default memory limit: a container that forgets its limit has none; add one", [input.object.metadata.name]),
	}
}

_default if {
	some range in input.related.limit_ranges
	range["default"].memory != null
}
