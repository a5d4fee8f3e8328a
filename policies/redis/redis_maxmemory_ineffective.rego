# METADATA
# title: maxmemory where nothing loads it
# description: |
#   The author believes in a cap that is never loaded: a file that the start script does not include, an environment variable
#   that the image does not read. The server runs without it, or with another one.
#   A directive that a later one overrides on purpose is shown beside the winner, not here.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/config/
# custom:
#   severity: error
#   kinds: [ConfigMap, StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   needs: [configmaps, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.redis_maxmemory_ineffective

import rego.v1

# METADATA
# description: a directive of this ConfigMap or Secret that no workload which uses it ever loads
findings contains finding if {
	input.workload == null
	some directive in {key |
		some seen in _seen
		key := {"path": seen.candidate.place.path, "within": seen.candidate.place.within}
	}
	records := [seen | some seen in _seen; seen.candidate.place.path == directive.path; seen.candidate.place.within == directive.within]
	every seen in records {
		seen.known
		seen.candidate.status in {"not-loaded", "ignored"}
	}
	finding := object.union(directive, {"message": sprintf("%s takes effect nowhere: %s", [records[0].candidate.text, records[0].candidate.reason])})
}

# METADATA
# description: a setting of the workload itself that its server never reads
findings contains finding if {
	some container in input.workload.containers
	container.memory_cap.certainty != "unresolved"
	some candidate in container.memory_cap.candidates
	candidate.status in {"not-loaded", "ignored"}
	candidate.place.object == null
	finding := {
		"path": candidate.place.path,
		"within": candidate.place.within,
		"message": sprintf("container %s: %s takes no effect: %s", [container.name, candidate.text, candidate.reason]),
	}
}

# METADATA
# description: |
#   what the workloads that use this object make of its directives; where one cannot be followed, nothing is known to be
#   without effect
_seen contains {"candidate": candidate, "known": container.memory_cap.certainty != "unresolved"} if {
	some workload in input.related.workloads
	some container in workload.containers
	some candidate in container.memory_cap.candidates
	candidate.place.object.kind == input.object.kind
	candidate.place.object.name == input.object.metadata.name
}
