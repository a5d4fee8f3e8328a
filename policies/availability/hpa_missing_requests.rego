# METADATA
# title: HPA cannot compute utilisation
# description: |
#   Utilization is usage divided by requests, summed over all containers of the pod. If one of them has no request, a forgotten
#   sidecar, the HPA fails to compute it and leaves the replicas as they are.
# related_resources:
# - https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
# custom:
#   severity: error
#   kinds: [HorizontalPodAutoscaler]
#   needs: [hpas, workloads, limitranges]
#   fix: none
#   since: 0.1.0
package kubelint.hpa_missing_requests

import rego.v1

# METADATA
# description: an HPA on the utilisation of requests that a container of its target lacks
findings contains finding if {
	some index, metric in _metrics
	some workload in input.related.workloads
	lacking := [container.name |
		some container in workload.containers
		container.role in {"app", "sidecar"}
		container[metric.resource].request == null
	]
	count(lacking) > 0
	finding := {
		"path": metric.path,
		"message": sprintf("utilisation is a share of the %s request, and container %s of %s has none: the HPA computes nothing and never scales; set the request, or use AverageValue", [metric.resource, concat(", ", lacking), workload.name]),
		"related": [object.union({"message": "scaled by this HPA"}, workload.place)],
	}
}

# METADATA
# description: the metrics that are shares of a request, with their place
_metrics contains {"resource": metric.resource.name, "path": ["spec", "metrics", index]} if {
	some index, metric in input.object.spec.metrics
	metric.type == "Resource"
	metric.resource.name in {"cpu", "memory"}
	metric.resource.target.type == "Utilization"
}

_metrics contains {"resource": "cpu", "path": ["spec", "targetCPUUtilizationPercentage"]} if input.object.spec.targetCPUUtilizationPercentage
