#!/usr/bin/env bash
# package.sh [FOLDER]: packs the charts into FOLDER (dist), the same bytes on
# each machine and at each time, with their checksums in SHA256SUMS. Beside each is its bill
# of materials (NAME-VERSION.cdx.json) and the licences of what others wrote of it
# (NAME-VERSION.licences.txt).
. "$(dirname "$0")/lib.sh"
. scripts/materials-lib.sh

dist=${1:-$ROOT/dist}
# The time of all files in the packages. Helm 3 would take the clock's, and so
# Helm 4 packs for both.
export SOURCE_DATE_EPOCH=0

# versioned FOLDER copies the charts there. The pages and runbooks that they link to are then
# those of their release. Who has a chart alone has none of the files that a README's links
# name, and so these become addresses, too.
versioned() {
  local chart pages=https://github.com/tenant-redis/tenant-redis/blob
  cp -r charts "$1"
  for chart in "$1"/charts/*; do
    sed -Ei "s#\]\(([a-z][a-z/]*)\)#]($pages/main/charts/$(basename "$chart")/\1)#g
      s#\]\(\.\./\.\./#]($pages/main/#g
      s#\]\(\.\./#]($pages/main/charts/#g" "$chart/README.md"
    grep -rlF "$pages/main/" "$chart" |
      xargs sed -i "s#$pages/main/#$pages/v$(sed -n 's/^version: //p' "$chart/Chart.yaml")/#g"
  done
}

# own BILL says that a chart has nothing of others.
own() {
  cat <<TEXT
Nothing of others is in this chart. It is part of tenant-redis, whose licence is Apache-2.0.
The images that it installs are in $1, and have licences of their own.
TEXT
}

# materials CHART...: what is in charts. The CRD of RedisFailovers is the newer operator's.
materials() {
  local chart name operator
  operator=github.com/spotahome/redis-operator
  operator+=@$(go -C ci/sources/redis-operator-1.3 list -m -f '{{.Version}}' "$operator")
  for chart; do
    name=$dist/$(basename "$chart")-$(sed -n 's/^version: //p' "$chart/Chart.yaml")
    if [ -d "$chart/files/crds" ]; then
      bill_of_chart "$chart" "$operator" >"$name.cdx.json"
      notices "$operator" >"$name.licences.txt"
    else
      bill_of_chart "$chart" >"$name.cdx.json"
      own "$(basename "$name").cdx.json" >"$name.licences.txt"
    fi
  done
}

pack() {
  local folder
  folder=$(mktemp -d)
  rm -rf "$dist"
  versioned "$folder"
  helm4 package --destination "$dist" "$folder"/charts/*
  rm -rf "$folder"
  materials charts/*
  (cd "$dist" && sha256sum -- *.tgz *.json *.txt >SHA256SUMS)
}

# With both majors, and what is in the packages rather than the folders.
lint() {
  local helm
  for helm in helm helm4; do "$helm" lint --strict "$dist"/*.tgz; done
}

step "packing the charts" pack
step "linting the packages" lint
sed 's/^/  /' "$dist/SHA256SUMS"
