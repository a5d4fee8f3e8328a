#!/usr/bin/env bash
# Builds the control plane of the end-to-end tests: one binary that is etcd, kube-apiserver, kube-controller-manager,
# kube-scheduler, kubectl and simulated nodes. The first build takes minutes; the result is kept under a key made of its
# sources, so that a second call does nothing.
#
#   build.sh          build unless it is there; print the path of the binary
#   build.sh --path   print that path only, there or not
#
# CONTROL_PLANE_CACHE names another folder to keep it in than target/control-plane.
# One set of flags for everything: go vet, or go build with other flags, compiles all 2,700 packages again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

key=$({ uname -sm; cat go.mod go.sum ./*.go build.sh; } | sha256sum | cut -c1-16)
cache=${CONTROL_PLANE_CACHE:-../../target/control-plane}
mkdir -p "$cache"
dir=$(cd "$cache" && pwd)/$key
binary=$dir/control-plane

if [ "${1:-}" = --path ]; then
	echo "$binary"
	exit 0
fi

exec 9>"$dir.lock"
if command -v flock >/dev/null; then flock 9; fi
if [ ! -x "$binary" ]; then
	mkdir -p "$dir.part"
	command -v go >/dev/null || { echo "build.sh: the end-to-end tests need Go ($(grep '^go ' go.mod) or later) or KUBEBUILDER_ASSETS" >&2; exit 1; }
	version=$(sed -n 's#^require k8s.io/kubernetes v##p' go.mod)
	major=${version%%.*} rest=${version#*.}
	package=k8s.io/component-base/version
	# Without the version every client that parses it trips over the server's answer.
	CGO_ENABLED=0 GOGC=off GOTOOLCHAIN=local go build -trimpath -buildvcs=false -gcflags=all=-dwarf=false \
		-ldflags "-s -w -X $package.gitVersion=v$version -X $package.gitMajor=$major -X $package.gitMinor=${rest%%.*}" \
		-o "$dir.part/control-plane" . >&2
	# The names that tools look for: the binary does what it is called.
	for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubectl; do ln -sf control-plane "$dir.part/$name"; done
	rm -rf "$dir"
	mv "$dir.part" "$dir"
fi
echo "$binary"
