# METADATA
# title: Service points at an undeclared port
# description: |
#   A targetPort by name is looked up among the containers' ports; one that none bears leads nowhere. A number works if
#   something listens there, and is most often a typing error.
# related_resources:
# - https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
# custom:
#   severity: error
#   kinds: [Service]
#   needs: [services, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.service_target_port

import rego.v1

# METADATA
# description: each port of a Service that the pods behind it do not have
findings contains finding if {
	count(input.related.workloads) > 0
	some index, port in input.object.spec.ports
	target := object.get(port, "targetPort", port.port)
	not _declared(target)
	finding := {
		"path": ["spec", "ports", index, _field(port)],
		"severity": _severity(target),
		"message": sprintf("targetPort %v is declared by no container behind this Service%s", [target, _consequence(target)]),
		"related": [object.union({"message": "selected by this Service"}, workload.place) | some workload in input.related.workloads],
	}
}

_field(port) := "targetPort" if port.targetPort

_field(port) := "port" if not port.targetPort

_declared(target) if {
	some workload in input.related.workloads
	some container in workload.containers
	some port in container.ports
	target in {port.name, port.number, sprintf("%v", [port.number])}
}

# METADATA
# description: pods without any declared port say nothing about numbers
_declared(target) if {
	is_number(target)
	every workload in input.related.workloads {
		count([port | some container in workload.containers; some port in container.ports]) == 0
	}
}

_severity(target) := "error" if {
	is_string(target)
	not _headless
}

_severity(target) := "warning" if {
	is_string(target)
	_headless
}

_severity(target) := "info" if is_number(target)

_consequence(target) := ": the name cannot be resolved, and connections are refused" if is_string(target)

_consequence(target) := "; declare it, so that a reader can tell a typing error from intent" if is_number(target)

# METADATA
# description: clients of a headless Service connect to the pods themselves; only its SRV records lack the port
_headless if input.object.spec.clusterIP == "None"
