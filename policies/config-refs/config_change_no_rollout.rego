# METADATA
# title: Configuration change without a rollout
# description: |
#   A mounted ConfigMap is updated in place, but a database reads its configuration when it starts. Each member then picks the
#   change up at its own next restart: the set runs with mixed settings, and a fault in them shows at the worst moment.
# related_resources:
# - https://helm.sh/docs/howto/charts_tips_and_tricks/#automatically-roll-deployments
# custom:
#   severity: info
#   kinds: [StatefulSet, Deployment, DaemonSet]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.config_change_no_rollout

import rego.v1

# METADATA
# description: each ConfigMap that a server reads once, at start, and that nothing restarts it for
findings contains finding if {
	input.workload.datastore
	some ref in input.workload.config_refs
	ref.kind == "ConfigMap"
	ref.exists == "yes"
	ref.via in {"volume", "projected"}
	ref.key == null
	not _checksum
	not _hashed(ref.name)
	_configures(ref)
	finding := {
		"path": ref.path,
		"message": sprintf("a change of ConfigMap %s reaches the files but not the server, which reads them at start: the pods go on with the old settings until something restarts them, one by one and unnoticed; put a checksum of it into the template's annotations, or its hash into its name", [ref.name]),
	}
}

_checksum if {
	some key, _ in input.workload.annotations
	regex.match(`(?i)checksum|config-?hash|sha(1|256)`, key)
}

_hashed(name) if regex.match(`-[a-z0-9]{10}$`, name)

# METADATA
# description: a directive in it takes effect in this workload
_configures(ref) if {
	some container in input.workload.containers
	some candidate in container.memory_cap.candidates
	candidate.place.object.kind == "ConfigMap"
	candidate.place.object.name == ref.name
}
