# METADATA
# title: Reference to a key that the ConfigMap lacks
# description: |
#   The ConfigMap is there, the key is not: a typing error, or a rename that was done on one side only. Pods that start from
#   now on do not come up.
# related_resources:
# - https://kubernetes.io/docs/concepts/configuration/configmap/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.configmap_key_missing

import rego.v1

# METADATA
# description: each reference to a key that the ConfigMap does not have
findings contains finding if {
	some ref in input.workload.config_refs
	ref.kind == "ConfigMap"
	ref.exists == "yes"
	ref.key_exists == "no"
	not ref.optional
	finding := {
		"path": ref.path,
		"message": sprintf("ConfigMap %s has no key %s: %s", [ref.name, ref.key, _consequence(ref)]),
	}
}

_consequence(ref) := "the container does not start (CreateContainerConfigError)" if ref.via == "env"

_consequence(ref) := "the volume is not mounted and the pod waits in ContainerCreating" if ref.via in {"volume", "projected"}
