#!/usr/bin/env bash
# demo-failover.sh: kills the master of the demo tenant's Redis while a ledger
# in the tenant's namespace writes to it, and shows what the tenant saw.
. "$(dirname "$0")/lib.sh"

SYSTEM=redis-system
TENANT=team-a
RELEASE=team-a-cache
JOB=demo-failover
OUT=$CACHE/demo

require_instance() {
  kubectl get --raw /readyz --request-timeout 10s >/dev/null 2>&1 || die "no test cluster answers; run: make up"
  kubectl -n "$SYSTEM" get redisfailover "$RELEASE" >/dev/null || die "$SYSTEM has no $RELEASE; run: make up"
}

# await_whole TEXT waits until the instance serves and shows its Pods.
await_whole() {
  step "$1" await-redis --namespace "$SYSTEM" --name "$RELEASE" --timeout 2m
  awk '$2 ~ /^(master|replica|sentinel)$/ {print "  " $0}' "$(step_log "$1")"
}

# find_process POD prints the node of a Redis and its process there, the only child of
# the container's first one.
find_process() {
  local node id
  read -r node id <<<"$(kubectl -n "$SYSTEM" get pod "$1" -o \
    'jsonpath={.spec.nodeName} {.status.containerStatuses[?(@.name=="redis")].containerID}')"
  echo "$node $(docker exec "$node" sh -c "pid=\$(crictl inspect ${id#containerd://} | jq .info.pid)
    read -r pid _ </proc/\$pid/task/\$pid/children; echo \$pid")"
}

# ledger_job is the example client's Job with the ledger in it, under the load
# of the benchmarks. The ledger keeps its account in memory: no limit.
ledger_job() {
  kubectl patch --local --filename examples/go/job.yaml --type json --output json --patch '[
    {"op": "replace", "path": "/metadata/name", "value": "'"$JOB"'"},
    {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "'"$LEDGER_IMAGE"'"},
    {"op": "add", "path": "/spec/template/spec/containers/0/args", "value":
      ["-clients=follow,naive", "-writers=2", "-rate=100", "-duration=25s", "-whole-within=90s"]},
    {"op": "remove", "path": "/spec/template/spec/containers/0/resources/limits"}
  ]'
}

remove_ledger() { kubectl -n "$TENANT" delete job "$JOB" --ignore-not-found --cascade=foreground >/dev/null; }

ledger_log() { kubectl -n "$TENANT" logs "job/$JOB" "$@"; }

ledger_is_ready() { ledger_log 2>/dev/null | grep -x READY >/dev/null; }

start_ledger() {
  remove_ledger
  trap remove_ledger EXIT
  ledger_job | kubectl -n "$TENANT" create -f - >/dev/null
  wait_until 60 ledger_is_ready || die "the ledger does not get to write: $(ledger_log 2>&1 | tail -n 3)"
}

# show_writing follows the ledger up to its table.
show_writing() { ledger_log --follow | sed -u -e '/^$/,$d' -e '/^run \|^READY$/d' -e 's/^/  /'; }

# first_switch TIME prints when a Sentinel first named another master.
first_switch() {
  kubectl -n "$SYSTEM" logs --container sentinel --timestamps --since-time "$1" --tail -1 \
    --selector "app.kubernetes.io/part-of=redis-failover,app.kubernetes.io/component=sentinel,app.kubernetes.io/name=$RELEASE" |
    awk '/\+switch-master/ {print $1}' | sort | sed -n 1p
}

# marks FAULT SWITCH prints what command timeline is told of these two moments.
marks() {
  printf '[{"kind": "fault", "at": "%s", "label": "master killed"}' "$1"
  if [ -n "$2" ]; then printf ', {"kind": "switch", "at": "%s", "label": "Sentinel names another master"}' "$2"; fi
  echo ']'
}

require_instance
rm -rf "$OUT"
mkdir -p "$OUT"
whole="waiting until $RELEASE is whole"
await_whole "$whole"
master=$(awk '$2 == "master" {print $1}' "$(step_log "$whole")")
process=$(find_process "$master")
read -r node pid <<<"$process"
[[ $pid =~ ^[0-9]+$ ]] || die "$node does not tell the process of redis-server in $master: $pid"

say "a ledger in $TENANT starts to write: two kinds of clients, 200 writes/s each"
start_ledger
sleep 4 # a quiet stretch to compare with
say "kill -9 of redis-server in $master, the master"
# From its node: inside, the kernel keeps KILL from a container's first process.
fault=$(docker exec "$node" sh -c "date -u +%FT%T.%3NZ; kill -KILL $pid")
show_writing

ledger_log >"$OUT/ledger.log"
grep '^{"schema":' "$OUT/ledger.log" >"$OUT/ledger.json" ||
  die "the ledger ended without an account; its log is in ${OUT#"$ROOT"/}/ledger.log. If its image is older than this repository, run: make up"
marks "$fault" "$(first_switch "$fault")" >"$OUT/marks.json"
echo
timeline -out "$OUT/failover" -title "kill -9 of the master" "$RELEASE=$OUT/ledger.json,$OUT/marks.json" | sed 's/^/  /'
echo
await_whole "waiting until $RELEASE is whole again"
say "The timeline is in ${OUT#"$ROOT"/}/failover.png and .svg; the operator's defaults under the same fault: docs/benchmarks.md"
