# METADATA
# title: Privilege escalation is allowed
# description: |
#   Unless allowPrivilegeEscalation is false, a process can gain rights that its parent lacks, through a setuid binary for
#   example. Hardly any server needs that. A privileged container, or one with SYS_ADMIN, has them anyway.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
# - https://kubernetes.io/docs/concepts/security/pod-security-standards/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: unsafe
#   since: 0.1.0
#   profiles: [recommended, security]
package kubelint.privilege_escalation

import rego.v1

# METADATA
# description: each container whose processes may gain more rights than they started with
findings contains finding if {
	some container in input.workload.containers
	container.allow_privilege_escalation
	not container.privileged
	not "SYS_ADMIN" in container.capabilities.add
	path := array.concat(container.path, ["securityContext", "allowPrivilegeEscalation"])
	finding := {
		"path": path,
		"message": sprintf("container %s may gain rights through setuid binaries: set allowPrivilegeEscalation: false", [container.name]),
		"fix": {"title": "Forbid privilege escalation", "safety": "unsafe", "edits": [{"ops": _ops(container, path)}]},
	}
}

_ops(container, path) := [{"op": "add", "path": path, "value": false}] if container.spec.securityContext

_ops(container, _) := [{"op": "add", "path": array.concat(container.path, ["securityContext"]), "value": {"allowPrivilegeEscalation": false}}] if not container.spec.securityContext
