# METADATA
# title: Persistence onto a volume that is not kept
# description: |
#   appendonly or save writes the dataset to a file. Where that file lies on an emptyDir or in the container, it does not
#   outlive the pod; the copies that a fork makes are paid for all the same.
# related_resources:
# - https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
# custom:
#   severity: warning
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Pod]
#   software: [redis]
#   needs: [configmaps]
#   fix: none
#   since: 0.1.0
package kubelint.redis_persistence_on_ephemeral

import data.kubelint.lib.redis
import rego.v1

# METADATA
# description: each server that is told to persist into a folder which goes with the pod
findings contains finding if {
	some container in redis.servers
	container.software.persistence == "on"
	_asked_for(container.redis_conf)
	dir := redis.folder(container)
	not redis.persistent(container, dir)
	finding := {
		"path": container.path,
		"message": sprintf("container %s persists to %s, which is not on a volume claim: the file is gone with the pod, and writing it costs memory and time for nothing; mount a claim there, or switch persistence off", [container.name, dir]),
	}
}

_asked_for(conf) if conf.appendonly == "yes"

_asked_for(conf) if not conf.save in {null, ""}
