# METADATA
# title: API version is gone
# description: |
#   The target version of Kubernetes serves this API version no longer: applying fails, and so does the next upgrade of a Helm
#   release that holds it. Objects that are stored already are served under the replacement.
# related_resources:
# - https://kubernetes.io/docs/reference/using-api/deprecation-guide/
# custom:
#   severity: error
#   kinds: ["*"]
#   needs: [schemas]
#   doors: [offline]
#   fix: safe
#   since: 0.1.0
package kubelint.api_removed

import rego.v1

# METADATA
# description: What Helm adds to the objects of a release.
_from_helm if input.object.metadata.labels["app.kubernetes.io/managed-by"] == "Helm"

_from_helm if input.object.metadata.labels["helm.sh/chart"]

# METADATA
# description: What to write instead.
_cure := "nothing replaces it: remove the object" if input.schema.api.replacement == null

_cure := sprintf("write %s", [input.schema.api.replacement]) if input.schema.api.same_shape

_cure := sprintf("write %s, whose fields differ in places (see the deprecation guide)", [input.schema.api.replacement]) if {
	input.schema.api.replacement != null
	not input.schema.api.same_shape
}

# METADATA
# description: Charts choose API versions by what they are told that the cluster has.
_helm := "; a chart may choose another when it is rendered with --kube-version and --api-versions of your cluster" if _from_helm

_helm := "" if not _from_helm

# METADATA
# description: The rename, where that is all.
_fix := {"fix": {
	"title": sprintf("Write apiVersion %s", [input.schema.api.replacement]),
	"edits": [{"ops": [{"op": "replace", "path": ["apiVersion"], "value": input.schema.api.replacement}]}],
}} if input.schema.api.same_shape

_fix := {} if not input.schema.api.same_shape

findings contains finding if {
	api := input.schema.api
	is_number(api.removed_in)
	api.removed_in <= input.kubernetes.minor
	finding := object.union(_fix, {
		"path": ["apiVersion"],
		"message": sprintf("Kubernetes 1.%d has no %s %s any more (gone since 1.%d); %s%s", [input.kubernetes.minor, input.object.apiVersion, input.object.kind, api.removed_in, _cure, _helm]),
	})
}
