# METADATA
# title: Right to take more rights
# description: |
#   escalate, bind and impersonate exist to step over the limits of RBAC. Controllers that manage roles need them, on named
#   roles; nobody else does.
# related_resources:
# - https://kubernetes.io/docs/concepts/security/rbac-good-practices/
# custom:
#   severity: error
#   kinds: [Role, ClusterRole]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
package kubelint.rbac_escalate

import rego.v1

# METADATA
# description: each rule with which its holder can give itself anything
findings contains finding if {
	is_array(input.object.rules)
	some index, rule in input.object.rules
	some nth, verb in rule.verbs
	verb in {"escalate", "bind", "impersonate"}
	finding := {
		"path": ["rules", index, "verbs", nth],
		"message": sprintf("rule %d grants %s on %s: its holder can give itself rights that it does not have", [index, verb, concat(", ", object.get(rule, "resources", []))]),
	}
}
