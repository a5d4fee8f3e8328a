# METADATA
# title: Selector does not match the template
# description: |
#   A workload has to select the pods it creates. The API server refuses one that does not.
# related_resources:
# - https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector
# custom:
#   severity: error
#   kinds: [StatefulSet, Deployment, DaemonSet, ReplicaSet, Job]
#   fix: none
#   since: 0.1.0
package kubelint.selector_template_mismatch

import rego.v1

# METADATA
# description: a workload whose selector does not select its own pods
findings contains finding if {
	input.workload.selector_matches == false
	finding := {
		"path": ["spec", "selector"],
		"message": sprintf("the selector of this %s does not match the labels of its own template: the API server refuses it", [input.workload.kind]),
		"related": [{"message": "these are the labels", "object": null, "path": array.concat(input.workload.pod_path, ["metadata", "labels"])}],
	}
}
