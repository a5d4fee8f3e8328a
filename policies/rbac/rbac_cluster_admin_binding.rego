# METADATA
# title: Binding grants cluster-admin
# description: |
#   `cluster-admin` may do anything to anything. Bound to an application's account, one leaked token or one faulty script
#   deletes namespaces; bound in one namespace (a RoleBinding), it still owns everything in it, its own permissions included.
# related_resources:
# - https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
# - https://kubernetes.io/docs/concepts/security/rbac-good-practices/
# custom:
#   severity: error
#   kinds: [ClusterRoleBinding, RoleBinding]
#   since: 0.1.0
package kubelint.rbac_cluster_admin_binding

import rego.v1

# METADATA
# description: Where the binding reaches, and how bad that is.
_reach := {
	"ClusterRoleBinding": {"severity": "error", "where": "everywhere"},
	"RoleBinding": {"severity": "warning", "where": "in its namespace"},
}

findings contains finding if {
	input.object.roleRef.kind == "ClusterRole"
	input.object.roleRef.name == "cluster-admin"
	some i, subject in input.object.subjects
	not startswith(subject.name, "system:")
	reach := _reach[input.object.kind]
	finding := {
		"path": ["subjects", i],
		"severity": reach.severity,
		"message": sprintf("%s %q may do anything %s; bind a role with only what it needs", [subject.kind, subject.name, reach.where]),
		"related": [{"message": "this role allows everything", "path": ["roleRef", "name"]}],
	}
}
