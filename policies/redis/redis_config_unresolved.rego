# METADATA
# title: Configuration that could not be followed
# description: |
#   Part of the configuration of this server is out of sight: a ConfigMap that was not given, a file inside the image, a
#   variable whose value is set elsewhere. The memory rules say nothing about it rather than guess.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/config/
# custom:
#   severity: info
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   software: [redis]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.redis_config_unresolved

import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server whose cap is unresolved
findings contains finding if {
	some container in redis.servers
	container.memory_cap.certainty == "unresolved"
	container.memory_cap.error == null
	finding := {
		"path": container.path,
		"message": sprintf("container %s: maxmemory is not known, the memory rules are skipped: %s", [container.name, container.memory_cap.reason]),
	}
}
