#!/bin/sh
# stop.sh [SECONDS]: runs before Redis is told to stop. A master first hands over
# to a replica, for SECONDS at most: nothing it has acknowledged gets lost, since
# it takes no more writes from the moment before a replica is promoted. A replica
# may stop at once.
#
# Redis writes its data by itself when it is told to stop, if it is to keep it.
. "${0%/*}/sentinel.sh"

seconds=${1:-40}
deadline=$(($(date +%s) + seconds))

# Kubernetes shows nothing that this script prints; Redis' own output it does.
log=/proc/$(redis "$self" INFO server | sed -n 's/^process_id:\([0-9]*\).*/\1/p')/fd/1
[ -w "$log" ] || log=/dev/stderr

say() {
	echo "stop.sh: $*" >>"$log"
}

# level: whether every replica has all that this master has acknowledged.
level() {
	# shellcheck disable=SC2046 # "master OFFSET", then "IP PORT OFFSET" of each replica
	set -- $(redis "$self" ROLE)
	[ "${1-}" = master ] || return 0
	offset=$2
	shift 2
	while [ $# -ge 3 ]; do
		[ "$(redis "$1" ROLE | sed -n 5p)" -ge "$offset" ] || return 1
		shift 3
	done 2>/dev/null
}

# hand_over: holds the writes and asks for a failover. Lets go of them if it is
# refused, so that they go on until there is a replica that can take over. A
# Sentinel that agreed and then falls silent may still be at it, or gone with its
# node: only after a while is another asked, and only long after that, when all
# would know of a new master, may a refusal let writes in. Writes go on while no
# Sentinel can act.
hand_over() {
	[ "$named" = "$self" ] || return
	failing_over || choose || return
	redis "$self" CLIENT PAUSE $(((seconds + 5) * 1000)) WRITE >/dev/null
	! failing_over || return
	[ $(($(date +%s) - agreed)) -gt 1 ] || return
	# A replica that hangs is no reason to wait long.
	patience=$(($(date +%s) + 3))
	until level || [ "$(date +%s)" -gt "$patience" ]; do
		sleep 0.05
	done
	failover
	case $reply in
	OK | INPROG* | '') agreed=$(date +%s) ;; # no answer in time may be one
	*)
		[ $(($(date +%s) - agreed)) -lt 6 ] || redis "$self" CLIENT UNPAUSE >/dev/null
		sleep 0.5
		;;
	esac
}

# follow_up: asks those Sentinels that answered the last time; all, if none did.
# While writes are held there is no time for one that has gone away. Only before
# it asks another one for a failover must it be sure of the first.
follow_up() {
	[ -n "$views" ] || {
		survey
		return
	}
	# shellcheck disable=SC2046,SC2086 # lists
	answers=$(
		consult 0.5 $(echo "$views" | awk '{ print $3 }' | grep -vxF "${leader-}")
		consult 1 ${leader-}
	)
	conclude
}

# handed_over: whether all that answer name the same other master, and it agrees.
handed_over() {
	[ -n "$named" ] && [ "$named" != "$self" ] &&
		[ "$(echo "$views" | awk '{ print $2 }' | sort -u)" = "$named" ] &&
		[ "$(role "$named")" = master ]
}

# replaced: whether the Sentinel that led the failover has ended it. Until then,
# a second or two, it gives this Redis to those who ask for SENTINEL MASTER(S), as
# some libraries do. An address that is gone costs them a time-out each time they
# try; a Redis that holds their write lets go of them when it ends.
replaced() {
	case $views in *replaced*) false ;; esac
}

# alone: whether for 5 s nobody was there who could take over: no replica is
# connected and no Sentinel answers. So it is when all of an instance is removed.
# A restarted replica is back sooner. While there is a Sentinel it may come later,
# as a new Pod, and still get the data.
alone() {
	# shellcheck disable=SC2046 # "master OFFSET", then "IP PORT OFFSET" of each replica
	set -- $(redis "$self" ROLE)
	if [ -n "$answers" ] || [ $# -ne 2 ]; then
		since=$(date +%s)
	fi
	[ $(($(date +%s) - since)) -gt 5 ]
}

survey
[ "$(role "$self")" = master ] || [ "$named" = "$self" ] || exit 0
say "handing over"
since=$(date +%s) agreed=0
until handed_over; do
	if [ "$(date +%s)" -ge "$deadline" ]; then
		say "not handed over within $seconds s: ${reply:-no Sentinel names this Pod}"
		exit 1
	fi
	if alone; then
		say "nobody to hand over to: no replica is connected and no Sentinel answers"
		exit 1
	fi
	hand_over
	sleep 0.05
	follow_up
done
# Clients that stay as long as they can must not wait for the end of Redis.
redis "$self" CLIENT KILL TYPE normal >/dev/null
say "handed over to $named"
# Not beyond the deadline: its own writes are held for not much longer. A replica
# that is slow to follow is no reason to wait for that.
patience=$(($(date +%s) + 5))
[ "$patience" -le "$deadline" ] || patience=$deadline
until replaced || [ "$(date +%s)" -gt "$patience" ]; do
	sleep 0.05
	follow_up
done
