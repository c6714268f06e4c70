#!/usr/bin/env bash
# test.sh SUITE...: runs the suites "unit", "lab" (Redis as processes of this
# machine), "versions" (a few tests of the lab, on each server of ci/servers/list),
# "servers" (all of them, on each, or on those of SERVERS), "checks" (make lint and
# vulnerabilities), "e2e" (the kind cluster) and "full" (e2e and all that takes long), and
# closes with what failed and one line that counts all their tests. A cluster that is needed
# is made beside the unit tests, and the checks run beside the suites after them, with what
# these leave of the cores.
. "$(dirname "$0")/lib.sh"

# labs lists the packages that put real Redis processes through faults. They mostly
# wait, and what they measure is not for compilers to delay.
labs() { go list -f '{{.ImportPath}} {{.TestImports}} {{.XTestImports}}' ./... | awk '/\/test\/lab[] ]/ {print $1}'; }

# tests NAME FLAG...: runs Go tests, and keeps what they tell by that name. On a bare
# machine they share the cores with compilers: Go's own limit of ten minutes is too short.
# Lint vets them, and all that they are made of would be read once more for it.
tests() {
  local name=$1
  shift
  gotestsum --format testname --hide-summary skipped --jsonfile "$CACHE/log/tests-$name.json" -- -count=1 -vet=off -timeout 30m "$@"
}

# on_cluster TAGS LIMIT: the tests of the cluster. They are this package alone: their tags
# would also run all the others.
on_cluster() { tests "$1" -tags "$1" -timeout "$2" ./test/e2e/...; }

# lab NAME: all tests of the lab. The scripts' come alone: they are many at a time, and all
# measure.
lab() {
  local packages
  mapfile -t packages < <(labs | grep -v '/test/scripts$')
  tests "$1scripts" ./test/scripts && tests "$1lab" "${packages[@]}"
}

# lab_on SERVER few|all: tests of the lab, with that version of Redis, Valkey or HAProxy.
lab_on() (
  export PATH=$CACHE/servers/$1:$PATH
  case $1 in
    haproxy-*) version=$(haproxy -v) ;;
    *) version=$(redis-server --version) ;;
  esac
  version=$(head -n 1 <<<"$version")
  say "the lab on $version"
  [[ $version = *"${1#*-}."* ]] || die "this is not $1: Debian has another version by now, as ci/servers/list and docs/versions.md must say"
  case "$2 $1" in
    few\ haproxy-*) tests "$1-few" -run '^(TestHandOver|TestMetrics)$' ./test/chart/proxy ;;
    few*)
      tests "$1-rights" -run '^(TestEveryCommandIsClassified|TestHostileClient|TestRestrictedSentinel)$' ./test/chart/users &&
        tests "$1-few" -run '^(TestHandOver|TestCrashedMasterIsReplaced|TestMigration)$' ./test/scripts
      ;;
    *\ haproxy-*) tests "$1-all" ./test/chart/proxy ./plugin/golive ;;
    *) lab "$1-" ;;
  esac
)

# servers prints the names of all.
servers() { sed '/^#/d; s/ .*//' ci/servers/list | paste -sd ' '; }

# lab_on_each few|all SERVERS: with each version, all tests one version after the other: they
# measure. The few mostly wait, and two versions share the cores.
lab_on_each() {
  local servers beside_them=() lane status=0 log=$CACHE/log/lab-beside.log
  read -ra servers <<<"$2"
  scripts/servers.sh "${servers[@]}" || return
  if [ "$1" = few ]; then
    beside_them=("${servers[@]:0:${#servers[@]}/2}")
    servers=("${servers[@]:${#servers[@]}/2}")
  fi
  (
    trap - INT # which what runs in the background does without
    lab_in_turn "$1" "${beside_them[@]}"
  ) >"$log" 2>&1 &
  lane=$!
  lab_in_turn "$1" "${servers[@]}" || status=1
  wait "$lane" || status=1
  cat "$log"
  return "$status"
}

# lab_in_turn few|all SERVER...: with each version, and all of them if one fails.
lab_in_turn() {
  local amount=$1 server status=0
  shift
  for server; do lab_on "$server" "$amount" || status=1; done
  return "$status"
}

