# METADATA
# title: Datastore open to the whole cluster
# description: |
#   Without a NetworkPolicy every pod of the cluster can connect to every other. A staging load test exhausted the production
#   cache that way.
# related_resources:
# - https://kubernetes.io/docs/concepts/services-networking/network-policies/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment]
#   needs: [networkpolicies]
#   fix: none
#   since: 0.1.0
package kubelint.netpol_datastore_open

import rego.v1

# METADATA
# description: a datastore that anybody in the cluster may talk to
findings contains finding if {
	input.workload.datastore
	input.workload.hook == null
	not input.workload.host_network
	some why in _reasons
	finding := {
		"path": ["metadata", "name"],
		"severity": _severity,
		"message": sprintf("%s: a load test in another namespace reaches this datastore as well as its application does; add a NetworkPolicy that admits its clients only", [why]),
	}
}

_reasons contains "no NetworkPolicy isolates these pods" if not input.related.network.ingress_isolated

_reasons contains "a NetworkPolicy admits all pods of all namespaces" if {
	input.related.network.ingress_isolated
	input.related.network.allows_all_ingress
}

_severity := "warning" if input.related.complete.NetworkPolicy

_severity := "info" if not input.related.complete.NetworkPolicy
