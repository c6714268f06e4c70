#!/usr/bin/env bash
# plugin.sh [PROGRAMS FOLDER]: puts the Helm plugins together in FOLDER/helm3 and
# FOLDER/helm4 (bin/plugins), from plugin/helm3, plugin/helm4 and the programs in
# PROGRAMS (bin). HELM_PLUGINS may point at either; helm plugin install takes the
# folders in them.
. "$(dirname "$0")/lib.sh"

# The programs of Windows end in .exe.
shopt -s extglob
programs=${1:-$BIN}
plugins=${2:-$BIN/plugins}

# assemble FOLDER PROGRAM...: a plugin with its manifest and its programs.
assemble() {
  local folder=$plugins/$1
  mkdir -p "$folder/bin"
  cp "plugin/$1/plugin.yaml" "$folder"
  shift
  for program; do
    # A running program cannot be written to, but replaced.
    cp --remove-destination "$programs/$program"?(.exe) "$folder/bin"
  done
}

rm -rf "$plugins"
# Helm 3 takes the post-renderer's path, and tenant gives that of its neighbour.
assemble helm3/tenant tenant tenant-post
assemble helm4/tenant tenant
assemble helm4/tenant-post tenant-post
