#!/bin/sh
# golive.sh tenant SECONDS REDIS SENTINELS [HOST:PORT...]: walks the go-live checklist
# of an instance of so many Redis and Sentinels with what its tenant has, the
# environment of the ConfigMap and the Secret. A check that fails is repeated
# until SECONDS after the start: network policies need a moment to know a Pod. Where
# the ConfigMap names no Sentinel the tenant reaches the proxies alone, and none of
# HOST:PORT may answer.
#
# golive.sh stranger HOST:PORT...: makes sure that none of these answers.
#
# Prints a line per check and fails if one does. The checklist is that of helm
# tenant golive (plugin/golive): names, order and advice are the same. Kubernetes,
# which hands this to the Pod as an argument, would make one dollar sign of two.

# ask HOST:PORT COMMAND...: the answer, or why there is none. With TLS, if $tls says so;
# the CA comes by a file descriptor, since the Pod has nowhere to write a file.
ask() (
	host=${1%:*} port=${1##*:}
	shift
	# shellcheck disable=SC2086 # words
	answer=$(
		timeout 2 redis-cli -h "$host" -p "$port" $tls "$@" 2>&1 3<<-EOF
			${REDIS_TLS_CA-}
		EOF
	)
	echo "${answer:-no answer from $host:$port}"
)

# as USER PASSWORD HOST:PORT COMMAND...: asks with a user's name and password, empty for none.
# redis-cli has the latter in its environment, not in its arguments, which every process may list.
as() (
	whom=$1 at=$3
	[ -z "$2" ] || export REDISCLI_AUTH="$2"
	shift 3
	ask "$at" ${whom:+--user "$whom"} "$@"
)

# redis HOST:PORT COMMAND...: asks as the tenant's applications do.
redis() {
	as "${REDIS_USERNAME-}" "${REDIS_PASSWORD-}" "$@"
}

# named SENTINEL: the HOST:PORT of the master that a Sentinel names.
named() {
	ask "$1" SENTINEL GET-MASTER-ADDR-BY-NAME "$REDIS_SENTINEL_MASTER" | paste -s -d : -
}

# peers SENTINEL: the HOST:PORT of each other Sentinel that it knows.
peers() {
	ask "$1" SENTINEL SENTINELS "$REDIS_SENTINEL_MASTER" |
		awk 'key == "ip" { ip = $1 } key == "port" { print ip ":" $1 } { key = $1 }'
}

# says NAME: reads lines of names and values and prints the value of NAME.
says() {
	awk -v name="$1" 'key == name { print $1; exit } { key = $1 }'
}

# attempt WHY-NOT NAME ADVICE TEST...: a check, if it can be made.
attempt() {
	if [ -n "$1" ]; then
		echo "skipped $2: $1"
	else
		shift
		check "$@"
	fi
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

connects() {
	seen=$(ask "$service" PING)
	[ "$seen" = PONG ] || return
	master=$(named "$service")
	seen="$service names $master"
	case $master in
	127.0.0.1:*) false ;; # the operator's word for none
	*[!0-9.:]* | '') false ;;
	esac
}

# answers: whether somebody does at the proxies, where that is all that can be reached. Who
# is asked for a certificate, or knows no CA to trust, gets no further.
answers() {
	blind=''
	if [ -z "${REDIS_PORT-}${REDIS_TLS_CA-}" ]; then
		blind=$without_ca
	else
		seen=$(ask "$master" PING)
		case $seen in
		PONG | NOAUTH*) ;;
		*"certificate required"*) blind="the proxies ask for a certificate, which this Pod has not" ;;
		*) return 1 ;;
		esac
	fi
	seen=${blind:-"$REDIS_HOST answers"}
}

is_master() {
	seen=$(redis "$master" ROLE | paste -s -d ' ' -)
	case $seen in "master "*) seen="$master says so" ;; *) false ;; esac
}

# replicas_of MASTER: the HOST:PORT of each replica that it has.
replicas_of() {
	redis "$1" ROLE | awk 'NR > 2 && NR % 3 == 0 { ip = $1 } NR > 3 && NR % 3 == 1 { print ip ":" $1 }'
}

# everyone: the HOST:PORT of each Redis, or of the proxies if no more can be reached.
everyone() {
	echo "$master"
	[ -n "$far" ] || replicas_of "$master"
}

replicas_follow() {
	linked=0
	for replica in $(replicas_of "$master"); do
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
	[ "$agree" = "$sentinels" ] && [ "$count" = "$sentinels" ] || return
	for sentinel in $known; do
		state=$(ask "$sentinel" SENTINEL MASTER "$REDIS_SENTINEL_MASTER")
		knows="$(echo "$state" | says num-slaves) replicas and $(echo "$state" | says num-other-sentinels) other Sentinels"
		seen="$sentinel knows $knows"
		[ "$knows" = "$replicas replicas and $((sentinels - 1)) other Sentinels" ] || return
		seen="$sentinel is in TILT mode: its node or its disk was held up"
		case $(ask "$sentinel" INFO sentinel) in *sentinel_tilt:0*) ;; *) return 1 ;; esac
	done
	seen="all $sentinels name $master"
}

