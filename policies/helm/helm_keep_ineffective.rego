# METADATA
# title: keep where Helm has no say
# description: |
#   `helm.sh/resource-policy: keep` is read from objects of the release. Claims made from a volumeClaimTemplate are none: they
#   stay when the release is uninstalled, annotation or not, unless persistentVolumeClaimRetentionPolicy says otherwise.
# related_resources:
# - https://helm.sh/docs/howto/charts_tips_and_tricks/#tell-helm-not-to-uninstall-a-resource
# custom:
#   severity: info
#   kinds: [StatefulSet]
#   fix: unsafe
#   since: 0.1.0
package kubelint.helm_keep_ineffective

import rego.v1

# METADATA
# description: each claim template with an annotation that only Helm reads, and Helm never sees
findings contains finding if {
	some claim in input.workload.claims
	claim.annotations["helm.sh/resource-policy"] == "keep"
	path := array.concat(claim.path, ["metadata", "annotations", "helm.sh/resource-policy"])
	finding := {
		"path": path,
		"message": sprintf("helm.sh/resource-policy: keep on the claim template %s has no effect: the StatefulSet controller creates the claims, Helm neither knows nor deletes them; remove it", [claim.name]),
		"fix": {"title": "Remove the annotation", "safety": "unsafe", "edits": [{"ops": [{"op": "remove", "path": path}]}]},
	}
}
