#!/usr/bin/env bash
# times.sh WARM COLD [FILE...]: prints what took how long since make began: each phase;
# all of it, and how many seconds it may take with everything cached and with nothing;
# and the ten longest tests, or parts of tests, of what "go test -json" wrote into FILEs.
. "$(dirname "$0")/lib.sh"

scripts/packages.sh jq
phase end
phases=$CACHE/log/phases-$START.tsv warm=$1 cold=$2
shift 2
echo
awk -F '\t' -v warm="$warm" -v cold="$cold" '
  NR > 1 && $1 > from { printf "%6d s  %s\n", $1 - from, name }
  { from = $1; name = $2 }
  END { printf "%6d s  in all; at most %d s with everything cached, %d s with nothing\n", from, warm, cold }
' "$phases"
rm "$phases"
echo
[ $# = 0 ] || {
  echo "The longest tests:"
  # A test whose parts run in parallel also takes the time for which they wait for others:
  # its parts count instead.
  cat "$@" | jq --null-input --raw-output '
    def test: [.Package] + (.Test / "/");
    [inputs | select(.Test and (.Action | IN("pause", "pass", "fail")))]
    | reduce (.[] | select(.Action == "pause") | test | select(length > 2)) as $part ({all: .}; .waiting[$part[:2] | join("/")] = true)
    | reduce (.all[] | test) as $test (.; .whole[range(2; $test | length) as $n | $test[:$n] | join("/")] = true)
    | .waiting as $waiting | .whole as $whole | .all[]
    | select(.Action != "pause" and if $waiting[test[:2] | join("/")] then $whole[test | join("/")] | not else test | length == 2 end)
    | [.Elapsed, .Test, (.Package | sub("^github.com/tenant-redis/tenant-redis/"; ""))] | @tsv' |
    sort -rn | awk -F '\t' 'NR <= 10 { printf "%6d s  %s (%s)\n", $1, $2, $3 }'
  echo
}
