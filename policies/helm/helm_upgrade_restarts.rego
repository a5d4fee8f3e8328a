# METADATA
# title: Upgrade restarts the pods
# description: |
#   A controller replaces every pod whose template is no longer the one it was made from, were it only for a label. Of a datastore
#   that is a failover or an outage for each member, so it should be meant, and announced. Needs the previous version: `--base REV`,
#   `--previous FILE`, or an update in the cluster. Labels that carry the chart's version restart the pods for nothing.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates
# - https://helm.sh/docs/chart_best_practices/labels/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet]
#   operations: [UPDATE]
#   fix: none
#   since: 0.1.0
package kubelint.helm_upgrade_restarts

import rego.v1

# METADATA
# description: each workload whose pods this update replaces, with what of their template differs
findings contains finding if {
	input.change.restarts.any
	_stateful
	count(input.change.template_diff) > 0
	finding := {
		"path": input.change.template_diff[0].path,
		"severity": _severity,
		"message": sprintf("this update replaces %s: the template differs in %s; %s", [_pods, _what, _advice]),
		"related": [{"path": other.path, "message": "differs, too"} | some nth, other in input.change.template_diff; nth > 0; nth < 6],
	}
}

_stateful if input.object.kind == "StatefulSet"

_stateful if input.workload.datastore

_classes := {difference.class | some difference in input.change.template_diff}

# METADATA
# description: nothing of it changes what the pods do
_for_nothing if count(_classes - {"chart", "restart"}) == 0

_mild if {
	not _for_nothing
	not input.workload.datastore
}

_severity := "info" if _mild

_severity := "warning" if not _mild

_pods := sprintf("%d pods one by one (%s)", [count(input.change.restarts.ordinals), concat(", ", [sprintf("%d", [ordinal]) | some nth, ordinal in input.change.restarts.ordinals; nth < 10])]) if {
	is_array(input.change.restarts.ordinals)
}

_pods := "its pods" if input.change.restarts.ordinals == null

_shown := [concat(".", [sprintf("%v", [step]) | some step in difference.path]) | some nth, difference in input.change.template_diff; nth < 4]

_what := concat(", ", _shown) if count(input.change.template_diff) <= 4

_what := sprintf("%s and %d more", [concat(", ", _shown), count(input.change.template_diff) - 4]) if count(input.change.template_diff) > 4

_advice := "none of that changes what they do: keep such labels and annotations out of the pod template" if _for_nothing

_advice := sprintf("if it has to wait for a quiet hour, %s first", [object.get({"Deployment": "pause it"}, input.object.kind, "set updateStrategy OnDelete")]) if not _for_nothing
