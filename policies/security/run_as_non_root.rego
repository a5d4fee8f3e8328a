# METADATA
# title: May run as root
# description: |
#   A process that runs as root in a container is root on the node, once it is out. Without runAsNonRoot or a runAsUser the
#   image decides; a command that replaces an image's entrypoint also replaces the part of it that drops root.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
# - https://kubernetes.io/docs/concepts/security/pod-security-standards/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
package kubelint.run_as_non_root

import rego.v1

# METADATA
# description: each container that may run as root; its own settings override the pod's
findings contains finding if {
	some container in input.workload.containers
	container.role != "ephemeral"
	some why in _reasons(container)
	finding := {
		"path": array.concat(container.path, ["securityContext"]),
		"message": sprintf("container %s %s: set runAsNonRoot: true, with a runAsUser the image can run as", [container.name, why]),
	}
}

_reasons(container) := {"runs as root (runAsUser 0)"} if container.run_as_user == 0

_reasons(container) := {"may run as root: neither runAsNonRoot nor runAsUser is set"} if {
	container.run_as_user == null
	not container.run_as_non_root
}
