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
# description: another budget that selects the same pods
findings contains finding if {
	some overlap in input.related.self.overlaps
	finding := {
		"path": ["spec", "selector"],
		"message": sprintf("%s %s is selected by this budget and by PodDisruptionBudget %s: the eviction API answers 500 for a pod with two budgets, whatever they allow; keep one", [overlap.workload.kind, overlap.workload.name, overlap.place.object.name]),
		"related": [object.union({"message": "the other budget"}, overlap.place)],
	}
}
