# shellcheck shell=bash
# What Go programs are made of, as the programs themselves tell: the same bytes each time.

# bill VERSION PROGRAM... prints the bill of materials (CycloneDX) of programs in one archive.
bill() {
  local version=$1 program
  shift
  for program; do
    cyclonedx-gomod bin -json -noserial -notimestamp -std -version "$version" "$program"
  done | jq --slurp '
    (.[0] | del(.metadata.tools[].hashes))
    + {components: (map(.components[]) | unique_by(."bom-ref")), dependencies: (map(.dependencies[]) | unique_by(.ref))}'
}

# modules PROGRAM... prints PATH@VERSION of each module of others in programs, which may be all of one.
modules() { go version -m "$@" | awk '($1 == "mod" || $1 == "dep") && $3 ~ /^v/ {print $2 "@" $3}' | LC_ALL=C sort --unique; }

# licences PROGRAM... prints the licences and notices of all that is in programs, Go's first.
licences() {
  local modules folders module folder files
  mapfile -t modules < <(modules "$@")
  # Outside of a module go.sum is not asked for; the checksum database is.
  folders=$(cd / && go mod download -json "${modules[@]}" | jq --raw-output '"\(.Path)@\(.Version) \(.Dir)"')
  printf '==== Go and its standard library, %s\n\n' "$GOTOOLCHAIN"
  cat "$(go env GOROOT)/LICENSE"
  while read -r module folder; do
    mapfile -t files < <(find "$folder" -maxdepth 1 -type f -iregex '.*/\(un\)?\(licen[cs]e\|copying\|notice\|patents\).*' | LC_ALL=C sort)
    [ ${#files[@]} -gt 0 ] || die "$module has no licence"
    printf '\n==== %s\n\n' "$module"
    cat "${files[@]}"
  done <<<"$folders"
}
