#!/usr/bin/env bash
# bench.sh: measures what docs/benchmarks.md says. Each section is a function.
. "$(dirname "$0")/lib.sh"

# Every fault, on the tenant chart and on the operator's defaults.
faults() {
  local status=0
  scripts/operator.sh
  say "benchmark: faults on the master"
  gotestsum --format testname --jsonfile "$CACHE/log/bench-faults.json" -- \
    -tags e2e -count=1 -timeout 60m -run '^TestFailover$' ./test/e2e || status=$?
  cat "$CACHE/log/failover.txt"
  return $status
}

faults
