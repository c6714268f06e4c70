#!/usr/bin/env bash
# build-tool.sh NAME: builds bin/NAME from the version that ci/tools/NAME pins;
# kubectl comes with the rest of Kubernetes from ci/sources.
. "$(dirname "$0")/lib.sh"

name=$1
if [ "$name" = kubectl ]; then
  scripts/build-source.sh kubernetes k8s.io/kubernetes/cmd/kubectl
  cp "$CACHE/build/kubernetes/kubectl" "$BIN/kubectl"
  exit
fi
module=$ROOT/ci/tools/$name
version() { go -C "$module" list -m -f '{{.Version}}' "$1"; }

ldflags="-s -w"
case $name in
  helm)
    # Unset, Helm takes every cluster it cannot see for Kubernetes 1.20.
    kubernetes=$(version k8s.io/client-go)
    minor=${kubernetes#v0.}
    ldflags+=" -X helm.sh/helm/v3/internal/version.version=$(version helm.sh/helm/v3)"
    for package in pkg/lint/rules pkg/chartutil; do
      ldflags+=" -X helm.sh/helm/v3/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/$package.k8sVersionMinor=${minor%%.*}"
    done
    ;;
  helm4)
    ldflags+=" -X helm.sh/helm/v4/internal/version.version=$(version helm.sh/helm/v4)"
    ;;
esac
step "building $name" go -C "$module" build -ldflags "$ldflags" -o "$BIN/$name" "$(awk '$1 == "tool" {print $2}' "$module/go.mod")"
