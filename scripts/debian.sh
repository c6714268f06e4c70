#!/usr/bin/env bash
# debian.sh SUITE: the minimal Debian to which images add their packages, with what
# its security team has repaired.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/image-lib.sh"

suite=$1
IMAGE=tenant-redis.local/debian:$suite
MIRROR=http://deb.debian.org

# sources prints where apt looks. Unstable has its repairs in it, and may be some days
# old on a mirror.
sources() {
  echo "deb [check-valid-until=no] $MIRROR/debian $suite main"
  [ "$suite" = sid ] || echo "deb $MIRROR/debian-security $suite-security main"
}

make_debian() {
  local dir=$CACHE/debian-$suite
  rm -rf "$dir"
  mkdir -p "$CACHE/packages"
  debootstrap --variant=minbase --cache-dir="$CACHE/packages" "$suite" "$dir" "$MIRROR/debian"
  sources >"$dir/etc/apt/sources.list"
  # Packages must not start their services where they are only unpacked.
  install -m 755 /dev/stdin "$dir/usr/sbin/policy-rc.d" <<<$'#!/bin/sh\nexit 101'
  printf 'path-exclude=/usr/share/%s/*\n' doc man locale >"$dir/etc/dpkg/dpkg.cfg.d/small"
  rm -rf "$dir"/var/lib/apt/lists/* "$dir"/var/cache/apt/* "$dir"/usr/share/{doc,man,locale}
  import "$dir" "$IMAGE" --change "ENV DEBIAN_FRONTEND=noninteractive" --change "LABEL $INPUTS_LABEL=$digest"
  rm -rf "$dir"
}

digest=$({ cat "$0"; echo "$suite"; } | sha256sum | cut -c 1-16)
[ "$(image_inputs "$IMAGE")" != "$digest" ] || exit 0
scripts/packages.sh debootstrap
step "making Debian $suite, with which images begin" make_debian
