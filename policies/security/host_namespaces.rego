# METADATA
# title: Pod shares namespaces of its node
# description: |
#   With the host's network a pod passes by every NetworkPolicy and reaches services bound to the node's loopback; with the
#   host's process or IPC namespace it sees, signals and reads what other pods run.
# related_resources:
# - https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   severity: error
#   kinds: [Workload]
#   since: 0.1.0
package kubelint.host_namespaces

import rego.v1

# METADATA
# description: What each field lets the pod do.
_harm := {
	"hostIPC": "reads the shared memory of other pods on its node",
	"hostNetwork": "passes by NetworkPolicies and reaches the loopback services of its node",
	"hostPID": "sees and signals the processes of other pods on its node",
}

findings contains finding if {
	some field, harm in _harm
	input.workload.spec[field] == true
	finding := {
		"path": array.concat(input.workload.spec_path, [field]),
		"message": sprintf("`%s: true`: the pod %s; remove it", [field, harm]),
	}
}
