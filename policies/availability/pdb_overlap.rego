# METADATA
# title: Two PodDisruptionBudgets on one pod
# description: |
#   The eviction API refuses to evict a pod that two budgets select, even if both would allow it: every drain of its node
#   fails. Operators and charts bring a budget of their own, and a second one is added beside it.
# related_resources:
# - https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# custom:
#   severity: error
#   kinds: [PodDisruptionBudget]
#   needs: [pdbs, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.pdb_overlap

import rego.v1

# METADATA
# description: a budget whose pods other budgets select too, said once for all of them
findings contains finding if {
	overlaps := input.related.self.overlaps
	count(overlaps) > 0
	workloads := {sprintf("%s %s", [overlap.workload.kind, overlap.workload.name]) | some overlap in overlaps}
	budgets := {overlap.place.object.name | some overlap in overlaps}
	finding := {
		"path": ["spec", "selector"],
		"message": sprintf("%s: selected by this budget and by PodDisruptionBudget %s: the eviction API answers 500 for a pod with two budgets, whatever they allow; keep one", [_few(workloads), _few(budgets)]),
		"related": [object.union({"message": "the other budget"}, place) | some place in {overlap.place | some overlap in overlaps}],
	}
}

_few(names) := concat(", ", names) if count(names) <= 3

_few(names) := sprintf("%s and others", [concat(", ", array.slice(sort(names), 0, 3))]) if count(names) > 3
