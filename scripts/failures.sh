#!/usr/bin/env bash
# failures.sh FILE...: says in a few lines which tests of "go test -json" failed, and
# why: who has only the end of a long log has this.
. "$(dirname "$0")/lib.sh"

# What testify says, without where; or else the test's last words.
# shellcheck disable=SC2016 # the variables are jq's
REASON='
  def reason:
    (map(test("^\\s+Error:\\s")) | index(true)) as $from
    | if $from then .[$from:] | .[:(map(test("^\\s+\\S+\\.go:\\d+: ")) | index(true))] else .[-6:] end
    | map(select(test("^\\s+Test:\\s|^\\s*$") | not))
    | if length > 12 then .[:8] + ["…"] + .[-3:] else . end
    | map("    " + (gsub("^\\s+|\\s+$"; "") | .[:240]));'

# One that failed only for the sake of a test within it is left out.
# shellcheck disable=SC2016
FAILED='
  [inputs | .Test //= ""] | group_by([.Package, .Test]) | map(select(any(.Action == "fail")))
  | map(.[0] | [.Package, .Test]) as $failed
  | .[] | .[0] as {$Package, $Test}
  | select(any($failed[]; .[0] == $Package and .[1] != $Test and ($Test == "" or (.[1] | startswith($Test + "/")))) | not)
  | "FAILED: \($Package) \($Test)",
    (map(select(.Action == "output").Output | select(test("^\\s*(=== |--- |FAIL)") | not)) | reason[])'

scripts/packages.sh jq
cat "$@" | jq -nr "$REASON $FAILED"
