#!/usr/bin/env bash
# test.sh SUITE...: runs the suites "unit", "lab" (Redis as processes of this
# machine), "e2e" (the kind cluster) and "full" (e2e and all that takes long), and
# closes with what failed and one line that counts all their tests. A cluster that is
# needed is made beside the unit tests.
. "$(dirname "$0")/lib.sh"

# labs lists the packages that put real Redis processes through faults. They mostly
# wait, and what they measure is not for compilers to delay.
labs() { go list -f '{{.ImportPath}} {{.TestImports}} {{.XTestImports}}' ./... | awk '/\/test\/lab[] ]/ {print $1}'; }

# choose SUITE sets the packages, build tags and time limit of a suite.
choose() {
  local lab
  # A suite of the cluster is this package alone; its tags would also run all
  # the others.
  packages=(./test/e2e/...) limit=70m flags=()
  case $1 in
    unit) tags='' lab=$(labs) && mapfile -t packages < <(go list ./... | grep -vxF "$lab") ;;
    # First what takes longest.
    lab) tags='' lab=$(labs) && mapfile -t packages <<<"./test/scripts"$'\n./test/clients\n'"$lab" ;;
    # They mostly wait: more of them than cores.
    e2e) tags=e2e flags=(-parallel 3) ;;
    full) tags=e2e,full limit=4h flags=(-parallel 3) ;;
    *) die "no suite is called $1: allowed are unit, lab, e2e and full" ;;
  esac
}

# count ACTION prints how many tests ended so; a test's own line counts, not its
# package's.
count() { cat "$CACHE"/log/tests-*.json | grep -F '"Test":' | grep -cF "\"Action\":\"$1\"" || true; }

# begin_cluster begins to make the cluster.
begin_cluster() {
  say "making the cluster beside the tests"
  BESIDE=1 IMAGE_LISTS=$ALL_IMAGE_LISTS scripts/operator.sh >"$CACHE/log/cluster.log" 2>&1 &
  cluster=$!
  trap 'kill "$cluster" 2>/dev/null || true' EXIT
}

# await_cluster waits until it is made, and shows what happened so far.
await_cluster() {
  phase "the rest of making the cluster"
  tail --lines=+1 --follow --pid="$cluster" "$CACHE/log/cluster.log"
  trap - EXIT
  wait "$cluster" || die "there is no cluster to run tests on"
  cluster=
}

rm -f "$CACHE"/log/tests-*.json
status=0 cluster=
case " $* " in *" e2e "* | *" full "*) begin_cluster ;; esac
for suite; do
  choose "$suite"
  # The lab measures, and the rest of the tests needs the cluster.
  [ "$suite" = unit ] || [ -z "$cluster" ] || await_cluster
  phase "tests: $suite"
  say "tests: $suite"
  gotestsum --format testname --hide-summary skipped --jsonfile "$CACHE/log/tests-$suite.json" -- \
    -tags "$tags" -count=1 -timeout "$limit" "${flags[@]}" "${packages[@]}" || { status=1; break; }
  # A module of its own.
  if [ "$suite" = unit ]; then
    (cd test/alerts && gotestsum --format testname --hide-summary skipped --jsonfile "$CACHE/log/tests-alerts.json" -- \
      -count=1 ./...) || { status=1; break; }
  fi
done
say "tests ended"
# The design's limits.
scripts/times.sh 1800 3600 "$CACHE"/log/tests-*.json
[ "$status" = 0 ] || scripts/failures.sh "$CACHE"/log/tests-*.json
echo "$(count pass) passed, $(count fail) failed, $(count skip) skipped"
exit $status
