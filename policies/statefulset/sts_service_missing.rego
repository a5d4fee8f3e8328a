# METADATA
# title: Governing Service is missing
# description: |
#   A StatefulSet's pods are named in DNS by the Service that spec.serviceName names. Nothing checks that it exists: the pods
#   run, and replication, Sentinel and cluster bus fail to resolve their peers.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
# custom:
#   severity: error
#   kinds: [StatefulSet]
#   needs: [services]
#   fix: none
#   since: 0.1.0
package kubelint.sts_service_missing

import data.kubelint.lib.completeness
import rego.v1

# METADATA
# description: a set without a governing Service
findings contains finding if {
	object.get(input.object.spec, "serviceName", "") == ""
	finding := {
		"path": ["spec", "serviceName"],
		"severity": "warning",
		"message": "spec.serviceName is empty: the pods get no DNS names of their own, which members of a cluster find each other by; name a headless Service",
	}
}

# METADATA
# description: a set whose governing Service is not there
findings contains finding if {
	input.workload.service_name != null
	input.workload.service_name != ""
	input.related.governing.exists == "no"
	finding := {
		"path": ["spec", "serviceName"],
		"severity": completeness.severity("Service"),
		"message": sprintf("the governing Service %s is not %s: the pods get no DNS names, and members that look for each other by name do not find each other", [input.workload.service_name, completeness.where("Service")]),
	}
}
