# METADATA
# title: Secret written out in a manifest
# description: |
#   A password in env.value lies in Git, in `kubectl describe`, in every copy of the rendered chart. A Secret is not much of
#   a vault, but it can be restricted, encrypted at rest, and rotated.
# related_resources:
# - https://kubernetes.io/docs/concepts/configuration/secret/
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod, ConfigMap]
#   fix: none
#   since: 0.1.0
#   profiles: [recommended, security]
#   params:
#     names: {default: "(?i)((^|[_.-])(pass(wd|phrase)?|secret|token|api[_-]?key|(access|private|secret|encryption|signing)[_-]?key|secret_key_base|credentials?|dsn|jwt([_-]key)?|(redis|valkey)(cli)?_auth)|password|[_.-]pwd)([_.-]?[0-9]+)?$", description: "regular expression for names of variables that hold secrets"}
#     harmless_names: {default: "(?i)(allow_empty_password|^etcd_(auth|initial_cluster)_token$|_(file|path|name|enabled|required|policy|ttl|expiry|length)$|^use_)", description: "names that only sound like it"}
#     harmless_values: {default: "^$|^(?i:yes|no|true|false|on|off|none|null|[0-9]+)$|^/[^ ]+$|^\\$\\(|^\\$\\{|^<[^>]*>$|^\\*+$", description: "values that are no secrets: empty, switches, numbers, paths, references, placeholders"}
package kubelint.secret_in_env_literal

import rego.v1

# METADATA
# description: each environment variable that is named like a secret and holds a literal
findings contains finding if {
	some container in input.workload.containers
	some variable in container.env
	variable.from == null
	is_string(variable.value)
	is_string(variable.name)
	regex.match(input.params.names, variable.name)
	not regex.match(input.params.harmless_names, variable.name)
	not regex.match(input.params.harmless_values, variable.value)
	finding := {
		"path": array.concat(variable.path, ["value"]),
		"message": sprintf("container %s: the value of %s is written out here, for everyone who may read this manifest: take it from a Secret (valueFrom.secretKeyRef)", [container.name, variable.name]),
	}
}

# METADATA
# description: each key of a ConfigMap that holds a private key
findings contains finding if {
	input.object.kind == "ConfigMap"
	is_object(input.object.data)
	some key, value in input.object.data
	regex.match(`-----BEGIN ([A-Z]+ )*PRIVATE KEY-----`, value)
	finding := {
		"path": ["data", key],
		"message": sprintf("the key %s holds a private key: everyone who may read ConfigMaps has it; move it to a Secret, and replace it", [key]),
	}
}
