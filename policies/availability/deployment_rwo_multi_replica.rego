# METADATA
# title: One ReadWriteOnce volume for several pods
# description: |
#   A claim with ReadWriteOnce can be mounted on one node. A Deployment with several replicas, or one that surges during an
#   update, wants it on two: the update hangs, or two servers write one dataset.
# related_resources:
# - https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
# custom:
#   severity: error
#   kinds: [Deployment]
#   needs: [pvcs, hpas]
#   fix: none
#   since: 0.1.0
package kubelint.deployment_rwo_multi_replica

import rego.v1

# METADATA
# description: a Deployment whose pods share a volume that one node at a time can mount
findings contains finding if {
	some why in _overlaps
	some volume in input.workload.volumes
	some pvc in input.related.pvcs
	pvc.name == volume.claim
	count(pvc.access_modes) > 0
	every mode in pvc.access_modes {
		mode in {"ReadWriteOnce", "ReadWriteOncePod"}
	}
	finding := {
		"path": array.concat(volume.path, ["persistentVolumeClaim", "claimName"]),
		"message": sprintf("%s, and they share the claim %s, which one node at a time can mount (%s): the second pod waits in ContainerCreating, or both write the same files; use a StatefulSet, or strategy Recreate with one replica", [why, volume.claim, concat(", ", pvc.access_modes)]),
		"related": [object.union({"message": "this claim"}, pvc.place)],
	}
}

_overlaps contains sprintf("%d replicas may run", [input.workload.replicas_ceiling]) if input.workload.replicas_ceiling > 1

_overlaps contains "a rolling update runs the new pod beside the old one" if {
	input.workload.replicas_ceiling <= 1
	input.workload.update_strategy.type == "RollingUpdate"
	not input.workload.update_strategy.max_surge in {0, "0", "0%"}
}
