# METADATA
# description: Fixes that several rules offer.
package kubelint.lib.fixes

import rego.v1

# METADATA
# description: |
#   a startup probe that asks what the readiness probe asks, with a longer budget: every value is the object's own.
#   Empty where there is no readiness probe to derive it from
startup_from_readiness(container, failures) := {"fix": {
	"title": "Add a startup probe that asks what the readiness probe asks, for longer",
	"safety": "safe",
	"edits": [{"ops": [{
		"op": "add",
		"path": array.concat(container.path, ["startupProbe"]),
		"value": object.union(
			object.remove(container.spec.readinessProbe, ["initialDelaySeconds", "successThreshold"]),
			{"periodSeconds": 10, "failureThreshold": failures},
		),
	}]}],
}} if {
	container.probes.readiness != null
}

startup_from_readiness(container, _) := {} if container.probes.readiness == null

# METADATA
# description: sets a container's own memory limit, whatever of `resources` is there already
set_memory_limit(container, limit) := [{"op": "add", "path": container.resources_path, "value": {"limits": {"memory": limit}}}] if {
	not container.spec.resources
}

set_memory_limit(container, limit) := [{"op": "add", "path": array.concat(container.resources_path, ["limits"]), "value": {"memory": limit}}] if {
	container.spec.resources
	not container.spec.resources.limits
}

set_memory_limit(container, limit) := [{"op": "add", "path": array.concat(container.resources_path, ["limits", "memory"]), "value": limit}] if {
	container.spec.resources.limits
}
