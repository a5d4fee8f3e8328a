# METADATA
# title: Kind that no Kubernetes has
# description: |
#   A misspelt kind, or a kind of Kubernetes under the wrong group or version: the API server refuses it, and no other rule
#   judges what it cannot recognise. Groups that a CustomResourceDefinition may have brought are left alone.
# related_resources:
# - https://kubernetes.io/docs/reference/using-api/api-concepts/#standard-api-terminology
# custom:
#   severity: error
#   kinds: ["*"]
#   needs: [schemas]
#   doors: [offline]
#   since: 0.1.0
package kubelint.api_unknown

import rego.v1

# METADATA
# description: an object that the API server refuses for its apiVersion and kind
findings contains finding if {
	stranger := input.schema.api.stranger
	stranger != null
	finding := {
		"path": [stranger.field],
		"message": sprintf("no API server takes %s %s: %s%s", [input.object.apiVersion, input.object.kind, stranger.message, _hint(stranger)]),
	}
}

_hint(stranger) := sprintf("; did you mean %s %s?", [stranger.api_version, stranger.kind]) if stranger.kind != null

_hint(stranger) := "" if stranger.kind == null
