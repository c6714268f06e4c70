#!/bin/sh
# golive.sh tenant SECONDS REDIS SENTINELS: walks the go-live checklist of an
# instance of so many Redis and Sentinels with what its tenant has, the
# environment of the ConfigMap and the Secret. A check that fails is repeated
# until SECONDS after the start: network policies need a moment to know a Pod.
#
# golive.sh stranger HOST:PORT...: makes sure that none of these answers.
#
# Prints a line per check and fails if one does. Kubernetes, which hands it to
# the Pod as an argument, would make one dollar sign of two.

# ask HOST:PORT COMMAND...: the answer, or why there is none.
ask() (
	host=${1%:*} port=${1##*:}
	shift
	answer=$(timeout 2 redis-cli -h "$host" -p "$port" "$@" 2>&1)
	echo "${answer:-no answer from $host:$port}"
)

# redis HOST:PORT COMMAND...: asks with the user's name and password. The latter is in the environment,
# not in the arguments, which every process may list.
redis() (
	[ -z "${REDIS_PASSWORD-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
	at=$1
	shift
	ask "$at" ${REDIS_USERNAME:+--user "$REDIS_USERNAME"} "$@"
)

# named SENTINEL: the HOST:PORT of the master that a Sentinel names.
named() {
	ask "$1" SENTINEL GET-MASTER-ADDR-BY-NAME "$REDIS_SENTINEL_MASTER" | paste -s -d : -
}

# peers SENTINEL: the HOST:PORT of each other Sentinel that it knows.
peers() {
	ask "$1" SENTINEL SENTINELS "$REDIS_SENTINEL_MASTER" |
		awk 'key == "ip" { ip = $1 } key == "port" { print ip ":" $1 } { key = $1 }'
}

# check NAME ADVICE TEST...: a line about TEST, which leaves in $seen what it saw.
check() {
	name=$1 advice=$2
	shift 2
	until "$@"; do
		if [ "$(date +%s)" -ge "$deadline" ]; then
			echo "FAILED  $name: $(echo "$seen" | paste -s -d ' ' -); $advice"
			failed="${failed:+$failed, }$name"
			return 1
		fi
		sleep 0.5
	done
	echo "ok      $name: $seen"
}

answers() {
	seen=$(ask "$service" PING)
	[ "$seen" = PONG ]
}

names_master() {
	master=$(named "$service")
	seen=$master
	case $master in
	127.0.0.1:*) false ;; # the operator's word for none
	*[!0-9.:]* | '') false ;;
	esac
}

wants_password() {
	seen=$(ask "$master" PING)
	case $seen in NOAUTH*) ;; *) false ;; esac
}

is_master() {
	seen=$(redis "$master" ROLE | paste -s -d ' ' -)
	case $seen in "master "*) seen="$master says so" ;; *) false ;; esac
}

replicas_follow() {
	linked=0
	for replica in $(redis "$master" ROLE | awk 'NR > 2 && NR % 3 == 0 { ip = $1 } NR > 3 && NR % 3 == 1 { print ip ":" $1 }'); do
		case $(redis "$replica" ROLE | paste -s -d ' ' -) in
		"slave ${master%:*} ${master#*:} connected "*) linked=$((linked + 1)) ;;
		esac
	done
	seen="$linked of $replicas linked to $master"
	[ "$linked" = "$replicas" ]
}

# A Sentinel does not list itself, but its peers list it.
sentinels_agree() {
	known=$(peers "$service")
	known=$({ echo "$known" && for sentinel in $known; do peers "$sentinel"; done; } | sort -u)
	count=0 agree=0
	for sentinel in $known; do
		count=$((count + 1))
		[ "$(named "$sentinel")" != "$master" ] || agree=$((agree + 1))
	done
	seen="$agree of $count known name $master, of $sentinels that there should be"
	[ "$agree" = "$sentinels" ] && [ "$count" = "$sentinels" ]
}

