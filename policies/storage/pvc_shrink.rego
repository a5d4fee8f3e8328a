# METADATA
# title: Volume shrinks
# description: |
#   A PersistentVolumeClaim can be enlarged, never made smaller: data has to be copied to a new, smaller one.
# related_resources:
# - https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
# custom:
#   severity: error
#   kinds: [PersistentVolumeClaim, StatefulSet]
#   operations: [UPDATE]
#   fix: none
#   since: 0.1.0
package kubelint.pvc_shrink

import data.kubelint.lib.text
import rego.v1

# METADATA
# description: a claim that asks for less than before
findings contains finding if {
	input.old != null
	some shrink in input.change.shrinks
	finding := {
		"path": shrink.path,
		"message": sprintf("storage shrinks from %s to %s: a volume can only grow, the API server refuses this", [text.bytes(shrink.old), text.bytes(shrink.new)]),
	}
}
