#!/usr/bin/env bash
# build-source.sh NAME [PACKAGE]: compiles the programs that ci/sources/NAME
# pins (or only PACKAGE) into OUT (.cache/build/NAME), with its patches if it has any.
. "$(dirname "$0")/lib.sh"

name=$1
module=$ROOT/ci/sources/$name
out=${OUT:-$CACHE/build/$name}
mkdir -p "$out"

ldflags="-s -w"
if [ "$name" = kubernetes ]; then
  # kubeadm refuses to work with components that do not know their version.
  version=$(go -C "$module" list -m -f '{{.Version}}' k8s.io/kubernetes)
  minor=${version#v1.}
  for field in gitVersion="$version" gitMajor=1 gitMinor="${minor%%.*}" gitTreeState=clean; do
    ldflags+=" -X k8s.io/component-base/version.$field"
  done
fi

# Of Prometheus' many ways to find its targets the cluster's is enough: the
# others are the larger part of it.
tags=
[ "$name" != prometheus ] || tags=remove_all_sd,enable_kubernetes_sd

# "tool" stands for all tool lines of go.mod; a module without any has a
# program of its own.
package=${2:-tool}
[ $# -gt 1 ] || grep -q '^tool' "$module/go.mod" || package=.

fetch() { go -C "$module" list -deps -tags "$tags" "$package" >/dev/null; }

# Sources that are compiled at the same time share most of what they are made of, and each
# would compile it for itself: they are compiled one after the other. What they are made
# of is fetched meanwhile.
compile() { flock "$CACHE/compiling" go -C "$module" build -v -tags "$tags" -ldflags "$ldflags" -o "$out/" "$package"; }

if [ -d "$module/patches" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  step "patching $name" scripts/patched.sh "$name" "$work"
  module=$work
fi
step "fetching what $name is made of" fetch
step "compiling $name${2:+, ${2##*/}}" compile
