# METADATA
# title: No default deny
# description: |
#   Policies isolate the pods they select. One that selects all pods of the namespace and admits nothing makes being closed
#   the default. Offline the rule is off by default.
# related_resources:
# - https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-ingress-traffic
# custom:
#   severity: warning
#   kinds: [Namespace]
#   needs: [networkpolicies, workloads]
#   default: off
#   profiles: [strict, security]
#   fix: none
#   since: 0.1.0
package kubelint.netpol_default_deny_missing

import rego.v1

# METADATA
# description: a namespace whose pods are open unless a policy names them
findings contains finding if {
	count(input.related.workloads) > 0
	not _denies
	finding := {
		"path": ["metadata", "name"],
		"message": sprintf("namespace %s has no default-deny NetworkPolicy: a pod that no policy names is open to the cluster; add one with podSelector: {} and policyTypes: [Ingress]", [input.object.metadata.name]),
	}
}

_denies if {
	some policy in input.related.policies
	policy.selects_all
	policy.ingress
}
