#!/usr/bin/env bash
# test.sh SUITE...: runs the suites "unit" (no cluster) and "e2e" (the kind
# cluster) and closes with one line that counts all their tests.
. "$(dirname "$0")/lib.sh"

packages_of() {
  case $1 in
    unit) echo ./... ;;
    # The suite of the cluster alone; the tag would also run all the others.
    e2e) echo ./test/e2e/... ;;
    *) die "no suite is called $1: allowed are unit and e2e" ;;
  esac
}

# count ACTION prints how many tests ended so; a test's own line counts, not its
# package's.
count() { cat "$CACHE"/log/tests-*.json | grep -F '"Test":' | grep -cF "\"Action\":\"$1\"" || true; }

rm -f "$CACHE"/log/tests-*.json
status=0
for suite; do
  if [ "$suite" = e2e ]; then scripts/operator.sh; fi
  say "tests: $suite"
  packages=$(packages_of "$suite")
  tags=()
  if [ "$suite" = e2e ]; then tags=(-tags e2e); fi
  gotestsum --format testname --hide-summary skipped --jsonfile "$CACHE/log/tests-$suite.json" -- \
    "${tags[@]}" -count=1 -timeout 60m "$packages" || { status=1; break; }
  # A module of its own.
  if [ "$suite" = unit ]; then
    (cd test/alerts && gotestsum --format testname --hide-summary skipped --jsonfile "$CACHE/log/tests-alerts.json" -- \
      -count=1 ./...) || { status=1; break; }
  fi
done
say "tests ended"
echo "$(count pass) passed, $(count fail) failed, $(count skip) skipped"
exit $status
