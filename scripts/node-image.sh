#!/usr/bin/env bash
# node-image.sh: makes kind's node image of ci/node and of the programs that
# scripts/build-source.sh has compiled.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/image-lib.sh"

KUBERNETES=$CACHE/build/kubernetes

kubernetes_images() { "$KUBERNETES/kubeadm" config images list --kubernetes-version "$(<"$CACHE/build/version")"; }

# node_programs gathers what the node image has beside Debian's packages.
node_programs() {
  local context=$CACHE/build/node
  rm -rf "$context"
  mkdir -p "$context/bin"
  cp "$KUBERNETES"/{kubeadm,kubelet,kubectl} "$CACHE"/build/containerd/* "$CACHE/build/crictl/crictl" "$context/bin"
  cp -r "$CACHE/build/cni-plugins" "$context/cni"
  cp "$CACHE/build/version" "$context/version"
}

component_images() {
  local image name
  for image in $(kubernetes_images); do
    name=${image##*/}
    name=${name%:*}
    case $name in
      kube-proxy) from_dockerfile ci/images/kube-proxy "$image" - "$KUBERNETES/kube-proxy" ;;
      kube-*) program "$KUBERNETES/$name" "$image" - ;;
      etcd) program "$CACHE/build/etcd/server" "$image" - etcd ;;
      coredns) program "$CACHE/build/coredns/coredns" "$image" - ;;
      pause) program "$CACHE/build/pause" "$image" - ;;
      *) die "kubeadm wants an image that nothing here builds: $image" ;;
    esac
  done
  from_dockerfile ci/images/kube-router tenant-redis.local/kube-router - "$CACHE/build/kube-router/kube-router"
}

# with_images BASE IMAGE: IMAGE is BASE with Kubernetes' images in containerd's
# store, so that no node ever asks for them.
with_images() {
  local container status=0
  container=$(docker run --detach --privileged --entrypoint sleep "$1" infinity)
  # shellcheck disable=SC2046 # one word per image
  docker exec --detach "$container" containerd &&
    docker exec "$container" sh -c 'until ctr version; do sleep 0.2; done' &&
    docker save $(kubernetes_images) tenant-redis.local/kube-router:latest |
    docker exec --interactive "$container" ctr --namespace k8s.io images import --all-platforms --no-unpack - &&
    docker exec "$container" pkill containerd &&
    docker commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' "$container" "$2" || status=$?
  docker rm --force --volumes "$container"
  return "$status"
}

go build -ldflags "-s -w" -o "$CACHE/build/pause" ./ci/pause
go -C ci/sources/kubernetes list -m -f '{{.Version}}' k8s.io/kubernetes >"$CACHE/build/version"
node_programs
step "making the nodes' Debian" rootfs ci/node
step "making Kubernetes' images" component_images
step "making the node image" from_dockerfile ci/node "$NODE_IMAGE-bare" "$(node_inputs)" "$CACHE"/build/node/*
step "putting Kubernetes' images into the node image" with_images "$NODE_IMAGE-bare" "$NODE_IMAGE"
