#!/bin/sh
# start.sh redis-server ARGUMENT...: starts Redis as replica of the master that
# the Sentinels name, and stays its parent: a master that ends although nobody has
# told it to has itself replaced, before Kubernetes starts the container again.
#
# A Redis that they still name itself stays down until they have another one, and
# has itself replaced: back at once, it would answer their PINGs, so that they take
# long to see that it serves nobody, and had it lost its data, it would wipe the
# replicas' too.
#
# Where no master is found, Redis starts as its file says, as replica of
# 127.0.0.1: it waits for a Sentinel or the operator and never makes itself
# master. That is so when an instance first starts and after the loss of all
# Pods; following a lost master's address would keep the operator from acting. It
# is so, without a wait, while the instance copies another Redis and there are no
# Sentinels: the operator's next pass says which.
. "${0%/*}/passwords.sh"
. "${0%/*}/sentinel.sh"
. "${0%/*}/lines.sh"
. "${0%/*}/vote.sh"
. "${0%/*}/failover.sh"
trap 'exit 143' TERM # the first process of a container ignores it by default

[ -z "${REDIS_PASSWORD-}" ] || plain REDIS_PASSWORD "$REDIS_PASSWORD" || exit

# What a Redis has left half written that was killed: the volume has room for so many files
# alone. A cache begins empty: a client may have had it save, long ago.
arguments=" $* "
data=${arguments#* --dir }
data=${data%% *}
rm -f "$data"/temp-*.rdb "$stopping"
rm -rf "/dev/shm/lines.$self".*
case $arguments in *" --rdb-del-sync-files yes "*) rm -f "$data/dump.rdb" ;; esac

say() {
	echo "start.sh: $*"
}

# The chart refuses what a tag tells. Redis itself would call some setting wrong, and no
# answer of a redis-cli that is not there is a Sentinel's.
for program in redis-server redis-cli; do
	command -v "$program" >/dev/null || {
		say "this image has no $program: set image to one of Redis or Valkey that has"
		exit 127
	}
done
version=$(redis-server --version 2>/dev/null)
case $version in *" v="[0-6].*)
	say "${version%% sha=*} is older than the scripts can do with: use Redis 7.0, Valkey 7.2 or later"
	exit 126
	;;
esac

# The argument #FILE of a user stands for the hashes of its passwords. Without any nobody
# can log in as that user.
for argument; do
	shift
	case $argument in
	'#/'*)
		hashes=$(hashes "${argument#?}") || exit
		# shellcheck disable=SC2086 # a list
		set -- "$@" $hashes
		;;
	*) set -- "$@" "$argument" ;;
	esac
done

# replace: has this Redis, which is down, replaced by vote. That is won before a replica is
# chosen: from then on the Sentinels and the others' Pods leave it to this one.
replace() {
	electorate && promising && unclaimed && in_time || return
	# shellcheck disable=SC2086 # lists
	dial $voters $up
	if ! { elected && within 2 choose down && renewed && promote; }; then
		hang_up
		return 1
	fi
	announce
	hang_up
	each "$followers" follow >/dev/null
	within 10 told
}

# promising: whether a replica answers the Sentinels.
promising() {
	candidates
	why="no replica is up"
	[ -n "$up" ]
}

# request: has a Sentinel fail over.
request() {
	able && all_fit down && fail_over
}

# step_in: has this Redis replaced, unless somebody is at it.
step_in() {
	why="a Sentinel is failing over"
	! failing_over && [ $(($(now) - agreed)) -gt 6 ] || return
	replace || { outvoted && request; }
}

# pass SIGNAL: hands it on to Redis, once there is one.
pass() {
	asked_to=$1
	[ -z "$redis" ] || kill "-$asked_to" "$redis"
}

# tried: whether the hook has handed over, or could not.
# shellcheck disable=SC2317 # what a signal leads to
tried() {
	{ read -r hook <"$stopping"; } 2>/dev/null && ! kill -0 "$hook" 2>/dev/null
}

# stop: has a master hand over before it ends, if no hook has: somebody else than Kubernetes
# has told it to, or its Pod is deleted by force, which leaves it two seconds.
# shellcheck disable=SC2317 # the same
stop() {
	asked_to=TERM
	[ -z "$redis" ] || tried || [ "$(role "$self")" != master ] || MAIN_PROCESS=$$ sh "${0%/*}/stop.sh" 2
	pass TERM
}

# run COMMAND...: runs Redis and ends as it does. Its master is told the Pod's address,
# by which the Sentinels know it: a service mesh or a node may give its connections
# another one. A signal interrupts the wait for it, so that it is waited for until it is
# gone.
run() {
	redis='' asked_to=''
	trap stop TERM
	trap 'pass INT' INT
	"$@" --replica-announce-ip "$self" &
	redis=$!
	sh "${0%/*}/watch.sh" &
	[ -z "$asked_to" ] || pass "$asked_to"
	while
		wait "$redis"
		status=$?
		kill -0 "$redis" 2>/dev/null
	do :; done
	[ -n "$asked_to" ] || ended
	hang_up
	exit "$status"
}

# ended: what to do when Redis has ended by itself. Only if it was the master, and
# only once: what is left to do, the container does when it is back.
ended() {
	trap 'hang_up; exit 143' TERM INT
	say "redis-server has ended with $status, and nobody has told it to"
	# Those of the start may be others by now.
	sentinels=''
	noted
	dial_near
	survey
	[ -n "$named" ] || say "no Sentinel names a master"
	[ "$named" = "$self" ] || return
	agreed=0
	if step_in; then
		say "replaced by $successor"
	else
		say "not replaced yet: $why"
	fi
}

[ -n "$service" ] || [ -s "$notes" ] || {
	say "there are no Sentinels"
	run "$@"
}
noted
began=$(now) patience=5 agreed=0 said=
until [ $(($(now) - began)) -ge "$patience" ]; do
	survey
	if [ "$named" = "$self" ]; then
		[ "$patience" = 15 ] || say "the Sentinels still name this Pod, $self, as master"
		# No replica can take over yet; one may come back.
		patience=15
		{ choose down && step_in; } || [ "$said" = "$why" ] || say "$why"
		said=$why
	elif [ -n "$named" ] && [ "$(role "$named")" = master ]; then
		say "replica of $named"
		run "$@" --replicaof "$named" "$port"
	fi
	sleep 0.2
done
say "no master to follow: ${named:-no Sentinel names one}"
run "$@"
