#!/usr/bin/env bash
# bench.sh [SECTION...]: measures what the docs say, all of it or some sections.
# Each section is a function. Nothing else should run on the machine.
. "$(dirname "$0")/lib.sh"

# The post-renderer against kustomize (krusty), kyaml (kio) and a program that
# only copies; its memory; and helm tenant batch against helm template. The ratios
# are those of docs/design/notes.md.
renderer() {
  say "benchmark: the post-renderer"
  go test ./plugin/bench -run '^$' -bench . -benchtime 1x -timeout 60m | tee "$CACHE/log/bench-renderer.txt"
}

# Every fault, on the tenant chart and on the operator's defaults, as in
# docs/benchmarks.md.
faults() {
  local status=0
  scripts/operator.sh
  say "benchmark: faults on the master"
  gotestsum --format testname --jsonfile "$CACHE/log/bench-faults.json" -- \
    -tags e2e -count=1 -timeout 60m -run '^TestFailover$' ./test/e2e || status=$?
  cat "$CACHE/log/failover.txt"
  return $status
}

# A hundred moves and forty kills of a master in a row, in the lab.
series() {
  say "benchmark: masters that end in a row"
  go test -tags bench -count=1 -timeout 60m -run '^TestSeries$' -v ./test/scripts | tee "$CACHE/log/bench-series.txt"
}

[ $# -gt 0 ] || set -- renderer faults series
for section; do
  case $section in
    renderer | faults | series) "$section" ;;
    *) die "no section is called $section: allowed are renderer, faults and series" ;;
  esac
done
