# METADATA
# title: Container runs privileged
# description: |
#   A privileged container has every capability and every device of its node: whoever breaks into it owns the node
#   and every pod on it. Hardly any workload needs that; a node agent that does deserves an exemption with a reason.
# related_resources:
# - https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
# custom:
#   severity: error
#   kinds: [Workload]
#   since: 0.1.0
package kubelint.privileged_container

import rego.v1

findings contains finding if {
	some container in input.workload.containers
	container.privileged
	finding := {
		"path": array.concat(container.path, ["securityContext", "privileged"]),
		"message": sprintf(
			"container %q runs privileged and owns its node; drop `privileged` and add the single capabilities it needs",
			[container.name],
		),
	}
}
