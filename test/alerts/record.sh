#!/usr/bin/env bash
# record.sh EXPORTER [FOLDER]: records what the exporter says of a real Redis and
# Sentinel on loopback, and a real HAProxy of itself, into FOLDER, testdata by
# default. EXPORTER is the redis_exporter that the charts name, built with
#   go -C ci/sources/redis-exporter build -ldflags "-X main.BuildVersion=v1.88.0" \
#     -o redis_exporter github.com/oliver006/redis_exporter
# Of the oldest that will do, testdata/oldest has three of the recordings.
set -euo pipefail
exporter=$(realpath "$1")
repository=$(realpath "$(dirname "$0")/../..")
out=$(realpath "${2:-$(dirname "$0")/testdata}")
work=$(mktemp -d)
started=()
trap 'kill -KILL "${started[@]}" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"

# Addresses of their own stand for the Pods'.
redis=(127.0.0.11 127.0.0.12 127.0.0.13)
sentinels=(127.0.0.21 127.0.0.22 127.0.0.23)
cli() { redis-cli --no-auth-warning -a secret -h "$@"; }

# await COMMAND... waits for the command to succeed.
await() { timeout 20 bash -c "until $*; do sleep 0.2; done" >&2; }

# scrape NAME ADDRESS PASSWORD [FLAG...]: one scrape, without help texts and what the exporter
# tells of itself but for its version.
scrape() {
  local pid
  "$exporter" --redis.addr "redis://$2" --redis.password "$3" "${@:4}" --web.listen-address 127.0.0.1:19121 2>/dev/null &
  pid=$!
  await "curl -sf 127.0.0.1:19121/health >/dev/null"
  curl -sf 127.0.0.1:19121/metrics | grep -vE '^# HELP|(^|^# TYPE )(go|process|promhttp)_' >"$out/$1.txt"
  kill "$pid"
  wait "$pid" || true
}

for address in "${redis[@]}"; do
  mkdir "$address"
  options=(--bind "$address" --replica-announce-ip "$address" --dir "$work/$address" --requirepass secret --masterauth secret --maxmemory 64mb --save 900 1 --save 300 10)
  [ "$address" = "${redis[0]}" ] || options+=(--replicaof "${redis[0]}" 6379)
  redis-server "${options[@]}" >/dev/null &
  started+=($!)
done
for address in "${sentinels[@]}"; do
  await "[ \$(redis-cli --no-auth-warning -a secret -h ${redis[0]} info replication | grep -c state=online) = 2 ]"
  printf '%s\n' "bind $address" "port 26379" "dir $work" "sentinel announce-ip $address" \
    "sentinel monitor mymaster ${redis[0]} 6379 2" "sentinel auth-pass mymaster secret" \
    "sentinel down-after-milliseconds mymaster 2000" "sentinel failover-timeout mymaster 6000" >"$address.conf"
  redis-server "$address.conf" --sentinel >/dev/null &
  started+=($!)
done
await "redis-cli -h ${sentinels[0]} -p 26379 info sentinel | grep -q 'slaves=2,sentinels=3'"

# Series that exist only once something has happened.
cli "${redis[0]}" set key value
cli "${redis[0]}" config set maxmemory 1 maxmemory-policy noeviction
cli "${redis[0]}" set key value || true
cli "${redis[0]}" config set maxmemory 64mb maxmemory-policy allkeys-lru
cli "${redis[1]}" set key value || true

scrape redis-master "${redis[0]}:6379" secret
scrape redis-replica "${redis[1]}:6379" secret
scrape redis-denied "${redis[1]}:6379" wrong
scrape sentinel "${sentinels[0]}:26379" ""
# The account of the Pod that writes, of which its PodMonitor keeps these.
cli "${redis[0]}" mset sentinel 1764399600 proxy 1764399600
scrape probe-writes "${redis[0]}:6379" secret --check-single-keys sentinel,proxy
sed -i '/redis_key_value/!d' "$out/probe-writes.txt"
# HAProxy is as the chart configures it.
"$repository"/bin/helm template cache "$repository"/charts/tenant-redis --set auth.existingSecret=mine,proxy.enabled=true \
  --show-only templates/configmap-proxy.yaml |
  awk -v to="$work" '/^  [a-z.]+: \|/ { file = to "/" substr($1, 1, length($1) - 1); next } file { print substr($0, 5) >file }'
sed -i "s|/etc/haproxy|$work|" haproxy.cfg
PROXY_ADDRESS=127.0.0.31 REDIS_PASSWORD=secret REDIS_SENTINEL_MASTER=mymaster REDIS_SENTINEL_HOST=${sentinels[0]} REDIS_SENTINEL_PORT=26379 \
  haproxy -db -f haproxy.cfg 2>/dev/null &
started+=($!)
await "curl -sf 127.0.0.31:8404/ready >/dev/null"
await "curl -sf 127.0.0.31:8404/metrics | grep -q 'haproxy_backend_active_servers{proxy=\"replicas\"} 2'"
curl -sf 127.0.0.31:8404/metrics | grep -vE '^# HELP|(^|^# TYPE )haproxy_(process|listener|sticktable)_' >"$out/proxy.txt"

for address in "${sentinels[@]:1}"; do redis-cli -h "$address" -p 26379 shutdown || true; done
await "redis-cli -h ${sentinels[0]} -p 26379 sentinel ckquorum mymaster | grep -q NOQUORUM"
scrape sentinel-no-quorum "${sentinels[0]}:26379" ""
cli "${redis[0]}" shutdown nosave || true
await "redis-cli -h ${sentinels[0]} -p 26379 info sentinel | grep -q 'status=[so]down'"
scrape sentinel-master-down "${sentinels[0]}:26379" ""
scrape redis-orphan "${redis[1]}:6379" secret
# Nobody is let in any more, not even to set it back.
cli "${redis[2]}" config set maxclients 1
scrape redis-full "${redis[2]}:6379" secret