has_quorum() {
	majority=$((sentinels / 2 + 1))
	seen="no Sentinel is known"
	[ -n "$known" ] || return
	for sentinel in $known; do
		seen=$(ask "$sentinel" SENTINEL CKQUORUM "$REDIS_SENTINEL_MASTER")
		case $seen in "OK $sentinels usable"*) ;; *) return 1 ;; esac
		wanted=$(ask "$sentinel" SENTINEL MASTER "$REDIS_SENTINEL_MASTER" | says quorum)
		seen="$sentinel wants a quorum of $wanted, not $majority"
		[ "$wanted" = "$majority" ] || return
		# At epoch 0 it votes for nobody, and tells of the last time that it did.
		# With auth.restrictSentinel it tells a tenant nothing, and nobody but its peers has it
		# vote.
		epoch=$(ask "$sentinel" SENTINEL IS-MASTER-DOWN-BY-ADDR "${master%:*}" "${master#*:}" 0 0000000000000000000000000000000000000000 | tail -n 1)
		case $epoch in NOPERM*) continue ;; esac
		seen="$sentinel has voted at epoch $epoch, after which there are none"
		[ "$epoch" -le 1152921504606846976 ] || return
	done
	seen="all $sentinels Sentinels see the quorum of $majority"
}

# run_id: the run ID in an answer to INFO.
run_id() {
	tr -d '\r' | awk -F : '$1 == "run_id" { print $2 }'
}

# Who is asked for a password or a certificate has got that far.
serves_tls() {
	# shellcheck disable=SC2153 # of the ConfigMap
	seen=$(tls=$with_ca && ask "$REDIS_HOST:$REDIS_TLS_PORT" PING)
	case $seen in PONG | NOAUTH* | *"certificate required"*) ;; *)
		seen="$REDIS_HOST:$REDIS_TLS_PORT: $seen"
		return 1
		;;
	esac
	seen="$REDIS_HOST has a certificate of REDIS_TLS_CA"
}

# Where the ports without TLS are closed, TLS is all that is looked at.
leads_to_master() {
	if [ -n "${REDIS_TLS_CA-}" ]; then serves_tls || return; fi
	if [ -n "${REDIS_PORT-}" ]; then
		leads_writes_and_reads || return
	else
		seen=${REDIS_TLS_CA:+$seen}
		seen=${seen:-$without_ca}
	fi
}

leads_writes_and_reads() {
	id=$(redis "$master" INFO server | run_id)
	# shellcheck disable=SC2153 # of the ConfigMap
	proxy=$REDIS_HOST:$REDIS_PORT
	seen=$(redis "$proxy" INFO server)
	if [ "$(echo "$seen" | run_id)" != "$id" ]; then
		seen="$proxy does not lead to $master: $(echo "$seen" | head -n 1)"
		return 1
	fi
	ids=$(for one in $(everyone); do redis "$one" INFO server | run_id; done)
	proxy=$REDIS_HOST:$REDIS_READ_PORT
	seen=$(redis "$proxy" INFO server)
	id=$(echo "$seen" | run_id)
	[ -z "$far" ] || ids=$id
	if [ -z "$id" ] || ! echo "$ids" | grep -qx "$id"; then
		seen="$proxy does not lead to this instance: $(echo "$seen" | head -n 1)"
		return 1
	fi
	seen="$REDIS_HOST leads to $master"
}

wants_password() {
	for one in $(everyone); do
		seen="$one says $(ask "$one" PING)"
		case $seen in *" says NOAUTH"*) ;; *) return 1 ;; esac
		seen="$one says $(redis "$one" PING), with the password"
		case $seen in *" says PONG,"*) ;; *) return 1 ;; esac
	done
	seen="all Redis refuse those without it"
}

# On one connection: WAIT is about what that has written.
keeps_data() {
	key=tenant-redis:golive:$(hostname):$(date +%s)
	seen=$(printf '%s\n' "SET $key written EX 60" "WAIT $replicas 1500" "GET $key" "DEL $key" | redis "$master" | paste -s -d ' ' -)
	[ "$seen" = "OK $replicas written 1" ] || return
	seen="a key was written, replicated, read and removed"
}

# refused USER PASSWORD COMMAND...: whether the master refuses a user each of these.
refused() {
	user=$1 secret=$2
	shift 2
	for command; do
		# shellcheck disable=SC2086 # words
		seen=$(as "$user" "$secret" "$master" $command)
		case $seen in NOPERM*) ;; *)
			seen="$command as $user: $seen"
			return 1
			;;
		esac
	done
}

