#!/usr/bin/env bash
# namespace.sh NAME: makes a namespace that refuses Pods below Pod Security
# "restricted", as the platform's do.
. "$(dirname "$0")/lib.sh"

going() { [ "$(kubectl get namespace "$1" --ignore-not-found -o 'jsonpath={.status.phase}')" = Terminating ]; }
gone() { ! going "$1"; }
# What is made in a namespace on its way out goes with it.
if going "$1"; then step "waiting until the old namespace $1 is gone" wait_until 120 gone "$1"; fi

kubectl apply --server-side -f - >"$CACHE/log/namespace.log" <<EOF
apiVersion: v1
kind: Namespace
metadata:
  name: $1
  labels:
    pod-security.kubernetes.io/enforce: restricted
EOF
