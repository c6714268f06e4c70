# shellcheck shell=bash
# Ways to make a Docker image without a registry.

# rootfs NAME FILE: a minimal Debian with the packages that FILE lists. The one
# that is there is kept as long as the list is the same.
rootfs() {
  local dir=$CACHE/rootfs/$1 image=tenant-redis.local/rootfs/$1 digest
  digest=$(sha256sum <"$2" | cut -c 1-16)
  [ "$(image_inputs "$image")" != "$digest" ] || return 0
  rm -rf "$dir"
  mkdir -p "$dir" "$CACHE/packages"
  debootstrap --variant=minbase --cache-dir="$CACHE/packages" --include="$(paste -sd, "$2")" bookworm "$dir"
  rm -rf "$dir"/var/lib/apt/lists/* "$dir"/var/cache/apt/* "$dir"/usr/share/{doc,man,locale}
  tar -C "$dir" -c . | docker import --change "LABEL $INPUTS_LABEL=$digest" - "$image"
  rm -rf "$dir"
}

# program PATH IMAGE DIGEST [NAME]: an image of one static program, in /bin as
# in the public images: some are started by their path.
program() {
  local binary=${4:-$(basename "$1")}
  tar -C "$(dirname "$1")" --transform "s|.*|bin/$binary|" -c "$(basename "$1")" |
    docker import --change "ENTRYPOINT [\"/bin/$binary\"]" --change "ENV PATH=/bin" \
      --change "LABEL $INPUTS_LABEL=$3" - "$2"
}

# from_dockerfile FOLDER IMAGE DIGEST [FILE...]: FILEs join the build context.
from_dockerfile() {
  local folder=$1 image=$2 digest=$3 context
  shift 3
  context=$CACHE/context/$(basename "$folder")
  rm -rf "$context"
  mkdir -p "$context"
  cp -r "$folder"/. "$@" "$context"
  # BuildKit may be absent, and would ask a registry for the local base image.
  DOCKER_BUILDKIT=0 docker build --force-rm --label "$INPUTS_LABEL=$digest" --tag "$image" "$context"
}
