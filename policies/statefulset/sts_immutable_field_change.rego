# METADATA
# title: Change of an immutable field
# description: |
#   Of a StatefulSet's spec only replicas, template, updateStrategy, minReadySeconds, ordinals and the volume retention policy
#   can be changed. For anything else the set has to be deleted and created again, and if its template then differs from what
#   the pods carry, all of them are restarted.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
# custom:
#   severity: error
#   kinds: [StatefulSet]
#   operations: [UPDATE]
#   fix: none
#   since: 0.1.0
package kubelint.sts_immutable_field_change

import rego.v1

# METADATA
# description: each field that changed and cannot be changed
findings contains finding if {
	some path in input.change.immutable_fields
	finding := {
		"path": path,
		"message": sprintf("%s cannot be changed: the API server refuses this update. To change it without losing the pods: take the live object (not the file), set updateStrategy OnDelete, delete it with --cascade=orphan, create it again, and compare status.updateRevision with the pods' labels before you set the strategy back", [concat(".", [sprintf("%v", [step]) | some step in path])]),
	}
}
