# METADATA
# title: Reference to a Secret that is not there
# description: |
#   Secrets are rarely in Git, so their absence from the files is a reminder at most; a key that a present Secret lacks is
#   an error.
# related_resources:
# - https://kubernetes.io/docs/concepts/configuration/secret/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [secrets]
#   fix: none
#   since: 0.1.0
package kubelint.secret_ref_missing

import data.kubelint.lib.completeness
import rego.v1

# METADATA
# description: each reference to a Secret, or a key of one, that is not there
findings contains finding if {
	some ref in input.workload.config_refs
	ref.kind == "Secret"
	not ref.optional
	ref.hash_twin == null
	some verdict in _verdicts(ref)
	finding := {"path": ref.path, "severity": verdict.severity, "message": verdict.message}
}

_verdicts(ref) := [{
	"severity": completeness.severity("Secret"),
	"message": sprintf("Secret %s is not %s: pods that start from now on wait for it%s", [ref.name, completeness.where("Secret"), completeness.reservation("Secret")]),
}] if {
	ref.exists == "no"
}

_verdicts(ref) := [{"severity": "error", "message": sprintf("Secret %s has no key %s: the container does not start", [ref.name, ref.key])}] if {
	ref.exists == "yes"
	ref.key_exists == "no"
}
