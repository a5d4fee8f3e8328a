# METADATA
# title: Token mounted that nobody asked for
# description: |
#   Every pod gets an API token unless somebody says no. A workload that names no service account has no use for it.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [serviceaccounts]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
package kubelint.automount_service_account_token

import rego.v1

# METADATA
# description: a workload under the default service account whose pods carry its token
findings contains finding if {
	input.workload.service_account == "default"
	not _off
	finding := {
		"path": array.concat(input.workload.spec_path, ["automountServiceAccountToken"]),
		"message": sprintf("%s runs under the default service account and mounts its token: whoever breaks in can talk to the API server; set automountServiceAccountToken: false, or name an account of its own", [input.object.metadata.name]),
	}
}

_off if input.workload.spec.automountServiceAccountToken == false

# METADATA
# description: the pod's own setting beats the account's
_off if {
	not input.workload.spec.automountServiceAccountToken
	input.related.service_account.automount == false
}
