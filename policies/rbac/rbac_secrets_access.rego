# METADATA
# title: Reads all secrets
# description: |
#   list and watch return the contents of Secrets, not only their names. A role that has them holds every password there is.
# related_resources:
# - https://kubernetes.io/docs/concepts/security/rbac-good-practices/
# custom:
#   severity: warning
#   kinds: [Role, ClusterRole]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
package kubelint.rbac_secrets_access

import rego.v1

# METADATA
# description: each rule that lets its holder read all secrets
findings contains finding if {
	is_array(input.object.rules)
	some index, rule in input.object.rules
	"secrets" in rule.resources
	"" in rule.apiGroups
	count(object.get(rule, "resourceNames", [])) == 0
	verbs := {verb | some verb in rule.verbs} & {"get", "list", "watch"}
	count(verbs) > 0
	finding := {
		"path": ["rules", index],
		"message": sprintf("rule %d may %s every Secret %s: name the ones it needs in resourceNames (list and watch read them all)", [index, concat(", ", verbs), _where]),
	}
}

_where := "of the cluster" if input.object.kind == "ClusterRole"

_where := "of the namespace" if input.object.kind == "Role"
