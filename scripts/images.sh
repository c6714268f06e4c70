#!/usr/bin/env bash
# images.sh [cluster]: provides the node image and all images of the test cluster
# under tenant-redis.local/, where no registry is ever asked for them; and, as soon as
# there is the node image, the cluster.
#
# IMAGES=auto (default) pulls if a registry answers and builds from source if
# not; IMAGES=pull and IMAGES=build force either. What is there is kept: what was
# pulled, unless with IMAGES=build, and what was built from the same inputs, unless
# with IMAGES=pull. MIRROR=HOST[:PORT] is a registry that has all of them, under
# their own paths, and is asked instead of the public ones.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/image-lib.sh"

MODE=${IMAGES:-auto}
# The node image that kind v0.33.0 is released with.
PUBLIC_NODE=docker.io/kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5

case $MODE in
  auto | pull | build) ;;
  *) die "IMAGES=$MODE: must be auto, pull or build" ;;
esac

# up_to_date IMAGE DIGEST: a pulled image bears no digest, its tag is its version.
up_to_date() {
  local have
  have=$(image_inputs "$1") || return 1
  case $MODE in
    auto) [ -z "$have" ] || [ "$have" = "$2" ] ;;
    pull) [ -z "$have" ] ;;
    build) [ "$have" = "$2" ] ;;
  esac
}

pull() {
  docker pull "$1" && docker tag "$1" "$2"
}

# asked IMAGE is what is pulled for it.
asked() { echo "${MIRROR:-${1%%/*}}/${1#*/}"; }

registry_answers() {
  say "asking ${MIRROR:-the public registries} for an image"
  timeout 60 docker pull -q "$(asked "$(listed_images | awk 'NR == 1 {print $2}')")" >"$CACHE/log/registry.log" 2>&1
}

# choose_mode settles "auto", once an image turns out to be missing.
choose_mode() {
  [ "$MODE" = auto ] || return 0
  MODE=build
  if registry_answers; then
    MODE=pull
    say "a registry answers: pulling images (IMAGES=build builds them)"
  else
    say "no registry answers: building images from source (half an hour or more when nothing is cached)"
  fi
}

# missing prints the names of the images that are not there as they should be.
missing() {
  local name public
  up_to_date "$NODE_IMAGE" "$(node_inputs)" || echo node
  while read -r name public; do
    up_to_date "$(local_name "$public")" "$(listed_inputs "$name")" || echo "$name"
  done < <(listed_images)
}

# public NAME is where an image is pulled from, and own NAME what it is called here.
public() { if [ "$1" = node ]; then echo "$PUBLIC_NODE"; else listed_images | awk -v name="$1" '$1 == name {print $2}'; fi; }
own() { if [ "$1" = node ]; then echo "$NODE_IMAGE"; else local_name "$(public "$1")"; fi; }

# build_own IMAGE PACKAGE: an image of a program of this repository, which no registry has.
# It is made anew when the program is.
build_own() {
  local program digest
  program=.cache/build/$(basename "$2") # its name is part of the digest
  go build -ldflags "-s -w" -o "$program" "$2"
  digest=$(inputs "$program")
  [ "$(image_inputs "$1")" = "$digest" ] || step "making $1" program "$program" "$1" "$digest"
}

# build NAME... makes images side by side: two compile while one waits for the network.
# A "make" that began this one has nothing to say about that.
build() {
  [ $# -gt 0 ] || return 0
  env -u MAKEFLAGS make --file ci/images.mk --no-print-directory --jobs=3 "$@"
}

phase images
mapfile -t names < <(missing)
if [ ${#names[@]} -gt 0 ]; then choose_mode; fi
if [ "$MODE" = pull ]; then
  for name in "${names[@]}"; do
    from=$(asked "$(public "$name")")
    step "pulling $from" pull "$from" "$(own "$name")"
  done
  names=()
fi
# No registry has the example services.
! for_tests || scripts/clients.sh current || names+=(clients)
[ ${#names[@]} = 0 ] || require_space 15 "$(docker info --format '{{.DockerRootDir}}')" "$(go env GOCACHE)"
build "${names[@]}" "$@"
build_own "$CLIENT_IMAGE" ./examples/go
build_own "$LEDGER_IMAGE" ./test/cmd/ledger
say "images: all there"
