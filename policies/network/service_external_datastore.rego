# METADATA
# title: Datastore published outside the cluster
# description: |
#   Databases and caches speak protocols that were made for trusted networks. A load balancer or node port puts them on
#   another one.
# related_resources:
# - https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types
# custom:
#   severity: error
#   kinds: [Service]
#   needs: [services, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.service_external_datastore

import rego.v1

# METADATA
# description: a datastore that is published outside the cluster without saying for whom
findings contains finding if {
	some exposure in _exposures
	some workload in input.related.workloads
	workload.datastore
	finding := {
		"path": exposure.path,
		"message": sprintf("%s %s publishes the datastore %s to whoever reaches the nodes: keep it inside, or restrict it with loadBalancerSourceRanges or an internal load balancer", [input.object.kind, exposure.what, workload.name]),
		"related": [object.union({"message": "reachable from outside"}, workload.place)],
	}
}

_exposures contains {"path": ["spec", "type"], "what": "of type LoadBalancer"} if {
	input.object.spec.type == "LoadBalancer"
	count(object.get(input.object.spec, "loadBalancerSourceRanges", [])) == 0
	not _internal
}

_exposures contains {"path": ["spec", "type"], "what": "of type NodePort"} if input.object.spec.type == "NodePort"

_exposures contains {"path": ["spec", "externalIPs"], "what": "with externalIPs"} if count(input.object.spec.externalIPs) > 0

_internal if {
	is_object(input.object.metadata.annotations)
	some key, value in input.object.metadata.annotations
	regex.match(`(?i)internal`, sprintf("%v=%v", [key, value]))
	not lower(sprintf("%v", [value])) in {"false", "no"}
}
