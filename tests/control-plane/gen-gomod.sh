#!/usr/bin/env bash
# gen-gomod.sh 1.37.1; then go mod tidy: writes go.mod for that Kubernetes from its own go.mod, so that every dependency
# has the version Kubernetes was tested with. The replacements are for tools that list all modules: Kubernetes' own
# go.mod names its staging modules as v0.0.0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
version=$1 staging=v0.${1#1.}
theirs=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"GoMod": "\(.*\)",*/\1/p')
{
	echo "module control-plane"
	echo
	grep -E '^go ' "$theirs"
	echo
	grep -E '^godebug ' "$theirs"
	echo
	echo "require k8s.io/kubernetes v$version"
	echo
	sed -n '/^require (/,/^)/p' "$theirs" | sed "s# v0\.0\.0\$# $staging#; s# v0\.0\.0 // indirect# $staging // indirect#"
	echo
	echo "replace ("
	sed -n 's#^\t\(k8s.io/[^ ]*\) => \./staging.*#\1#p' "$theirs" | while read -r module; do
		printf '\t%s => %s %s\n' "$module" "$module" "$staging"
	done
	echo ")"
} >go.mod
