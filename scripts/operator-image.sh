#!/usr/bin/env bash
# operator-image.sh [FOLDER [OS/ARCHITECTURE...]]: makes an image of the operator from the
# source and the newer parts that ci/sources pins: FLAVOUR (the chart's default), for
# linux/amd64 and linux/arm64. FOLDER (dist/operator-image) becomes an OCI layout, and
# FOLDER.digest its digest: the same for the same commit. REGISTRY=HOST/PATH also pushes it
# to REGISTRY/redis-operator, with the password that docker login or podman login keeps.
#
# In the image, beside the program, are its bill of materials, the licences of all that it
# is made of, and the patches that it has.
. "$(dirname "$0")/lib.sh"
. scripts/materials-lib.sh

folder=$(realpath -m "${1:-$ROOT/dist/operator-image}")
shift || true
[ $# -gt 0 ] || set -- linux/amd64 linux/arm64
flavour=${FLAVOUR:-$(sed -n 's/^flavour: //p' charts/redis-operator/values.yaml)}
case $flavour in
  spotahome-1.3 | spotahome-1.2) source=redis-operator-${flavour#*-} ;;
  *) die "FLAVOUR=$flavour: must be spotahome-1.3 or spotahome-1.2" ;;
esac
for platform; do
  [[ $platform =~ ^linux/(amd64|arm64)$ ]] || die "PLATFORMS has $platform: must be linux/amd64 or linux/arm64"
done
[[ ${REGISTRY:-localhost} =~ ^([^/]+[.:]|localhost) ]] || die "REGISTRY=$REGISTRY: must begin with the registry's host, such as registry.example/redis"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The tag that charts/redis-operator asks for.
version=$(go -C "ci/sources/$source" list -m -f '{{.Version}}' github.com/spotahome/redis-operator)
revision=$(git describe --always --dirty --abbrev=40 --exclude '*' 2>/dev/null || echo unknown)
image=${REGISTRY:+$REGISTRY/redis-operator:$version}

# files OS-ARCHITECTURE: what an image has, with the same bytes each time.
files() {
  local program=$work/$1/usr/local/bin/redis-operator about=$work/$1/usr/share/doc/redis-operator
  GOOS=${1%-*} GOARCH=${1#*-} OUT=${program%/*} scripts/build-source.sh "$source"
  mv "${program%/*}/redisoperator" "$program"
  mkdir -p "$about"
  bill "$version" "$program" >"$about/redis-operator.cdx.json"
  licences "$program" >"$about/licences.txt"
  cp -r "ci/sources/$source/patches" "$about"
  tar --create --file "$work/$1.tar" --directory "$work/$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=ustar usr
}

write() {
  rm -rf "$folder" "$folder.digest"
  mkdir -p "$(dirname "$folder")"
  "$work/operator-image" write "$folder" "$version" "$revision" "$work" >"$work/digest"
  mv "$work/digest" "$folder.digest"
}

go build -o "$work/operator-image" ./ci/operator-image
# Before minutes of compiling, and before anything is replaced.
[ -z "$image" ] || step "asking whether $image may be pushed" "$work/operator-image" check "$image"
for platform; do step "compiling redis-operator $version for $platform" files "${platform/\//-}"; done
step "writing ${folder#"$ROOT"/}" write
[ -z "$image" ] || step "pushing $image" "$work/operator-image" push "$folder" "$image"
say "the image is ${image:-redis-operator:$version}@$(<"$folder.digest")"
