#!/usr/bin/env bash
# release.sh NAMESPACE NAME CHART INPUTS [HELM-FLAG...]: installs or upgrades a
# Helm release, unless the one that is deployed was made from the same chart,
# INPUTS (a file or folder) and flags.
. "$(dirname "$0")/lib.sh"

namespace=$1 name=$2 chart=$3 inputs=$4
shift 4

digest=$({ find "$chart" "$inputs" plugin -type f -print0 | sort -z | xargs -0 sha256sum; echo "$*"; } | sha256sum | cut -c 1-16)
status=$(helm status "$name" --namespace "$namespace" --show-desc 2>/dev/null || true)
if grep -q '^STATUS: deployed' <<<"$status" && grep -q "^DESCRIPTION: inputs $digest" <<<"$status"; then
  say "release $name: unchanged"
  exit
fi
# An interrupted Helm leaves the release locked. Before its first revision was
# deployed there is nothing to go back to.
case $status in
  *"STATUS: pending-install"*)
    step "removing the interrupted release $name" helm uninstall "$name" --namespace "$namespace" --wait
    ;;
  *"STATUS: pending-"*)
    step "rolling back the interrupted release $name" helm rollback "$name" --namespace "$namespace"
    ;;
esac
step "installing $name" helm upgrade --install "$name" "$chart" --namespace "$namespace" \
  --description "inputs $digest" --wait --timeout 3m "$@"
