# shellcheck shell=bash
# Ways to make a Docker image without a registry.

# inputs PATH... digests everything that an image is made from.
inputs() { find "$@" scripts/image-lib.sh scripts/build-source.sh scripts/patched.sh -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16; }

# listed_inputs NAME is that of an image of ci/images/list*.
listed_inputs() { inputs "$(ls -d "ci/images/$1" "ci/sources/$1" 2>/dev/null)"; }

# node_inputs is that of the node image.
node_inputs() { inputs ci/node ci/pause ci/images/kube-* ci/sources/{kubernetes,containerd,crictl,cni-plugins,etcd,coredns,kube-router} scripts/node-image.sh; }

# rootfs FOLDER: a Debian of the suite and with the packages that files there name. Its
# layers are kept as long as these are the same.
rootfs() {
  local name context
  name=$(basename "$1")
  context=$CACHE/context/rootfs-$name
  mkdir -p "$context"
  cp "$1/packages" "$context/packages"
  # Debian's mirrors answer the host.
  DOCKER_BUILDKIT=0 docker build --force-rm --network host --file ci/images/debian.Dockerfile \
    --build-arg "SUITE=$(<"$1/suite")" --tag "tenant-redis.local/rootfs/$name" "$context"
}

# import FOLDER NAME [FLAG...]: an image of the files in a folder. It has no name before
# it is whole: what an interrupted run has left is never taken for it.
import() {
  local folder=$1 name=$2 id
  shift 2
  id=$(tar -C "$folder" -c . | docker import "$@" -)
  docker tag "$id" "$name"
}

# program PATH IMAGE DIGEST [NAME]: an image of one static program, in /bin as
# in the public images: some are started by their path.
program() {
  local binary=${4:-$(basename "$1")} root
  root=$CACHE/context/$binary
  rm -rf "$root"
  install -D "$1" "$root/bin/$binary"
  import "$root" "$2" --change "ENTRYPOINT [\"/bin/$binary\"]" --change "ENV PATH=/bin" --change "LABEL $INPUTS_LABEL=$3"
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
