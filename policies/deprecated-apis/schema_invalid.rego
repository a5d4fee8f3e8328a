# METADATA
# title: Object does not fit its schema
# description: |
#   The API server refuses a value of a wrong type and an object that lacks a required field. A field that does not exist it
#   drops with a warning, unless it is told to be strict: the probe or limit that was meant is then simply not there.
# related_resources:
# - https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
# custom:
#   severity: error
#   kinds: ["*"]
#   needs: [schemas]
#   doors: [offline]
#   since: 0.1.0
package kubelint.schema_invalid

import rego.v1

findings contains finding if {
	some error in input.schema.errors
	finding := {
		"path": error.path,
		"message": sprintf("%s (%s of Kubernetes 1.%d)", [error.message, input.object.kind, input.kubernetes.minor]),
	}
}
