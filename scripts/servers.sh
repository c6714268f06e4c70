#!/usr/bin/env bash
# servers.sh NAME...: gets versions of the servers, as ci/servers/list has them, into
# .cache/servers/NAME. They are there under Redis' names, and run on this machine with
# the libraries of their own Debian.
. "$(dirname "$0")/lib.sh"

FOLDER=$CACHE/servers
LOADER=lib64/ld-linux-x86-64.so.2
MIRROR=http://deb.debian.org/debian

# debian SUITE PACKAGE...: a Debian that has these packages, and need not start.
debian() {
  local suite=$1 dir=$FOLDER/debian-$1 base=$1
  shift
  # It is put on top of another one.
  [ "$suite" != experimental ] || base=sid
  rm -rf "$dir"
  mkdir -p "$CACHE/packages"
  debootstrap --variant=minbase --cache-dir="$CACHE/packages" --include="$(tr ' ' , <<<"$*")" "$base" "$dir" "$MIRROR"
  [ "$suite" = "$base" ] || add "$dir" "$base" "$suite" "$@"
}

# add FOLDER BASE SUITE PACKAGE...: the packages of another suite, in a Debian that has an
# older version of them, in which nothing may start.
add() {
  local dir=$1 base=$2 suite=$3
  shift 3
  # A mirror may be some days old.
  printf 'deb [check-valid-until=no] %s %s main\n' "$MIRROR" "$base" "$MIRROR" "$suite" >"$dir/etc/apt/sources.list"
  install -m 755 /dev/stdin "$dir/usr/sbin/policy-rc.d" <<<$'#!/bin/sh\nexit 101'
  chroot "$dir" apt-get update
  DEBIAN_FRONTEND=noninteractive chroot "$dir" apt-get install --yes --no-install-recommends --target-release="$suite" "$@"
}

# server NAME SUITE: its programs, each told where its libraries are.
server() {
  local from=$FOLDER/debian-$2 to=$FOLDER/$1.new program
  rm -rf "$to"
  mkdir -p "$to"
  for program in "$from"/usr/bin/{valkey,redis}-{server,cli,benchmark} "$from/usr/sbin/haproxy"; do
    [[ $(basename "$program") = "${1%%-*}"* ]] || continue
    cp -L "$program" "$to/$(basename "${program/valkey-/redis-}")"
  done
  patchelf --set-interpreter "$from/$LOADER" --force-rpath \
    --set-rpath "$from/lib/x86_64-linux-gnu:$from/usr/lib/x86_64-linux-gnu" "$to"/*
  [ "${1%%-*}" = haproxy ] || ln -s redis-server "$to/redis-sentinel"
  rm -rf "${FOLDER:?}/$1"
  mv "$to" "$FOLDER/$1"
}

listed() { sed '/^#/d' ci/servers/list; }

# inputs prints what they are made from; they are made anew when it changes.
inputs() { cat ci/servers/list scripts/servers.sh; }

inputs | cmp -s - "$FOLDER/inputs" || rm -rf "$FOLDER"
mkdir -p "$FOLDER"
inputs >"$FOLDER/inputs"
for name; do
  [ ! -d "$FOLDER/$name" ] || continue
  suite=$(listed | awk -v name="$name" '$1 == name {print $2}')
  [ -n "$suite" ] || die "no server is called $name: ci/servers/list has $(listed | awk '{print $1}' | paste -sd ' ')"
  scripts/packages.sh debootstrap patchelf
  if [ ! -e "$FOLDER/debian-$suite/complete" ]; then
    mapfile -t packages < <(listed | awk -v suite="$suite" '$2 == suite {for (n = 3; n <= NF; n++) print $n}')
    step "getting Debian $suite's servers" debian "$suite" "${packages[@]}"
    touch "$FOLDER/debian-$suite/complete"
  fi
  step "preparing $name" server "$name" "$suite"
done
