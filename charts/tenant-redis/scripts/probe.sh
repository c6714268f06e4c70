#!/bin/sh
# probe.sh: writes every five seconds as an application of the tenant does, with what
# the ConfigMap and the Secret say, and keeps account for the exporter beside it. The
# keys "sentinel" and "proxy" of a Redis of its own have when a write was last
# acknowledged on that way, in seconds since 1970.
#
# Each write asks for the master anew: a connection that goes on would show nothing of
# Sentinel's Service. Kubernetes, which hands this to the Pod as an argument, would make
# one dollar sign of two.

secret=${SECRET:-/secret}
account=${ACCOUNT:-6380}

ask() {
	timeout 2 redis-cli "$@" 2>/dev/null
}

# login NAME: what the Secret has of it. It is read each time, since it changes.
login() {
	cat "$secret/$1" 2>/dev/null
}

# written HOST PORT: whether a write there is acknowledged. The password is in the
# environment, not in the arguments, which every process may list.
written() (
	user=$(login REDIS_USERNAME || echo "${REDIS_USERNAME-}")
	! password=$(login REDIS_PASSWORD) || export REDISCLI_AUTH="$password"
	[ "$(ask -h "$1" -p "$2" ${user:+--user "$user"} SET tenant-redis:probe 1 EX 60)" = OK ]
)

# through_sentinel: a write to the master that Sentinel's Service names.
through_sentinel() {
	# shellcheck disable=SC2046,SC2153 # its address and its port, by the ConfigMap
	set -- $(ask -h "$REDIS_SENTINEL_HOST" -p "$REDIS_SENTINEL_PORT" SENTINEL GET-MASTER-ADDR-BY-NAME "$REDIS_SENTINEL_MASTER")
	[ $# = 2 ] && written "$1" "$2"
}

# note WAY: without an account the container is of no use, and starts again.
note() {
	ask -p "$account" SET "$1" "$(date +%s)" >/dev/null || exit 1
}

redis-server --bind 127.0.0.1 --port "$account" --save '' --loglevel warning &
until [ "$(ask -p "$account" PING)" = PONG ]; do
	sleep 0.1
done
# From here on a way that does not work counts as down.
[ -z "${REDIS_SENTINEL_HOST-}" ] || note sentinel
[ -z "${REDIS_PORT-}" ] || note proxy
while :; do
	[ -z "${REDIS_SENTINEL_HOST-}" ] || ! through_sentinel || note sentinel
	# shellcheck disable=SC2153 # the ConfigMap's
	[ -z "${REDIS_PORT-}" ] || ! written "$REDIS_HOST" "$REDIS_PORT" || note proxy
	sleep "${PAUSE:-5}"
done
