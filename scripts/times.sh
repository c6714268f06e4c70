#!/usr/bin/env bash
# times.sh WARM COLD [FILE...]: prints what took how long since make began: each phase;
# all of it, and how many seconds it may take with everything cached and with nothing;
# and the ten longest tests of what "go test -json" wrote into FILEs.
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
  cat "$@" | jq -r 'select((.Action | IN("pass", "fail")) and .Test and (.Test | contains("/") | not))
    | [.Elapsed, .Test, (.Package | sub("^github.com/tenant-redis/tenant-redis/"; ""))] | @tsv' |
    sort -rn | awk -F '\t' 'NR <= 10 { printf "%6d s  %s (%s)\n", $1, $2, $3 }'
  echo
}
