# METADATA
# title: Governing Service is not headless
# description: |
#   Only a headless Service (clusterIP: None) that selects the pods gives each of them a stable DNS name.
# related_resources:
# - https://kubernetes.io/docs/concepts/services-networking/service/#headless-services
# custom:
#   severity: warning
#   kinds: [StatefulSet]
#   needs: [services]
#   fix: none
#   since: 0.1.0
package kubelint.sts_service_not_headless

import rego.v1

# METADATA
# description: a governing Service with an address of its own
findings contains finding if {
	governing := input.related.governing
	governing.exists == "yes"
	not governing.headless
	finding := {
		"path": ["spec", "serviceName"],
		"message": sprintf("the governing Service %s is not headless: its name resolves to one virtual address, and the pods get no names of their own; set clusterIP: None (on a new Service, the field cannot be changed)", [governing.name]),
		"related": [object.union({"message": "this Service has a clusterIP"}, governing.place)],
	}
}

# METADATA
# description: a governing Service that selects other pods
findings contains finding if {
	governing := input.related.governing
	governing.exists == "yes"
	not governing.selects
	finding := {
		"path": ["spec", "serviceName"],
		"message": sprintf("the governing Service %s does not select the pods of this set: none of them gets a DNS name; make its selector match the template's labels", [governing.name]),
		"related": [object.union({"message": "this selector matches none of the set's pods"}, governing.place)],
	}
}
