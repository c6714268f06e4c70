#!/usr/bin/env bash
# layout.sh [FOLDER]: makes FOLDER/oci (dist/oci), an OCI layout of the charts in FOLDER and
# of its plugins of Helm 4, each with its provenance if it is signed: the same bytes for the
# same archives.
. "$(dirname "$0")/lib.sh"

dist=$(realpath -m "${1:-$ROOT/dist}")
version=$(sed -n 's/^version: //p' charts/tenant-redis/Chart.yaml)

write() {
  rm -rf "$dist/oci"
  go run ./ci/artifacts charts "$dist/oci" "$dist"/*-"$version".tgz
  go run ./ci/artifacts plugins "$dist/oci" "$dist"/tenant{,-post}-"$version"-*.tgz
}

step "writing ${dist#"$ROOT"/}/oci" write