has_quorum() {
	for sentinel in $known; do
		seen=$(ask "$sentinel" SENTINEL CKQUORUM "$REDIS_SENTINEL_MASTER")
		case $seen in "OK $sentinels usable"*) ;; *) return 1 ;; esac
		wanted=$(ask "$sentinel" SENTINEL MASTER "$REDIS_SENTINEL_MASTER" | awk 'key == "quorum" { print $1 } { key = $1 }')
		[ "$wanted" = $((sentinels / 2 + 1)) ] || {
			seen="$sentinel wants a quorum of $wanted, not $((sentinels / 2 + 1))"
			return 1
		}
	done
}

keeps_data() {
	key=tenant-redis:golive:$(hostname):$(date +%s)
	seen=$(redis "$master" SET "$key" written EX 60)
	[ "$seen" = OK ] || return
	seen=$(redis "$master" GET "$key")
	[ "$seen" = written ] || return
	seen=$(redis "$master" DEL "$key")
	[ "$seen" = 1 ] && seen="a key was written, read and removed"
}

# has_bounds: whether the tenant's user may not do what is the administrator's. Sentinels
# do not listen to this channel, but it is one of theirs.
has_bounds() {
	for command in "CONFIG GET maxmemory" "ACL WHOAMI" "REPLICAOF NO ONE" "PUBLISH __sentinel__:golive none"; do
		# shellcheck disable=SC2086 # words
		seen=$(redis "$master" $command)
		case $seen in NOPERM*) ;; *)
			seen="$command: $seen"
			return 1
			;;
		esac
	done
	seen="$REDIS_USERNAME is refused what is not for applications"
}

# resolves HOST: whether its address is known. A DNS that is silent looks as
# Redis does behind a policy: nothing comes back.
resolves() {
	case $1 in
	*[!0-9.]*) timeout 5 getent hosts "$1" >/dev/null 2>&1 || timeout 5 nslookup "$1" >/dev/null 2>&1 ;;
	esac
}

# closed HOST:PORT...: whether none takes a connection. A name that does not
# resolve proves nothing.
closed() {
	for target; do
		seen="${target%:*} does not resolve"
		resolves "${target%:*}" || return
		seen=$(ask "$target" PING)
		case $seen in
		"no answer from "* | *": Connection refused" | *": No route to host" | *": Host is unreachable") ;;
		*) return 1 ;;
		esac
	done
	seen="refused at $*"
}

walk() {
	service=$REDIS_SENTINEL_HOST:$REDIS_SENTINEL_PORT
	check sentinel "is the instance running, and its access label on this Pod?" answers &&
		check named "wait for the operator, and read its log" names_master || return
	if [ -n "${REDIS_PASSWORD-}" ]; then
		check password "anybody with the access label gets in; is the Secret the one that the operator reads?" wants_password
	else
		echo "skipped password: auth is off"
	fi
	[ -z "${REDIS_USERNAME-}" ] ||
		check user "each Redis must have been started with auth.tenantUser: has the operator replaced them all?" has_bounds
	check master "is the password right? A failover may be going on: repeat" is_master
	check replicas "look at the Redis Pods that are not running or not in sync" replicas_follow
	check sentinels "the operator repairs them within a minute; read its log" sentinels_agree
	check quorum "a failover may not be possible: look at the Sentinel Pods; the operator sets the quorum within a minute" has_quorum
	check data "is Redis full, or without replicas?" keeps_data
	check metrics "only Prometheus should get in: are network policies enforced?" closed "${master%:*}:9121"
}

failed=
case $1 in
tenant)
	deadline=$(($(date +%s) + $2)) replicas=$(($3 - 1)) sentinels=$4
	walk
	;;
stranger)
	deadline=0
	shift
	check stranger "a Pod without the access label must not get in: are network policies enforced?" closed "$@"
	;;
esac
[ -z "$failed" ] || echo "failed: $failed"
[ -z "$failed" ]