# has_bounds: whether the tenant's user may not do what is the administrator's, and the one
# that only reads no more than that. Sentinels do not listen to this channel, but it is one
# of theirs.
has_bounds() {
	set -- "CONFIG GET maxmemory" "ACL WHOAMI" "REPLICAOF NO ONE" "PUBLISH __sentinel__:golive none"
	refused "$REDIS_USERNAME" "$REDIS_PASSWORD" "$@" || return
	[ -z "${REDIS_READ_USERNAME-}" ] ||
		refused "$REDIS_READ_USERNAME" "$REDIS_READ_PASSWORD" "$@" "DEL tenant-redis:golive:none" || return
	seen="$REDIS_USERNAME is refused what is not for applications${REDIS_READ_USERNAME:+, and $REDIS_READ_USERNAME to write}"
}

# resolve HOST: its addresses.
resolve() {
	case $1 in
	*[!0-9.]*) ;;
	*) echo "$1" && return ;;
	esac
	addresses=$(timeout 5 getent ahosts "$1" 2>/dev/null | awk '{ print $1 }' | sort -u)
	echo "${addresses:-$(timeout 5 nslookup "$1" 2>/dev/null | awk '/^Name:/ { found = 1 } found && /^Address/ { sub(/^Address[ 0-9]*: */, ""); print $1 }')}"
}

# closed HOST:PORT...: whether no address of these takes a connection. They are
# asked by address: a DNS that is silent or slow looks as Redis does behind a policy.
closed() {
	for target; do
		addresses=$(resolve "${target%:*}")
		seen="${target%:*} does not resolve"
		[ -n "$addresses" ] || return
		for address in $addresses; do
			seen=$(tls='' && ask "$address:${target##*:}" PING)
			case $seen in
			"no answer from "* | *": Connection refused" | *": No route to host" | *": Host is unreachable") ;;
			*) return 1 ;;
			esac
		done
	done
	seen="refused at $*"
}

# The checklist's advice for both walks.
policies="repeat helm upgrade, which makes the policies; narrow or delete others that select the same Pods; are NetworkPolicies enforced?"

# walk [HOST:PORT...]: $blind is why this Pod cannot log in, and $far why it cannot look
# behind the proxies.
walk() {
	blind='' far='' reaches=connects
	if [ -n "${REDIS_SENTINEL_HOST-}" ]; then
		# shellcheck disable=SC2153 # of the ConfigMap
		service=$REDIS_SENTINEL_HOST:$REDIS_SENTINEL_PORT
	else
		far="clients reach the proxies alone" reaches=answers
		master=$REDIS_HOST:${REDIS_PORT:-$REDIS_TLS_PORT}
		[ -n "${REDIS_PORT-}" ] || tls=$with_ca
	fi
	check connection "repeat helm upgrade, which makes it; is the instance running, and does the operator run?" "$reaches" || return
	attempt "$blind" master "a failover may be going on: repeat; is the password right? Else read the operator's log" is_master
	attempt "$far" replicas "look at the Redis that is named: is it running and in sync?" replicas_follow
	attempt "$far" sentinels "the operator repairs them within a minute: repeat, then read its log" sentinels_agree
	attempt "$far" quorum "look at the Sentinel that is named: is it running, and do NetworkPolicies let it through? The operator sets its quorum within a minute: read its log. Delete all Sentinel Pods at once if one has voted at an epoch after which there are none" has_quorum
	proxied=$blind
	[ -n "${REDIS_HOST-}" ] || proxied="there is no proxy"
	attempt "$proxied" proxies "a failover may be going on: repeat; else read the log of the proxy that is named, and restart it" leads_to_master
	locked=$blind
	[ -n "${REDIS_PASSWORD-}" ] || locked="auth is off"
	attempt "$locked" password "is the Secret the one that the RedisFailover names in auth.secretPath? Restart the Redis Pods one by one" wants_password
	bounded=$blind
	[ -n "${REDIS_USERNAME-}" ] || bounded="auth.tenantUser is not set"
	attempt "$bounded" user "each Redis must have been started with auth.tenantUser: has the operator replaced them all?" has_bounds
	# The exporters are for Prometheus alone.
	[ $# -gt 0 ] || set -- "${master%:*}:9121"
	check policies "$policies" closed "$@"
	attempt "$blind" data "is Redis full, or without replicas?" keeps_data
}

# How to trust the proxies, and what to say where nobody can.
tls='' with_ca='--tls --cacert /dev/fd/3'
without_ca="there are no ports without TLS, and no CA to look at those with it"
failed=
case $1 in
tenant)
	deadline=$(($(date +%s) + $2)) replicas=$(($3 - 1)) sentinels=$4
	shift 4
	walk "$@"
	;;
stranger)
	deadline=0
	shift
	check policies "$policies" closed "$@"
	;;
esac
[ -z "$failed" ] || echo "failed: $failed"
[ -z "$failed" ]
