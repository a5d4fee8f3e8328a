# METADATA
# title: Power to delete in bulk
# description: |
#   deletecollection empties a namespace in one call; delete on PersistentVolumeClaims, Secrets or Namespaces takes what no
#   controller brings back. Roles that aggregate into admin or edit say what people may do, who may do the same to built-in
#   kinds: their deletecollection is left alone.
# related_resources:
# - https://kubernetes.io/docs/concepts/security/rbac-good-practices/
# custom:
#   severity: warning
#   kinds: [Role, ClusterRole]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
package kubelint.rbac_mass_delete

import rego.v1

# METADATA
# description: each rule with which one call, or one loop, deletes what cannot be brought back
findings contains finding if {
	is_array(input.object.rules)
	some index, rule in input.object.rules
	count(object.get(rule, "resourceNames", [])) == 0
	some verb in rule.verbs
	some what in _deletes(verb, rule)
	finding := {
		"path": ["rules", index, "verbs"],
		"message": sprintf("rule %d may %s %s: one faulty script deletes them all; leave it out, or name the objects in resourceNames", [index, verb, what]),
	}
}

_for_people if {
	some key in ["rbac.authorization.k8s.io/aggregate-to-admin", "rbac.authorization.k8s.io/aggregate-to-edit"]
	input.object.metadata.labels[key] == "true"
}

_deletes("deletecollection", rule) := {concat(", ", rule.resources)} if not _for_people

_deletes("delete", rule) := {concat(", ", found) |
	found := {resource | some resource in rule.resources} & {"persistentvolumeclaims", "persistentvolumes", "secrets", "namespaces"}
	count(found) > 0
}
