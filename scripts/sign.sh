#!/usr/bin/env bash
# sign.sh [FOLDER]: signs the packages in FOLDER (dist) with GnuPG's secret key
# SIGN_KEY, as gpg --local-user takes it: ARCHIVE.prov is the provenance that Helm
# verifies, SHA256SUMS.asc the signature of all checksums. Without SIGN_KEY it
# signs nothing.
#
# helm package --sign wants the secret key in a file; helm plugin package knows no
# platforms, and packs other bytes for another user.
. "$(dirname "$0")/lib.sh"

dist=${1:-$ROOT/dist}
[ -n "${SIGN_KEY:-}" ] || {
  say "the packages are not signed: SIGN_KEY names no key"
  exit 0
}

# statement ARCHIVE prints what Helm's provenance states: the manifest of the chart
# or plugin, and the archive's checksum.
statement() {
  local manifest
  manifest=$(tar -tzf "$1" | grep -E '^([^/]+/)?(Chart|plugin)\.yaml$')
  tar -xzOf "$1" "$manifest"
  printf '\n...\nfiles:\n  %s: sha256:%s\n' "$1" "$(sha256sum "$1" | cut -d ' ' -f 1)"
}

sign() { gpg --batch --yes --local-user "$SIGN_KEY" --output "$1" "${@:2}"; }

sign_all() {
  local archive
  cd "$dist"
  for archive in *.tgz; do statement "$archive" | sign "$archive.prov" --clearsign; done
  sign SHA256SUMS.asc --armor --detach-sign SHA256SUMS
}

step "signing the packages" sign_all
