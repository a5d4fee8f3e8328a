# METADATA
# title: Chart without an exact version
# description: |
#   With `18.x.x`, `^18.0.0` or no version the same commit installs another chart tomorrow: a template may change, and a database
#   is restarted, or is given another major version, by nobody's decision. `# pin` beside a range pins nothing. A Chart.lock pins
#   what a Chart.yaml leaves open, so that only one without it is reported.
# related_resources:
# - https://helm.sh/docs/chart_best_practices/dependencies/
# - https://fluxcd.io/flux/components/helm/helmreleases/
# - https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/
# custom:
#   severity: warning
#   doors: [offline]
#   kinds: [helm.sh/Chart, helm.toolkit.fluxcd.io/HelmRelease, argoproj.io/Application]
#   fix: none
#   since: 0.1.0
package kubelint.helm_chart_version_range

import rego.v1

# METADATA
# description: each chart that is named without an exact version
findings contains finding if {
	some named in _charts
	not _exact(named.version)
	finding := {
		"path": named.path,
		"message": sprintf("chart %v is taken in %s: the same commit installs another chart once one is published; name one version, such as 18.1.3%s", [named.chart, _said(named.version), named.else_do]),
	}
}

# METADATA
# description: every chart that is named, with its version ("" where there is none) and where that stands
_charts contains {"chart": _text(dependency, "name"), "version": _text(dependency, "version"), "path": ["dependencies", nth, "version"], "else_do": ", or commit the Chart.lock that `helm dependency update` writes"} if {
	not _release
	some nth, dependency in object.get(input.object, "dependencies", [])
	not startswith(_text(dependency, "repository"), "file://")
	_text(dependency, "repository") != ""
}

_charts contains {"chart": _text(chart, "chart"), "version": _text(chart, "version"), "path": ["spec", "chart", "spec", "version"], "else_do": ""} if {
	input.object.kind == "HelmRelease"
	chart := input.object.spec.chart.spec
	object.get(chart, ["sourceRef", "kind"], "HelmRepository") == "HelmRepository"
}

_charts contains {"chart": _text(source, "chart"), "version": _text(source, "targetRevision"), "path": ["spec", "source", "targetRevision"], "else_do": ""} if {
	input.object.kind == "Application"
	source := input.object.spec.source
	source.chart
}

_charts contains {"chart": _text(source, "chart"), "version": _text(source, "targetRevision"), "path": ["spec", "sources", nth, "targetRevision"], "else_do": ""} if {
	input.object.kind == "Application"
	some nth, source in input.object.spec.sources
	source.chart
}

_text(map, key) := sprintf("%v", [object.get(map, key, "")])

_exact(version) if regex.match(`^=?\s*v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$`, version)

_said("") := "whatever version is newest"

_said(version) := sprintf("any version that fits `%s`", [version]) if version != ""

# METADATA
# description: it is an object of a cluster, not a Chart.yaml
_release if input.object.kind in {"HelmRelease", "Application"}
