#!/usr/bin/env bash
# install-page.sh [FOLDER]: writes FOLDER/INSTALL.md (dist), the README's commands for who has
# no copy of this repository: with the version of the charts, from the registry REGISTRY,
# such as registry.example/charts. Without one they name REGISTRY, for the reader to fill in.
. "$(dirname "$0")/lib.sh"

dist=${1:-$ROOT/dist}
registry=${REGISTRY:-REGISTRY}
version=$(sed -n 's/^version: //p' charts/tenant-redis/Chart.yaml)
pages=https://github.com/tenant-redis/tenant-redis/blob/v$version

# commands HEADING: the first block of commands below it in the README.
commands() {
  awk -v heading="## $1" '$0 == heading { below = 1 } below && /^```sh/ { block = 1 } block { print } block && /^```$/ { exit }' README.md |
    sed -E "s#charts/([a-z-]+)#oci://$registry/\1 --version $version#"
}

page() {
  cat <<END
# Install tenant-redis $version

The [README]($pages/README.md#install) says what your cluster and your machine need.$([ -n "${REGISTRY:-}" ] || echo " Write the registry that you install from in the place of REGISTRY.")

$(commands Install)

Then see whether it serves. This fails until it does:

$(commands Verify)

[For administrators]($pages/docs/for-administrators.md) goes on from here.
END
}

mkdir -p "$dist"
page >"$dist/INSTALL.md"
say "${dist#"$ROOT"/}/INSTALL.md has the commands to install from $registry"
