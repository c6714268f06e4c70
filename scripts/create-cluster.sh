#!/usr/bin/env bash
# create-cluster.sh: makes the test cluster of the node image.
. "$(dirname "$0")/lib.sh"

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

step "creating the cluster $CLUSTER" create
if node_image_is_built; then
  step "showing the nodes to each other" show_nodes_to_each_other
  step "keeping the cluster's DNS to itself" cut_coredns_off
fi
