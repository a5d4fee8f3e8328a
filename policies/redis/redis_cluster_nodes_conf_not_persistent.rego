# METADATA
# title: nodes.conf is lost on restart
# description: |
#   A Redis Cluster member knows its own id, its slots and its peers from nodes.conf. Without that file it is a new, empty
#   node, and the old one stays in the cluster as failed until somebody forgets it by hand.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/scaling/
# custom:
#   severity: warning
#   kinds: [StatefulSet]
#   software: [redis]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.redis_cluster_nodes_conf_not_persistent

import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each cluster member that forgets who it is
findings contains finding if {
	some container in redis.servers
	container.software.cluster
	place := redis.folder(container)
	not redis.persistent(container, place)
	finding := {
		"path": container.path,
		"message": sprintf("container %s is a member of a Redis Cluster and keeps nodes.conf in %s, which is not on a volume claim: after a restart it comes back as a stranger, with no slots; mount a claim there", [container.name, place]),
	}
}
