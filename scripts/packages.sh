#!/usr/bin/env bash
# packages.sh NAME...: installs the Debian packages that are missing.
. "$(dirname "$0")/lib.sh"

# apt-get takes no second one beside it.
exec {lock}>"$CACHE/packages.lock"
flock "$lock"

missing=()
for name; do
  dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
done
[ ${#missing[@]} = 0 ] && exit
[ "$(id -u)" = 0 ] || die "missing packages, and only root can install them. Run: sudo apt-get install ${missing[*]}"
command -v apt-get >/dev/null || die "missing packages: ${missing[*]}; this is not a Debian-like system, install their equivalents and repeat"

# RUNLEVEL keeps packages from starting their services where systemd does not.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
step "refreshing the package lists" apt-get update
step "installing ${missing[*]}" apt-get install --yes --no-install-recommends "${missing[@]}"
