#!/usr/bin/env bash
# vulnerabilities.sh [LIST [ALLOWED]]: fails on a known vulnerability that a program in
# LIST (ci/vulnerabilities/modules) can reach, unless ALLOWED (ci/vulnerabilities/allowed)
# has it. The database is the Go module that ci/vulnerabilities pins, so that a commit gets
# the same answer each time, or that of the version VULNDB, such as latest.
. "$(dirname "$0")/lib.sh"

list=$(realpath "${1:-ci/vulnerabilities/modules}")
allowed=$(realpath "${2:-ci/vulnerabilities/allowed}")
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

# fetch says where the database is. Another one than the pinned must not be pinned by that: it
# is the copy of the pins that gets its checksum, from the checksum database.
fetch() {
  cp ci/vulnerabilities/go.mod ci/vulnerabilities/go.sum "$reports"
  go -C "$reports" mod download -json "golang.org/x/vulndb${VULNDB:+@$VULNDB}" | tee "$reports/database"
}

# search FOLDER PACKAGE... writes what govulncheck says of a module.
search() {
  govulncheck -C "$1" -db "file://$database" -format json "${@:2}" >"$reports/${1//\//-}.json" || {
    echo "$1 was not searched: see above" >&2
    return 255
  }
}
export -f search

# Each takes about 1 GiB.
search_all() { sed '/^#/d' "$list" | xargs --max-lines=1 --max-procs=2 bash -c 'search "$@"' search; }

# reachable prints "ID where": only a finding with a function is one that is called.
reachable() {
  jq --raw-output 'select(.finding.trace[0].function) | .finding
    | "\(.osv) \(.trace[0].module) \(.trace[0].version), repaired in \(.fixed_version // "no release"), called by \(.trace[-1].package).\(.trace[-1].function)"' \
    "$reports"/*.json | sort --unique --key=1,1
}

# judge fails on what is reachable and not allowed, and on a line of the list of
# allowed ones that is malformed, over or of no use.
judge() {
  local found id until reason bad=0
  found=$(reachable)
  while read -r id until reason; do
    if ! [[ $id =~ ^GO-[0-9]{4}-[0-9]+$ && $until =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ && -n $reason ]]; then
      echo "$allowed: \"$id $until $reason\": must be an ID, a day as 2027-01-31, and the reason"
      bad=1
    elif [[ $until < $(date --utc +%F) ]]; then
      echo "$id is allowed until $until only: raise what it is in, or look again and give a new day"
      bad=1
    elif ! grep -q "^$id " <<<"$found"; then
      echo "$id is allowed, and nothing reaches it any more: remove its line"
      bad=1
    fi
    found=$(grep -v "^$id " <<<"$found" || true)
  done < <(sed '/^#/d' "$allowed")
  [ -z "$found" ] || awk '{print "https://pkg.go.dev/vuln/" $0}' <<<"$found"
  [ "$bad" = 0 ] && [ -z "$found" ]
}

step "fetching the vulnerability database" fetch
# A folder of records without an index, which govulncheck then makes in memory.
database=$(jq --raw-output .Dir "$reports/database")/data/osv
export database reports
step "searching for vulnerabilities, database $(jq --raw-output .Version "$reports/database")" search_all
step "judging what was found" judge
