#!/usr/bin/env bash
# cluster.sh: makes sure that the test cluster runs, has the images and
# enforces NetworkPolicies. A cluster of that name that works is used as it is;
# one that does not is never removed unasked.
. "$(dirname "$0")/lib.sh"

# Stands for as long as a cluster of ours is unfinished.
UNFINISHED=$CACHE/$CLUSTER.unfinished

exists() { kind get clusters 2>/dev/null | grep -qx "$CLUSTER"; }

load_images() {
  local images
  mapfile -t images < <(local_images)
  # kind passes over what a node has already.
  kind load docker-image --name "$CLUSTER" "${images[@]}"
  # The tests run the example services on this node alone.
  ! for_tests ||
    kind load docker-image --name "$CLUSTER" --nodes "$CLUSTER-control-plane" "$EXAMPLES_IMAGE"
}

# Pages and examples name the images as their registries do. The nodes know them by
# those names too, so that what users copy runs here as it stands.
name_images_publicly() {
  local node public
  kind get nodes --name "$CLUSTER" | while read -r node; do
    while read -r _ public; do
      docker exec "$node" ctr --namespace k8s.io images tag --force "$(local_name "$public")" "$public" </dev/null
    done < <(listed_images)
  done
}

canary_reaches() { kubectl -n network-canary exec client -- timeout 3 redis-cli -h "$1" ping 2>/dev/null | grep -q PONG; }

# prove_policies fails unless a policy cuts a connection that works without it.
prove_policies() {
  local open denied
  kubectl apply -f ci/cluster/canary.yaml
  kubectl -n network-canary wait --for=condition=Ready pod --all --timeout 120s
  open=$(kubectl -n network-canary get pod open -o 'jsonpath={.status.podIP}')
  denied=$(kubectl -n network-canary get pod denied -o 'jsonpath={.status.podIP}')
  wait_until 60 canary_reaches "$open"
  wait_until 60 canary_reaches "$denied"
  kubectl apply -f ci/cluster/deny.yaml
  wait_until 60 cut_off "$open" "$denied"
  kubectl delete namespace network-canary --wait=false
}

cut_off() { canary_reaches "$1" && ! canary_reaches "$2"; }

scripts/engine.sh
if exists && [ -f "$UNFINISHED" ]; then
  step "removing the cluster that an interrupted run left" kind delete cluster --name "$CLUSTER"
fi
if exists; then
  kind export kubeconfig --name "$CLUSTER" --kubeconfig "$KUBECONFIG" 2>/dev/null || true
  kubectl get --raw /readyz --request-timeout 10s >/dev/null 2>&1 ||
    die "the kind cluster $CLUSTER exists and does not answer; its nodes may have other addresses since the container engine started again. Remove it with 'make down' and repeat, or name another with CLUSTER=…"
  scripts/images.sh
  say "cluster: $CLUSTER"
else
  touch "$UNFINISHED"
  scripts/images.sh cluster
fi
phase cluster
step "loading the images into the nodes" load_images
step "giving the images their public names in the nodes" name_images_publicly
if [ -f "$UNFINISHED" ]; then
  step "proving that NetworkPolicies are enforced" prove_policies
  rm -f "$UNFINISHED"
fi
