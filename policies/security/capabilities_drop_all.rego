# METADATA
# title: Default capabilities are kept
# description: |
#   The container runtime grants some fourteen Linux capabilities by default, NET_RAW among them, with which a process can
#   forge packets. Servers need none of them, or one.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
# - https://kubernetes.io/docs/concepts/security/pod-security-standards/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
package kubelint.capabilities_drop_all

import rego.v1

# METADATA
# description: each container that keeps the runtime's default capabilities
findings contains finding if {
	some container in input.workload.containers
	container.role != "ephemeral"
	not container.privileged
	not "ALL" in container.capabilities.drop
	finding := {
		"path": array.concat(container.path, ["securityContext", "capabilities", "drop"]),
		"message": sprintf("container %s keeps the default capabilities (CHOWN, SETUID, NET_RAW, ...): drop ALL and add back what it needs", [container.name]),
	}
}
