# METADATA
# title: No deadline
# description: |
#   A backup that waits for a lock, or for a reply that never comes, never ends. Nobody notices a CronJob that does not fail.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup
# custom:
#   severity: warning
#   kinds: [CronJob, Job]
#   fix: none
#   since: 0.1.0
package kubelint.cronjob_deadline

import rego.v1

# METADATA
# description: a CronJob whose runs may hang for ever
findings contains finding if {
	input.object.kind == "CronJob"
	not input.object.spec.startingDeadlineSeconds
	not input.object.spec.jobTemplate.spec.activeDeadlineSeconds
	finding := {
		"path": ["spec", "jobTemplate", "spec", "activeDeadlineSeconds"],
		"message": "neither activeDeadlineSeconds nor startingDeadlineSeconds is set: a run that hangs hangs for ever, and with concurrencyPolicy Forbid no other starts; set jobTemplate.spec.activeDeadlineSeconds",
	}
}

# METADATA
# description: a Job of its own that may hang for ever; hooks are watched by Helm
findings contains finding if {
	input.object.kind == "Job"
	input.workload.hook == null
	not input.object.spec.activeDeadlineSeconds
	finding := {
		"path": ["spec", "activeDeadlineSeconds"],
		"severity": "info",
		"message": "activeDeadlineSeconds is not set: a run that hangs hangs for ever",
	}
}
