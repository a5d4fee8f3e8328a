# METADATA
# title: Dangerous capability
# description: |
#   SYS_ADMIN, SYS_MODULE, SYS_PTRACE and their like are as good as root on the node; NET_ADMIN and NET_RAW reach the network
#   of others.
# related_resources:
# - https://kubernetes.io/docs/concepts/security/pod-security-standards/
# - https://man7.org/linux/man-pages/man7/capabilities.7.html
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
#   params:
#     capabilities: {default: [ALL, SYS_ADMIN, NET_ADMIN, SYS_MODULE, SYS_PTRACE, SYS_RAWIO, SYS_BOOT, SYS_TIME, DAC_READ_SEARCH, BPF, PERFMON, MAC_ADMIN, MAC_OVERRIDE], description: "names without CAP_"}
package kubelint.capabilities_dangerous

import rego.v1

# METADATA
# description: each capability that amounts to root on the node, or to the network of others
findings contains finding if {
	some container in input.workload.containers
	some index, name in container.spec.securityContext.capabilities.add
	trim_prefix(upper(name), "CAP_") in {capability | some capability in input.params.capabilities}
	finding := {
		"path": array.concat(container.path, ["securityContext", "capabilities", "add", index]),
		"message": sprintf("container %s adds the capability %s, which reaches beyond the container; drop it, or exempt the container with a reason", [container.name, name]),
	}
}
