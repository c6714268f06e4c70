#!/usr/bin/env bash
# down.sh: removes the test cluster and what it was marked with.
. "$(dirname "$0")/lib.sh"

scripts/engine.sh
step "removing the cluster $CLUSTER" kind delete cluster --name "$CLUSTER" --kubeconfig "$KUBECONFIG"
rm -f "$CACHE/$CLUSTER.unfinished"
