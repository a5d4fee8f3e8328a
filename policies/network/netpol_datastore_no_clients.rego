# METADATA
# title: Policy admits nobody but the datastore
# description: |
#   A policy written for the cluster bus isolates the pods for everything else as well. Unless another policy admits the
#   clients, they are locked out.
# related_resources:
# - https://kubernetes.io/docs/concepts/services-networking/network-policies/
# custom:
#   severity: warning
#   kinds: [NetworkPolicy]
#   needs: [networkpolicies, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.netpol_datastore_no_clients

import rego.v1

# METADATA
# description: a policy on a datastore that admits the datastore alone
findings contains finding if {
	self := input.related.self
	self.admits_only_self
	some workload in self.workloads
	workload.datastore
	finding := {
		"path": ["spec", "ingress"],
		"message": sprintf("this policy admits only the pods it selects: members of %s reach each other, clients and metrics scrapers do not; admit the applications that use it", [workload.name]),
		"related": [object.union({"message": "cut off from its clients"}, workload.place)],
	}
}
