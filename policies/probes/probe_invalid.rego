# METADATA
# title: Probe that is refused or useless
# description: |
#   What the API server refuses (a successThreshold other than 1 on liveness or startup, a probe on an init container that
#   ends), and a command whose own time limit is not below timeoutSeconds.
# related_resources:
# - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod]
#   fix: none
#   since: 0.1.0
package kubelint.probe_invalid

import rego.v1

# METADATA
# description: a success threshold that the API server refuses
findings contains finding if {
	some container in input.workload.containers
	some name in ["startup", "liveness"]
	probe := container.probes[name]
	probe.success != 1
	finding := {
		"path": array.concat(probe.path, ["successThreshold"]),
		"message": sprintf("container %s: the %sProbe has successThreshold %d, and Kubernetes accepts only 1 there", [container.name, name, probe.success]),
	}
}

# METADATA
# description: a probe on an init container that ends, which the API server refuses
findings contains finding if {
	some container in input.workload.containers
	container.role == "init"
	some name in ["startup", "readiness", "liveness"]
	probe := container.probes[name]
	probe != null
	finding := {
		"path": probe.path,
		"message": sprintf("init container %s has a %sProbe: Kubernetes refuses it unless restartPolicy is Always", [container.name, name]),
	}
}

# METADATA
# description: a time limit inside the command that the probe's own limit never lets expire
findings contains finding if {
	some container in input.workload.containers
	some name in ["startup", "readiness", "liveness"]
	probe := container.probes[name]
	is_array(probe.command)
	contains(concat(" ", probe.command), "timeout")
	matches := regex.find_all_string_submatch_n(`(?:^|[\s;&|(])timeout\s+(?:(?:-[sk]|--signal|--kill-after)[ =]\S+\s+|-\S+\s+)*(\d+)s?\s`, concat(" ", probe.command), 1)
	inner := to_number(matches[0][1])
	inner >= probe.timeout
	finding := {
		"path": array.concat(probe.path, ["timeoutSeconds"]),
		"severity": "warning",
		"message": sprintf("container %s: the command of the %sProbe gives itself %d s, the probe gives up after %d s: it leaves the process behind; set timeoutSeconds above %d", [container.name, name, inner, probe.timeout, inner]),
	}
}
