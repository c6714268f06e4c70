#!/usr/bin/env bash
# image.sh NAME: makes an image of ci/images/list*, of Debian's packages or of the
# program that scripts/build-source.sh has compiled.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/image-lib.sh"

name=$1
image=$(local_name "$(listed_images | awk -v name="$name" '$1 == name {print $2}')")
digest=$(listed_inputs "$name")
if [ -d "ci/images/$name" ]; then
  step "making the Debian of $name" rootfs "ci/images/$name"
  step "making $image" from_dockerfile "ci/images/$name" "$image" "$digest"
else
  step "making $image" program "$(find "$CACHE/build/$name" -type f)" "$image" "$digest"
fi
