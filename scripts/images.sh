#!/usr/bin/env bash
# images.sh: provides the node image and all images of the test cluster under
# tenant-redis.local/, where no registry is ever asked for them.
#
# IMAGES=auto (default) pulls if a registry answers and builds from source if
# not; IMAGES=pull and IMAGES=build force either. What is there and built from
# the same inputs is kept.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/image-lib.sh"

MODE=${IMAGES:-auto}
# The node image that kind v0.33.0 is released with.
PUBLIC_NODE=docker.io/kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5

case $MODE in
  auto | pull | build) ;;
  *) die "IMAGES=$MODE: must be auto, pull or build" ;;
esac

# inputs PATH... digests everything that an image is made from.
inputs() { find "$@" scripts/*image*.sh scripts/build-source.sh -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16; }

# up_to_date IMAGE DIGEST: a pulled image bears no digest, its tag is its version.
up_to_date() {
  local have
  have=$(image_inputs "$1") || return 1
  [ "$have" = "$2" ] || { [ -z "$have" ] && [ "$MODE" != build ]; }
}

pull() {
  docker pull "$1" && docker tag "$1" "$2"
}

registry_answers() {
  say "asking the public registries for an image"
  timeout 60 docker pull -q "$(listed_images | awk 'NR == 1 {print $2}')" >"$CACHE/log/registry.log" 2>&1
}

build_image() {
  local name=$1 image=$2 digest=$3
  if [ -d "ci/images/$name" ]; then
    step "making the Debian of $name" rootfs "$name" "ci/images/$name/packages"
    step "making $image" from_dockerfile "ci/images/$name" "$image" "$digest"
  else
    step "compiling $name" scripts/build-source.sh "$name"
    step "making $image" program "$(find "$CACHE/build/$name" -type f)" "$image" "$digest"
  fi
}

# choose_mode settles "auto" once, when the first image turns out to be missing.
choose_mode() {
  if [ "$MODE" = auto ]; then
    MODE=build
    if registry_answers; then
      MODE=pull
      say "a registry answers: pulling images (IMAGES=build builds them)"
    else
      say "no registry answers: building images from source (25 minutes when nothing is cached)"
    fi
  fi
  [ "$MODE" = pull ] || scripts/packages.sh debootstrap
}

# build_own IMAGE PACKAGE: an image of a program of this repository, which is
# made anew when the program is.
build_own() {
  local program digest
  program=.cache/build/$(basename "$2") # its name is part of the digest
  go build -ldflags "-s -w" -o "$program" "$2"
  digest=$(inputs "$program")
  up_to_date "$1" "$digest" || step "making $1" program "$program" "$1" "$digest"
}

main() {
  local name public digest
  digest=$(inputs ci/node ci/pause ci/images/kube-* ci/sources/{kubernetes,containerd,crictl,cni-plugins,etcd,coredns,kube-router})
  if ! up_to_date "$NODE_IMAGE" "$digest"; then
    choose_mode
    if [ "$MODE" = pull ]; then step "pulling the node image" pull "$PUBLIC_NODE" "$NODE_IMAGE"; else scripts/node-image.sh "$digest"; fi
  fi
  while read -r name public; do
    digest=$(inputs "$(ls -d "ci/images/$name" "ci/sources/$name" 2>/dev/null)")
    up_to_date "$(local_name "$public")" "$digest" && continue
    choose_mode
    if [ "$MODE" = pull ]; then
      step "pulling $public" pull "$public" "$(local_name "$public")"
    else
      build_image "$name" "$(local_name "$public")" "$digest"
    fi
  done < <(listed_images)
  build_own "$CLIENT_IMAGE" ./examples/go
  build_own "$LEDGER_IMAGE" ./test/cmd/ledger
  say "images: all there"
}

main
