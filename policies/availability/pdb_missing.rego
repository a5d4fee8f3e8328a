# METADATA
# title: No PodDisruptionBudget
# description: |
#   A node drain evicts every replica it meets, all at once, unless a PodDisruptionBudget selects them. One that allows one
#   eviction at a time (maxUnavailable 1) keeps a replicated workload up through drains and cluster upgrades.
#   It gates evictions only: not rolling updates, not node loss, not the OOM killer.
# related_resources:
# - https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment]
#   needs: [pdbs, hpas]
#   deny: [StatefulSet]
#   fix: unsafe
#   since: 0.1.0
#   params:
#     min_replicas: {default: 2, description: "replicas from which a workload needs a budget"}
package kubelint.pdb_missing

import rego.v1

# METADATA
# description: a replicated workload that no PodDisruptionBudget selects
findings contains finding if {
	count(input.related.pdbs) == 0
	input.workload.hook == null
	some verdict in _verdicts
	finding := {
		"path": ["metadata", "name"],
		"severity": verdict.severity,
		"message": sprintf("no PodDisruptionBudget selects the pods of this %s (%s): a node drain can evict all of them at once; add one with maxUnavailable: 1", [input.workload.kind, verdict.why]),
		"fix": {"title": "Add a PodDisruptionBudget that allows one eviction at a time", "safety": "unsafe", "edits": [], "creates": [_pdb]},
	}
}

# METADATA
# description: how bad it is; nothing for a workload with too few replicas
_verdicts contains {"severity": _severity, "why": sprintf("%d replicas", [input.workload.replicas_floor])} if {
	input.workload.replicas_floor >= input.params.min_replicas
}

_verdicts contains {"severity": _weaker, "why": sprintf("an HPA may scale it to %d replicas", [input.workload.replicas_ceiling])} if {
	input.workload.replicas_floor < input.params.min_replicas
	input.workload.replicas_ceiling >= input.params.min_replicas
}

_severity := "info" if input.set.partial

_severity := "error" if {
	not input.set.partial
	input.workload.kind == "StatefulSet"
}

_severity := "warning" if {
	not input.set.partial
	input.workload.kind != "StatefulSet"
}

_weaker := "info" if input.set.partial

_weaker := "warning" if not input.set.partial

_metadata := {"name": input.object.metadata.name, "namespace": input.object.metadata.namespace} if input.object.metadata.namespace

_metadata := {"name": input.object.metadata.name} if not input.object.metadata.namespace

_pdb := {
	"apiVersion": "policy/v1",
	"kind": "PodDisruptionBudget",
	"metadata": _metadata,
	"spec": {"maxUnavailable": 1, "selector": input.object.spec.selector},
}