# long PACKAGE: the tests of the lab that take long, which are in files of their own.
long() {
  local names
  names=$(sed -n 's/^func \(Test[A-Za-z]*\)(.*/\1/p' "test/$1"/full_*_test.go | paste -sd '|')
  tests "long-$1" -tags full -timeout 2h -run "^($names)\$" "./test/$1"
}

# unit runs the tests of the alerts, a module of its own and mostly one process, beside the
# others, so that no core is idle, and shows them after the others.
unit() {
  local packages alerts status=0 log=$CACHE/log/alerts.log
  (cd test/alerts && tests alerts ./...) >"$log" 2>&1 &
  alerts=$!
  mapfile -t packages < <(go list ./... | grep -vxF "$(labs)")
  tests unit "${packages[@]}" || status=1
  wait "$alerts" || status=1
  cat "$log"
  return "$status"
}

# run SUITE runs the tests of one.
run() {
  case $1 in
    unit) unit ;;
    lab) lab '' ;;
    versions) lab_on_each few "$(servers)" && tests changes -tags versions -run '^TestVersions' ./test/scripts ;;
    servers) lab_on_each all "${SERVERS:-$(servers)}" ;;
    e2e) on_cluster e2e 70m ;;
    full)
      tests images -tags full -timeout 1h -run '^TestOperatorImageOfAll$' ./test/make && long scripts && long clients &&
        on_cluster e2e,full 4h
      ;;
    *) die "no suite is called $1: allowed are unit, lab, versions, servers, checks, e2e and full" ;;
  esac
}

# count ACTION prints how many tests ended so; a test's own line counts, not its
# package's.
count() { cat "$CACHE"/log/tests-*.json | grep -F '"Test":' | grep -cF "\"Action\":\"$1\"" || true; }

# beside NAME COMMAND...: begins a command beside the tests, in a process group of its own:
# what that starts must not go on when the tests have ended.
beside() {
  local name=$1
  shift
  BESIDE=1 setsid "$@" >"$CACHE/log/$name.log" 2>&1 &
  others[$name]=$!
}

# await NAME waits until that has ended, and shows what happened so far.
await() {
  tail --lines=+1 --follow --pid="${others[$1]}" "$CACHE/log/$1.log"
  wait "${others[$1]}" || return
  unset "others[$1]"
}

begin_cluster() {
  say "making the cluster beside the tests"
  IMAGE_LISTS=$image_lists beside cluster scripts/operator.sh
}

await_cluster() {
  phase "the rest of making the cluster"
  await cluster || die "there is no cluster to run tests on"
}

# begin_checks: at the lowest priority, that of the process and of its session.
begin_checks() {
  say "lint and known vulnerabilities beside the tests"
  # shellcheck disable=SC2016 # the other shell's
  beside checks bash -c '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice --adjustment=19 "$@"' checks \
    make --no-print-directory lint vulnerabilities
}

await_checks() {
  phase "the rest of lint and known vulnerabilities"
  await checks
}

declare -A others=()
trap 'kill -- "${others[@]/#/-}" 2>/dev/null || true' EXIT
rm -f "$CACHE"/log/tests-*.json
status=0 image_lists=$TEST_IMAGE_LISTS
case " $* " in *" full "*) image_lists=$FULL_IMAGE_LISTS ;; esac
case " $* " in *" e2e "* | *" full "*) begin_cluster ;; esac
for suite; do
  # The lab measures, and the rest of the tests needs the cluster.
  [ "$suite" = unit ] || [ -z "${others[cluster]:-}" ] || await_cluster
  if [ "$suite" = checks ]; then
    begin_checks
    continue
  fi
  phase "tests: $suite"
  say "tests: $suite"
  run "$suite" || { status=1; break; }
done
say "tests ended"
[ -z "${others[checks]:-}" ] || await_checks || status=1
# The design's limits.
scripts/times.sh 1800 3600 "$CACHE"/log/tests-*.json
case " $* " in *" e2e "* | *" full "*) IMAGE_LISTS=$image_lists image_origins ;; esac
[ "$status" = 0 ] || scripts/failures.sh "$CACHE"/log/tests-*.json
echo "$(count pass) passed, $(count fail) failed, $(count skip) skipped"
exit $status
