# METADATA
# title: Overlapping runs
# description: |
#   By default a CronJob starts a run while the previous one still works. Two backups, two migrations or two clean-ups of one
#   database at the same time are one too many.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy
# custom:
#   severity: warning
#   kinds: [CronJob]
#   fix: safe
#   since: 0.1.0
#   params:
#     words: {default: "backup|dump|restore|snapshot|migrat|vacuum|cleanup|clean-up|redis|valkey|postgres|psql|mysql|mariadb|mongo|etcd|kafka|cassandra|elasticsearch", description: "regular expression for names, images and commands that touch a datastore"}
package kubelint.cronjob_concurrency

import rego.v1

# METADATA
# description: a CronJob on a datastore whose runs may overlap
findings contains finding if {
	object.get(input.object.spec, "concurrencyPolicy", "Allow") == "Allow"
	regex.match(input.params.words, lower(sprintf("%v %v", [input.object.metadata.name, [sprintf("%v %v %v", [c.image.text, c.spec.command, c.spec.args]) | some c in _containers]])))
	path := ["spec", "concurrencyPolicy"]
	finding := {
		"path": path,
		"message": "concurrencyPolicy is Allow: a run that takes longer than the schedule meets the next one, on the same data; set Forbid",
		"fix": {"title": "Let no two runs overlap", "safety": "safe", "edits": [{"ops": [{"op": "add", "path": path, "value": "Forbid"}]}]},
	}
}

_containers := [object.union(container, {"spec": object.union({"command": "", "args": ""}, container.spec)}) | some container in input.workload.containers; container.image != null]
