# METADATA
# title: Sensitive path of the node
# description: |
#   The root file system, /etc, /proc, /sys, the container runtime's socket, the kubelet's folder: with one of these mounted
#   a container is not contained. Other writable paths of the node outlive the pod.
# related_resources:
# - https://kubernetes.io/docs/concepts/security/pod-security-standards/
# - https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
#   params:
#     exact: {default: [/, /home, /root, /usr, /var, /var/run, /run, /var/lib], description: "paths that are sensitive themselves, not what is below them"}
#     below: {default: [/etc, /proc, /sys, /boot, /dev, /var/run/docker.sock, /run/docker.sock, /run/containerd, /var/run/containerd, /run/crio, /var/run/crio, /var/lib/kubelet, /var/lib/docker, /var/lib/containerd, /var/lib/etcd], description: "paths that are sensitive with everything below them"}
package kubelint.sensitive_host_path

import rego.v1

# METADATA
# description: each volume that shows the container the node's own files
findings contains finding if {
	some volume in input.workload.volumes
	volume.source == "hostPath"
	some verdict in _verdicts(volume)
	finding := {
		"path": array.concat(volume.path, ["hostPath", "path"]),
		"severity": verdict.severity,
		"message": sprintf("volume %s mounts %s of the node%s: %s", [volume.name, volume.spec.hostPath.path, _mounted(volume), verdict.why]),
	}
}

_verdicts(volume) := {{"severity": "error", "why": "whoever controls the container controls the node"}} if _sensitive(volume.spec.hostPath.path)

_verdicts(volume) := {{"severity": "warning", "why": "it is writable, and what is left there meets the next pod"} |
	_writable(volume)
} if {
	not _sensitive(volume.spec.hostPath.path)
}

_sensitive(path) if regex.replace(path, `(.)/+$`, "$1") in {name | some name in input.params.exact}

_sensitive(path) if {
	some prefix in input.params.below
	startswith(concat("", [path, "/"]), concat("", [prefix, "/"]))
}

_mounts(volume) := [mount | some container in input.workload.containers; some mount in container.mounts; mount.volume == volume.name]

_writable(volume) if {
	some mount in _mounts(volume)
	not mount.read_only
}

_mounted(volume) := sprintf(" in container %s", [concat(", ", _names(volume))]) if count(_names(volume)) > 0

_mounted(volume) := "" if count(_names(volume)) == 0

_names(volume) := {container.name | some container in input.workload.containers; some mount in container.mounts; mount.volume == volume.name}
