#!/usr/bin/env bash
# drills.sh: fires the alerts with real faults and puts the figures into
# docs/drills.md.
. "$(dirname "$0")/lib.sh"

# replace_table puts a file in place of what is between the marks in a page.
replace_table() {
  awk -v table="$1" '
    /^<!-- end of table -->$/ { within = 0 }
    !within
    /^<!-- table -->$/ { within = 1; while ((getline line < table) > 0) print line }
  ' "$2" >"$CACHE/page.md"
  cp "$CACHE/page.md" "$2"
}

IMAGE_LISTS=$TEST_IMAGE_LISTS scripts/operator.sh
say "drills"
gotestsum --format testname --jsonfile "$CACHE/log/drills.json" -- \
  -tags e2e -count=1 -timeout 60m -run '^TestDrills$' ./test/e2e
replace_table "$CACHE/log/drills.md" docs/drills.md
say "docs/drills.md has the figures"
