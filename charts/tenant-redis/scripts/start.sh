#!/bin/sh
# start.sh redis-server ARGUMENT...: starts Redis as replica of the master that
# the Sentinels name.
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
. "${0%/*}/sentinel.sh"
. "${0%/*}/vote.sh"
. "${0%/*}/failover.sh"
trap 'exit 143' TERM # the first process of a container ignores it by default

say() {
	echo "start.sh: $*"
}

# replace: has this Redis, which is down, replaced by vote.
replace() {
	electorate && choose down && unclaimed && elected && promote || return
	announce
	each "$followers" follow >/dev/null
	within 3 told
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

[ "$service" != : ] || {
	say "there are no Sentinels"
	exec "$@"
}
began=$(now) patience=5 agreed=0 said=
until [ $(($(now) - began)) -ge "$patience" ]; do
	survey
	if [ "$named" = "$self" ]; then
		[ "$patience" = 15 ] || say "the Sentinels still name this Pod, $self, as master"
		# No replica can take over yet; one may come back.
		patience=15
		step_in || [ "$said" = "$why" ] || say "$why"
		said=$why
	elif [ -n "$named" ] && [ "$(role "$named")" = master ]; then
		say "replica of $named"
		exec "$@" --replicaof "$named" "$port"
	fi
	sleep 0.2
done
say "no master to follow: ${named:-no Sentinel names one}"
exec "$@"
