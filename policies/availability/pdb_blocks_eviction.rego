# METADATA
# title: PodDisruptionBudget that blocks every drain
# description: |
#   A budget whose desired number of healthy pods is all of them allows no eviction, nor does one that sets nothing: node drains,
#   cluster upgrades and the autoscaler hang on it. Percentages round up: minAvailable 67 % of 3 is 3. Counted are spec.replicas, or an HPA's minimum.
# related_resources:
# - https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# custom:
#   severity: error
#   kinds: [PodDisruptionBudget]
#   needs: [pdbs, workloads, hpas]
#   fix: unsafe
#   since: 0.1.0
package kubelint.pdb_blocks_eviction

import rego.v1

# METADATA
# description: a budget that never allows an eviction of a workload it selects
findings contains finding if {
	budget := input.related.self
	budget.expected > 0
	budget.blocks
	finding := object.union(
		{
			"path": ["spec", _field],
			"severity": _severity(budget),
			"message": sprintf("this budget never allows an eviction: %s, so a node drain waits for ever; %s", [_needs(budget), _advice(budget)]),
			"related": [object.union({"message": sprintf("%d replicas at least", [workload.replicas_floor])}, workload.place) |
				some workload in budget.workloads
				workload.replicas_floor != null
			],
		},
		_fix(budget),
	)
}

_field := "minAvailable" if input.object.spec.minAvailable

_field := "maxUnavailable" if not input.object.spec.minAvailable

_needs(budget) := sprintf("%d of %d pods must stay up", [budget.desired_healthy, budget.expected]) if budget.desired_healthy > 0

_needs(budget) := "neither minAvailable nor maxUnavailable is set, and the controller then allows none" if budget.desired_healthy == 0

# METADATA
# description: Kubernetes documents maxUnavailable 0 on a single instance as a deliberate pattern
_severity(budget) := "warning" if budget.expected == 1

_severity(budget) := "error" if budget.expected > 1

_advice(budget) := "run two replicas, or drop the budget and accept the interruption" if budget.expected == 1

_advice(budget) := "use maxUnavailable: 1" if budget.expected > 1

_fix(budget) := {"fix": {"title": "Allow one eviction at a time", "safety": "unsafe", "edits": [{"ops": array.concat(
	[{"op": "remove", "path": ["spec", name]} | some name in ["minAvailable", "maxUnavailable"]; name in object.keys(input.object.spec)],
	[{"op": "add", "path": ["spec", "maxUnavailable"], "value": 1}],
)}]}} if {
	budget.expected > 1
}

_fix(budget) := {} if budget.expected == 1
