#!/bin/sh
# start.sh redis-server ARGUMENT...: starts Redis as replica of the master that
# the Sentinels name.
#
# A Redis that they still name itself stays down until they have another one:
# back at once, it would answer their PINGs, so that they take long to see that
# it serves nobody, and had it lost its data, it would wipe the replicas' too.
#
# Where no master is found, Redis starts as its file says, as replica of
# 127.0.0.1: it waits for a Sentinel or the operator and never makes itself
# master. That is so when an instance first starts and after the loss of all
# Pods; following a lost master's address would keep the operator from acting. It
# is so, without a wait, while the instance copies another Redis and there are no
# Sentinels: the operator's next pass says which.
. "${0%/*}/sentinel.sh"
trap 'exit 143' TERM # the first process of a container ignores it by default

say() {
	echo "start.sh: $*"
}

# about_to_act: whether a Sentinel takes the master for down in the next two
# seconds or has done so in the last three. One that is asked for a failover needs
# no vote, so that the others may elect another leader meanwhile. Each leader picks
# a replica by what it knows itself: if they differ, there are two masters, and one
# of them loses its writes. Asked at once, two led the same failover for 4 of 76
# killed masters (and picked the same replica, which nothing ensures); left to act,
# for none of 90. The median gap was 0.1 s shorter, at best 1.8 s.
about_to_act() {
	failing_over || [ -n "$(echo "$views" | awk '$5 == "" && $4 < 2000 && $4 > -3000')" ]
}

[ "$service" != : ] || {
	say "there are no Sentinels"
	exec "$@"
}
began=$(date +%s)
patience=5
until [ $(($(date +%s) - began)) -ge "$patience" ]; do
	survey
	if [ "$named" = "$self" ]; then
		[ "$patience" = 15 ] || say "the Sentinels still name this Pod, $self, as master"
		# Sentinels refuse while no replica can take over; one may come back.
		patience=15
		about_to_act || {
			failover
			say "SENTINEL FAILOVER: $reply"
		}
	elif [ -n "$named" ] && [ "$(role "$named")" = master ]; then
		say "replica of $named"
		exec "$@" --replicaof "$named" "$port"
	fi
	sleep 0.2
done
say "no master to follow: ${named:-no Sentinel names one}"
exec "$@"
