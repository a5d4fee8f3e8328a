# METADATA
# title: PodDisruptionBudget over the whole namespace
# description: |
#   In policy/v1 an empty selector selects all pods of the namespace (in v1beta1 it selected none). One such budget overlaps
#   with every other one, and an unready pod anywhere blocks drains of all.
# related_resources:
# - https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# custom:
#   severity: warning
#   kinds: [PodDisruptionBudget]
#   fix: none
#   since: 0.1.0
package kubelint.pdb_selector_empty

import rego.v1

# METADATA
# description: a policy/v1 budget whose selector is there and empty
findings contains finding if {
	input.object.apiVersion == "policy/v1"
	selector := input.object.spec.selector
	count(object.get(selector, "matchLabels", {})) == 0
	count(object.get(selector, "matchExpressions", [])) == 0
	finding := {
		"path": ["spec", "selector"],
		"message": "the empty selector selects every pod of the namespace, Jobs and other teams' workloads included: name the labels of one workload",
	}
}
