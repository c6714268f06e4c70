#!/usr/bin/env bash
# debian.sh: the minimal Debian to which images add their packages.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/image-lib.sh"

IMAGE=tenant-redis.local/debian
SUITE=bookworm

make_debian() {
  local dir=$CACHE/debian
  rm -rf "$dir"
  mkdir -p "$CACHE/packages"
  debootstrap --variant=minbase --cache-dir="$CACHE/packages" "$SUITE" "$dir"
  # Packages must not start their services where they are only unpacked.
  install -m 755 /dev/stdin "$dir/usr/sbin/policy-rc.d" <<<$'#!/bin/sh\nexit 101'
  printf 'path-exclude=/usr/share/%s/*\n' doc man locale >"$dir/etc/dpkg/dpkg.cfg.d/small"
  rm -rf "$dir"/var/lib/apt/lists/* "$dir"/var/cache/apt/* "$dir"/usr/share/{doc,man,locale}
  import "$dir" "$IMAGE" --change "ENV DEBIAN_FRONTEND=noninteractive" --change "LABEL $INPUTS_LABEL=$digest"
  rm -rf "$dir"
}

digest=$(sha256sum <"$0" | cut -c 1-16)
[ "$(image_inputs "$IMAGE")" != "$digest" ] || exit 0
scripts/packages.sh debootstrap
step "making the Debian that images begin with" make_debian
