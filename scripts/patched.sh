#!/usr/bin/env bash
# patched.sh NAME FOLDER: copies the module ci/sources/NAME into FOLDER, with the source of
# all that it needs in FOLDER/vendor, on which the patches of ci/sources/NAME/patches are
# put. Modules keep their names, versions and licences, and what Go builds there does not
# depend on FOLDER.
. "$(dirname "$0")/lib.sh"

name=$1 folder=$2
command -v patch >/dev/null || scripts/packages.sh patch
cp "ci/sources/$name"/go.{mod,sum} "$folder"
go -C "$folder" mod vendor
for patch in "ci/sources/$name"/patches/*.patch; do
  # One that does not fit to the letter is for another version.
  patch --strip=1 --fuzz=0 --directory="$folder/vendor" <"$patch"
done
