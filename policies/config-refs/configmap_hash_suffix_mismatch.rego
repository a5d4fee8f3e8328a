# METADATA
# title: Name with another hash suffix
# description: |
#   Generators append a hash of the content to a ConfigMap's name. A manifest that was applied past the generator refers to a
#   name that does not exist: a StatefulSet recreated that way lost its last pod.
# related_resources:
# - https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/configmapgenerator/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [configmaps, secrets]
#   fix: none
#   since: 0.1.0
package kubelint.configmap_hash_suffix_mismatch

import rego.v1

# METADATA
# description: each reference to a ConfigMap or Secret of which only a twin with another hash is there
findings contains finding if {
	some ref in input.workload.config_refs
	ref.exists == "no"
	not ref.optional
	ref.hash_twin != null
	finding := {
		"path": ref.path,
		"message": sprintf("%s %s is not there, but %s is: the name lost or changed its hash suffix, and pods that start from now on wait for it", [ref.kind, ref.name, ref.hash_twin]),
	}
}
