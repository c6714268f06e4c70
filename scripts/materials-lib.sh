# shellcheck shell=bash
# What charts and Go programs are made of, as these themselves tell: the same bytes each time.

# bill_of_chart FOLDER [MODULE@VERSION...] prints the bill of materials of a chart: the images
# that it installs, as its Chart.yaml lists them, and modules of which it has files.
bill_of_chart() {
  local chart=$1 images
  shift
  mapfile -t images < <(sed -n 's/^ *image: //p' "$chart/Chart.yaml")
  jq --null-input --arg name "$(basename "$chart")" --arg version "$(sed -n 's/^version: //p' "$chart/Chart.yaml")" '
    def component($type; $purl): {type: $type, name, version, purl: $purl, "bom-ref": $purl};
    {
      bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
      metadata: {component: ({$name, $version} | component("application"; "pkg:helm/\(.name)@\(.version)"))},
      components: [
        $ARGS.positional[]
        | (capture("^(?<name>[^@]+)@(?<version>[^:]+)$") | component("library"; "pkg:golang/\(.name)@\(.version)")),
          (capture("^(?<registry>[^/@]+)/(?<path>[^@]+):(?<version>[^:@]+)$") | .name = "\(.registry)/\(.path)"
            | component("container"; "pkg:docker/\(.path)@\(.version)?repository_url=\(.registry)"))
      ]
    }' --args "${images[@]}" "$@"
}

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
  local modules
  mapfile -t modules < <(modules "$@")
  printf '==== Go and its standard library, %s\n\n' "$GOTOOLCHAIN"
  cat "$(go env GOROOT)/LICENSE"
  notices "${modules[@]}"
}

# notices MODULE@VERSION... prints the licences and notices of modules.
notices() {
  local folders module folder files
  # Outside of a module go.sum is not asked for; the checksum database is.
  folders=$(cd / && go mod download -json "$@" | jq --raw-output '"\(.Path)@\(.Version) \(.Dir)"')
  while read -r module folder; do
    mapfile -t files < <(find "$folder" -maxdepth 1 -type f -iregex '.*/\(un\)?\(licen[cs]e\|copying\|notice\|patents\).*' | LC_ALL=C sort)
    [ ${#files[@]} -gt 0 ] || die "$module has no licence"
    printf '\n==== %s\n\n' "$module"
    cat "${files[@]}"
  done <<<"$folders"
}
