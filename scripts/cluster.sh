#!/usr/bin/env bash
# cluster.sh: makes sure that the test cluster runs, has the images and
# enforces NetworkPolicies. A cluster of that name that works is used as it is;
# one that does not is never removed unasked.
. "$(dirname "$0")/lib.sh"

# Stands for as long as a cluster of ours is unfinished.
UNFINISHED=$CACHE/$CLUSTER.unfinished

exists() { kind get clusters 2>/dev/null | grep -qx "$CLUSTER"; }

create() {
  local config=$CACHE/kind.yaml
  cat ci/cluster/kind.yaml >"$config"
  # Only the image built here needs more; kindest/node bears no label of ours.
  if node_image_is_built; then cat ci/node/kind.yaml >>"$config"; fi
  kind create cluster --name "$CLUSTER" --image "$NODE_IMAGE" --config "$config" --kubeconfig "$KUBECONFIG" --wait 180s
}

node_image_is_built() { [ -n "$(image_inputs "$NODE_IMAGE")" ]; }

# An image built here has kube-router for its network. It looks which nodes there
# are when it starts, and then every five minutes; what a Pod sends to a node that
# it has not seen leaves under another address, which no policy knows.
show_nodes_to_each_other() {
  kubectl wait --for condition=Ready node --all --timeout 120s
  kubectl -n kube-system delete pod --selector k8s-app=kube-router
  kubectl -n kube-system rollout status daemonset kube-router --timeout 120s
  wait_until 60 nodes_know_each_other
}

nodes_know_each_other() {
  local nodes node
  mapfile -t nodes < <(kind get nodes --name "$CLUSTER")
  for node in "${nodes[@]}"; do
    [ "$(docker exec "$node" ipset save kube-router-pod-subnets | grep -c '^add ')" = "${#nodes[@]}" ] || return 1
  done
}

# An image built here has no NAT to Docker's resolver, so CoreDNS would ask
# itself. Nothing in the cluster needs a name from outside.
cut_coredns_off() {
  kubectl -n kube-system get configmap coredns -o yaml |
    sed -e '/^ *loop$/d' -e '/^ *forward \. /,/^ *}$/d' | kubectl apply -f -
  # The tests' faults befall workers; one without name resolution is another fault.
  kubectl -n kube-system patch deployment coredns \
    --patch '{"spec": {"template": {"spec": {"nodeSelector": {"node-role.kubernetes.io/control-plane": ""}}}}}'
  # Rolling over would wait for the ones that can never become ready.
  kubectl -n kube-system delete pod --selector k8s-app=kube-dns --grace-period 1
  kubectl -n kube-system rollout status deployment coredns --timeout 120s
}

load_images() {
  local images
  mapfile -t images < <(local_images)
  # kind passes over what a node has already.
  kind load docker-image --name "$CLUSTER" "${images[@]}"
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
scripts/images.sh
if exists && [ -f "$UNFINISHED" ]; then
  step "removing the cluster that an interrupted run left" kind delete cluster --name "$CLUSTER"
fi
if exists; then
  kind export kubeconfig --name "$CLUSTER" --kubeconfig "$KUBECONFIG" 2>/dev/null || true
  kubectl get --raw /readyz --request-timeout 10s >/dev/null 2>&1 ||
    die "the kind cluster $CLUSTER exists and does not answer; its nodes may have other addresses since the container engine started anew. Remove it with 'make down' and repeat, or name another with CLUSTER=…"
  say "cluster: $CLUSTER"
else
  touch "$UNFINISHED"
  step "creating the cluster $CLUSTER" create
  if node_image_is_built; then
    step "showing the nodes to each other" show_nodes_to_each_other
    step "keeping the cluster's DNS to itself" cut_coredns_off
  fi
fi
step "loading the images into the nodes" load_images
if [ -f "$UNFINISHED" ]; then
  step "proving that NetworkPolicies are enforced" prove_policies
  rm -f "$UNFINISHED"
fi
