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
# or plugin, and the archive's checksum. A plugin that comes from a registry Helm 4 knows by
# another name, NAME-VERSION.tgz of its manifest.
statement() {
  local file manifest
  file=$(tar -tzf "$1" | grep -E '^([^/]+/)?(Chart|plugin)\.yaml$')
  manifest=$(tar -xzOf "$1" "$file")
  printf '%s\n\n...\nfiles:\n' "$manifest"
  printf '%s\n' "$1" "$(sed -n 's/^name: //p' <<<"$manifest")-$(sed -n 's/^version: //p' <<<"$manifest").tgz" |
    sort -u | sed "s/.*/  &: sha256:$(sha256sum "$1" | cut -d ' ' -f 1)/"
}

sign() { gpg --batch --yes --local-user "$SIGN_KEY" --output "$1" "${@:2}"; }

sign_all() {
  local archive
  cd "$dist"
  for archive in *.tgz; do statement "$archive" | sign "$archive.prov" --clearsign; done
  sign SHA256SUMS.asc --armor --detach-sign SHA256SUMS
}

step "signing the packages" sign_all
