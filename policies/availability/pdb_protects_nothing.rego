# METADATA
# title: PodDisruptionBudget that protects nothing
# description: |
#   A budget that lets all pods be evicted at once is as good as none: minAvailable 0, maxUnavailable 100 %, or as many as there
#   are replicas. A node drain may then take a replicated workload down as a whole.
# related_resources:
# - https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# custom:
#   severity: error
#   kinds: [PodDisruptionBudget]
#   needs: [pdbs, workloads, hpas]
#   fix: unsafe
#   since: 0.1.0
package kubelint.pdb_protects_nothing

import rego.v1

# METADATA
# description: a budget under which no pod has to stay; a single replica cannot be kept and evicted both, so it is left alone
findings contains finding if {
	budget := input.related.self
	budget.expected != 1
	some verdict in _verdicts(budget)
	finding := {
		"path": ["spec", verdict.field],
		"severity": _severity(budget),
		"message": sprintf("this budget protects nothing: %s, so a node drain can evict all pods at once; use maxUnavailable: 1", [verdict.why]),
		"related": [object.union({"message": sprintf("%d replicas at least", [workload.replicas_floor])}, workload.place) |
			some workload in budget.workloads
			workload.replicas_floor != null
		],
		"fix": {"title": "Allow one eviction at a time", "safety": "unsafe", "edits": [{"ops": [
			{"op": "remove", "path": ["spec", verdict.field]},
			{"op": "add", "path": ["spec", "maxUnavailable"], "value": 1},
		]}]},
	}
}

# METADATA
# description: what the budget itself says, whatever it selects; else what it comes to with the replicas that it selects
_verdicts(_) := [{"field": "minAvailable", "why": sprintf("minAvailable is %v", [input.object.spec.minAvailable])}] if {
	input.object.spec.minAvailable in {0, "0%"}
}

_verdicts(_) := [{"field": "maxUnavailable", "why": "maxUnavailable is 100 %"}] if input.object.spec.maxUnavailable == "100%"

_verdicts(budget) := [{"field": "maxUnavailable", "why": sprintf("it lets all %d pods go", [budget.expected])}] if {
	input.object.spec.maxUnavailable != null
	input.object.spec.maxUnavailable != "100%"
	budget.expected > 1
	budget.desired_healthy == 0
}

_severity(budget) := "error" if _holds_state(budget)

_severity(budget) := "warning" if not _holds_state(budget)

_holds_state(budget) if {
	some workload in budget.workloads
	workload.kind == "StatefulSet"
	workload.replicas_floor > 1
}
