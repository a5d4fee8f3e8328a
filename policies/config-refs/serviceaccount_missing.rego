# METADATA
# title: ServiceAccount is missing
# description: |
#   Pods that name a ServiceAccount which does not exist are refused by the API server, one by one: the workload stays at its
#   old pods, or at none, and only an event says why.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   needs: [serviceaccounts]
#   fix: none
#   since: 0.1.0
package kubelint.serviceaccount_missing

import data.kubelint.lib.completeness
import rego.v1

# METADATA
# description: a workload under an account that is not there
findings contains finding if {
	account := input.related.service_account
	account.name != "default"
	account.exists == "no"
	finding := {
		"path": array.concat(input.workload.spec_path, ["serviceAccountName"]),
		"severity": completeness.severity("ServiceAccount"),
		"message": sprintf("ServiceAccount %s is not %s: no pod is created without it", [account.name, completeness.where("ServiceAccount")]),
	}
}
