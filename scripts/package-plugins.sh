#!/usr/bin/env bash
# package-plugins.sh [FOLDER [OS/ARCHITECTURE...]]: packs the Helm plugins of each
# platform (all that are released) into FOLDER (dist), the same bytes each time,
# and writes the checksums of all that is there to SHA256SUMS.
#
# Helm 4 wants the plugin's folder in an archive, and its name at the beginning of
# the archive's; Helm 3 wants the files without a folder.
#
# Beside each archive are its bill of materials (ARCHIVE.cdx.json) and the licences of
# all that is in its programs (ARCHIVE.licences.txt).
. "$(dirname "$0")/lib.sh"
. scripts/materials-lib.sh

# The programs of Windows end in .exe.
shopt -s extglob
dist=$(realpath -m "${1:-$ROOT/dist}")
shift || true
[ $# -gt 0 ] || set -- linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64
version=$(sed -n 's/^const Version = "\(.*\)"/\1/p' plugin/internal/version/version.go)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build OS ARCHITECTURE: both programs, into a folder of the platform.
build() {
  local suffix='' program
  [ "$1" != windows ] || suffix=.exe
  for program in tenant tenant-post; do
    GOOS=$1 GOARCH=$2 scripts/build-program.sh "$program" "$work/$1-$2/$program$suffix"
  done
}

# archive NAME FOLDER FILE...: the same bytes for the same files.
archive() {
  local name=$1 folder=$2
  shift 2
  tar --create --directory "$folder" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=ustar "$@" |
    gzip --no-name >"$dist/$name.tgz"
}

# materials NAME PROGRAM...: what the programs in an archive are made of.
materials() {
  bill "v$version" "${@:2}" >"$dist/$1.cdx.json"
  licences "${@:2}" >"$dist/$1.licences.txt"
}

pack() {
  local platform plugins programs
  mkdir -p "$dist"
  for platform; do
    platform=${platform/\//-}
    build "${platform%-*}" "${platform#*-}"
    plugins=$work/$platform/plugins
    scripts/plugin.sh "$work/$platform" "$plugins"
    archive "tenant-$version-$platform" "$plugins/helm4" tenant
    archive "tenant-post-$version-$platform" "$plugins/helm4" tenant-post
    archive "tenant-helm3-$version-$platform" "$plugins/helm3/tenant" bin plugin.yaml
    programs=$plugins/helm3/tenant/bin
    materials "tenant-$version-$platform" "$programs/tenant"?(.exe)
    materials "tenant-post-$version-$platform" "$programs/tenant-post"?(.exe)
    materials "tenant-helm3-$version-$platform" "$programs"/*
  done
  (cd "$dist" && sha256sum -- *.tgz *.json *.txt >SHA256SUMS)
}

step "packing the plugins for $*" pack "$@"
sed 's/^/  /' "$dist/SHA256SUMS"
