# METADATA
# title: No authentication
# description: |
#   Without a password, and with protected mode switched off, a Redis server obeys everybody on the network, FLUSHALL and
#   CONFIG SET included.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/security/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   software: [redis]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
package kubelint.redis_no_auth

import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server that was told to let everybody in
findings contains finding if {
	some container in redis.servers
	container.software.family != "dragonfly"
	container.redis_conf.requirepass_set == false
	container.redis_conf.aclfile_set == false
	reasons := _reasons(container)
	count(reasons) > 0
	finding := {
		"path": container.path,
		"message": sprintf("container %s asks for no password (%s): whoever reaches the port reads and deletes everything; set requirepass or an aclfile from a Secret", [container.name, concat(", and ", reasons)]),
	}
}

_reasons(container) := {"ALLOW_EMPTY_PASSWORD is yes" |
	some variable in container.env
	variable.name == "ALLOW_EMPTY_PASSWORD"
	lower(variable.value) in {"yes", "true", "1"}
} | {"protected-mode is no and nothing else protects it" |
	container.redis_conf.protected_mode == "no"
}
