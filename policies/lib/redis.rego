# METADATA
# description: Memory caps of Redis-family servers, as several rules ask for them.
package kubelint.lib.redis

import data.kubelint.lib.text
import rego.v1

# METADATA
# description: |
#   the Redis-family servers of the workload. An array, not a set: ordering whole containers by value costs more than
#   everything that is asked of them
servers := [container |
	some container in input.workload.containers
	container.software.family in {"redis", "valkey", "keydb", "dragonfly"}
	container.software.role == "server"
]

# METADATA
# description: those whose cap and memory limit are known
capped := [container |
	some container in servers
	container.memory_cap.bytes != null
	container.memory_cap.bytes > 0
	container.memory.limit != null
]

# METADATA
# description: a limit of that percentage of the cap, rounded up to 64Mi
proposed_bytes(container, percent) := ceil((container.memory_cap.bytes * percent) / (100 * 67108864)) * 67108864

# METADATA
# description: the same for people
proposed_limit(container, percent) := text.bytes(proposed_bytes(container, percent))

# METADATA
# description: sets the container's own limit
raise_limit(container, percent) := {
	"title": sprintf("Raise the memory limit to %s", [proposed_limit(container, percent)]),
	"safety": "unsafe",
	"edits": [{"ops": [{"op": "replace", "path": container.memory.limit_path, "value": proposed_limit(container, percent)}]}],
}

# METADATA
# description: |
#   error where persistence or replication is known to be on, warning where unknown, nothing where known to be off, nor for
#   Dragonfly, which saves and syncs without a fork
persistent_severity(container) := {"error"} if {
	container.software.family != "dragonfly"
	_persistent(container)
}

persistent_severity(container) := {"warning"} if {
	container.software.family != "dragonfly"
	not _persistent(container)
	"unknown" in {container.software.persistence, container.software.replication}
}

persistent_severity(container) := set() if container.software.family == "dragonfly"

persistent_severity(container) := set() if {
	container.software.persistence == "off"
	container.software.replication == "off"
}

_persistent(container) if container.software.persistence == "on"

_persistent(container) if container.software.replication == "on"

# METADATA
# description: does a folder of the container lie on a volume claim?
persistent(container, dir) if {
	some mount in container.mounts
	mount.source in {"claim", "hostPath", "csi", "ephemeral"}
	is_string(mount.path)
	startswith(concat("", [trim_suffix(dir, "/"), "/"]), concat("", [trim_suffix(mount.path, "/"), "/"]))
}

# METADATA
# description: the folder a server writes to, where it is known; /data is where the official images start
folder(container) := container.redis_conf.dir if is_string(container.redis_conf.dir)

folder(container) := "/data" if {
	not is_string(container.redis_conf.dir)
	trim_prefix(container.image.repository, "library/") in {"redis", "valkey/valkey", "eqalpha/keydb"}
}
