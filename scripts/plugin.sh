#!/usr/bin/env bash
# plugin.sh: puts the Helm plugins together in bin/plugins/helm3 and helm4, from
# plugin/helm3, plugin/helm4 and the programs in bin/. HELM_PLUGINS may point at
# either; helm plugin install takes the folders in them.
. "$(dirname "$0")/lib.sh"

# assemble FOLDER PROGRAM...: a plugin with its manifest and its programs.
assemble() {
  local folder=$BIN/plugins/$1
  mkdir -p "$folder/bin"
  cp "plugin/$1/plugin.yaml" "$folder"
  shift
  for program; do
    # A running program cannot be written to, but replaced.
    cp --remove-destination "$BIN/$program" "$folder/bin"
  done
}

rm -rf "$BIN/plugins"
# Helm 3 takes the post-renderer's path, and tenant gives that of its neighbour.
assemble helm3/tenant tenant tenant-post
assemble helm4/tenant tenant
assemble helm4/tenant-post tenant-post
