# METADATA
# title: Governing Service hides members that are not ready
# description: |
#   Replicas look for their master, and cluster members for each other, by the names of the governing Service, at a time when
#   readiness still depends on finding them.
# related_resources:
# - https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
# custom:
#   severity: warning
#   kinds: [Service]
#   needs: [services, workloads]
#   fix: safe
#   since: 0.1.0
package kubelint.redis_headless_publish_not_ready

import rego.v1

# METADATA
# description: the governing Service of members that have to find each other before they are ready
findings contains finding if {
	input.object.spec.clusterIP == "None"
	object.get(input.object.spec, "publishNotReadyAddresses", false) != true
	some workload in input.related.workloads
	workload.kind == "StatefulSet"
	workload.service_name == input.object.metadata.name
	_members(workload)
	finding := {
		"path": ["spec", "publishNotReadyAddresses"],
		"message": sprintf("StatefulSet %s finds its members through this Service, and it hides those that are not ready: after a full stop nobody is ready, so nobody finds anybody; set publishNotReadyAddresses: true", [workload.name]),
		"related": [object.union({"message": "governed by this Service"}, workload.place)],
		"fix": {"title": "Publish members that are not ready yet", "safety": "safe", "edits": [{"ops": [{"op": "add", "path": ["spec", "publishNotReadyAddresses"], "value": true}]}]},
	}
}

_members(workload) if {
	workload.replicas_floor > 1
	some container in workload.containers
	container.software.family in {"redis", "valkey", "keydb"}
	container.software.role == "server"
}
