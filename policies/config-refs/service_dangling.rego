# METADATA
# title: Service selects nothing
# description: |
#   A Service without endpoints refuses every connection. Most often a label was renamed on one side. Labels that something
#   else moves at run time (a role, a pod's name) are left out of the comparison.
# related_resources:
# - https://kubernetes.io/docs/concepts/services-networking/service/
# custom:
#   severity: warning
#   kinds: [Service]
#   needs: [services, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.service_dangling

import rego.v1

# METADATA
# description: a Service whose selector no workload of its namespace has
findings contains finding if {
	count(input.object.spec.selector) > 0
	object.get(input.object.spec, "type", "ClusterIP") != "ExternalName"
	count(input.related.workloads) == 0
	count(input.related.candidates) == 0
	finding := {
		"path": ["spec", "selector"],
		"severity": _severity,
		"message": sprintf("no workload %s has the labels that this Service selects: connections to it are refused", [_where]),
	}
}

_known if {
	input.related.complete.StatefulSet
	input.related.complete.Deployment
}

_severity := "warning" if _known

_severity := "info" if not _known

_where := "of the namespace" if _known

_where := "among the files given" if not _known
