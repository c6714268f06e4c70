#!/usr/bin/env bash
# package.sh [FOLDER]: packs the charts into FOLDER (dist), the same bytes on
# each machine and at each time, with their checksums in SHA256SUMS.
. "$(dirname "$0")/lib.sh"

dist=${1:-$ROOT/dist}
# The time of all files in the packages. Helm 3 would take the clock's, and so
# Helm 4 packs for both.
export SOURCE_DATE_EPOCH=0

# versioned FOLDER copies the charts there. The runbooks that alerts link to are then those
# of their release.
versioned() {
  local chart version
  cp -r charts "$1"
  for chart in "$1"/charts/*; do
    version=$(sed -n 's/^version: //p' "$chart/Chart.yaml")
    sed -i "s|/blob/main/docs/runbooks|/blob/v$version/docs/runbooks|" "$chart/values.yaml"
  done
}

pack() {
  local folder
  folder=$(mktemp -d)
  rm -rf "$dist"
  versioned "$folder"
  helm4 package --destination "$dist" "$folder"/charts/*
  rm -rf "$folder"
  (cd "$dist" && sha256sum -- *.tgz >SHA256SUMS)
}

# With both majors, and what is in the packages rather than the folders.
lint() {
  local helm
  for helm in helm helm4; do "$helm" lint --strict "$dist"/*.tgz; done
}

step "packing the charts" pack
step "linting the packages" lint
sed 's/^/  /' "$dist/SHA256SUMS"
