# METADATA
# title: Wildcard in a role
# description: |
#   `*` grants what exists and what will exist. Together with a leaked token it is cluster-admin by another name.
# related_resources:
# - https://kubernetes.io/docs/concepts/security/rbac-good-practices/
# custom:
#   severity: error
#   kinds: [Role, ClusterRole]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
package kubelint.rbac_wildcard

import rego.v1

# METADATA
# description: each rule that grants everything of something
findings contains finding if {
	is_array(input.object.rules)
	some index, rule in input.object.rules
	some field in ["verbs", "resources", "apiGroups"]
	some nth, value in rule[field]
	value == "*"
	not _narrow(field, rule)
	finding := {
		"path": ["rules", index, field, nth],
		"message": sprintf("rule %d grants * in %s: what is added to the cluster tomorrow is granted too; name what is needed", [index, field]),
	}
}

# METADATA
# description: all groups of one named resource, all verbs on named objects
_narrow("apiGroups", rule) if not "*" in object.get(rule, "resources", [])

_narrow("verbs", rule) if count(object.get(rule, "resourceNames", [])) > 0
