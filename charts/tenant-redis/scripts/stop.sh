#!/bin/sh
# stop.sh [SECONDS]: runs before Redis is told to stop. A master first hands over
# to a replica, for SECONDS at most: nothing it has acknowledged gets lost, since
# it takes no more writes from the moment before a replica is promoted. A replica
# may stop at once, unless it has just been chosen.
#
# Redis writes its data by itself when it is told to stop, if it is to keep it.
. "${0%/*}/sentinel.sh"
. "${0%/*}/lines.sh"
. "${0%/*}/vote.sh"
. "${0%/*}/failover.sh"

seconds=${1:-40}
deadline=$(($(now) + seconds))

# Kubernetes shows nothing that this script prints; what the container's first
# process prints, it does.
log=/proc/${MAIN_PROCESS:-1}/fd/1
[ -w "$log" ] || log=/dev/stderr

say() {
	{ echo "stop.sh: $*" >>"$log"; } 2>/dev/null || true # that process may have ended
}

# hold: holds the writes, for 5 s, and sets $goal, how much data this master has
# then. It is for as long as this Redis may be a master beside the successor. If the
# script dies, writes go on here, and the Sentinels make the successor, which nobody
# knows, a replica again. They do not fail over before twice their failover-timeout
# after the vote, which is 6 s at least.
hold() {
	held=$(now)
	ask_redis "$self" MULTI 'CLIENT PAUSE 5000 WRITE' ROLE EXEC
	why="this Redis does not hold the writes: ${reply:-no answer}"
	case $reply in OK?QUEUED?QUEUED?OK?master?*) aim ;; *) return 1 ;; esac
}

# aim: sets $goal by the answer of a master.
aim() {
	goal=${reply#*master?}
	goal=${goal%%"$n"*}
}

release() {
	ask_redis "$self" 'CLIENT UNPAUSE' || ask_redis "$self" 'CLIENT UNPAUSE'
}

# measure: sets $goal, how much data this master has while writes go on.
measure() {
	ask_redis "$self" ROLE
	why="this Redis is no master: ${reply:-no answer}"
	case $reply in master?*) aim ;; *) return 1 ;; esac
}

# level HOST: whether a replica of this Redis has as much.
level() {
	ask_redis "$1" ROLE
	# shellcheck disable=SC2086 # "slave MASTER PORT LINK OFFSET"
	set -- $reply
	[ "$1 $2 $4" = "slave $self connected" ] && [ "$5" -ge "$goal" ]
}

# level_within SECONDS HOST...: waits until replicas have as much.
level_within() {
	patience=$1
	shift
	for replica; do
		why="$replica does not get to $goal"
		within "$patience" level "$replica" || return
	done
}

# holding: whether the writes are held for a second or two more.
holding() {
	why="writes were held for too long"
	[ $(($(now) - held)) -le 3 ]
}

# step_down: makes this Redis a replica of the successor before any Sentinel names that,
# so that a script that dies between leaves no second master that takes writes. In the
# same moment the writes that were held are answered READONLY, and the Sentinels' own
# messages are held, so that they replace this Redis sooner if the script dies.
# docs/design/failover.md has what either way costs.
step_down() {
	holding || return
	ask_redis "$self" MULTI "REPLICAOF $successor $port" 'CLIENT UNPAUSE' 'CLIENT PAUSE 20000 WRITE' EXEC
	why="this Redis cannot follow $successor: ${reply:-no answer}"
	case $reply in OK?QUEUED?QUEUED?QUEUED?OK?OK?OK) ;; *) [ "$(role "$self")" != master ] ;; esac
}

# join: waits until this Redis gets what the successor takes: the operator's pass may have
# that follow this Redis again, and what it has taken alone is lost then. It takes some 10 ms,
# and is given up after 0.2 s, since the network may drop what a Pod sends that is deleted.
join() {
	clock
	begun=$clock
	until
		ask_redis "$self" ROLE
		case $reply in slave*connected*) true ;; *) false ;; esac
	do
		clock
		[ $((clock - begun)) -lt 20 ] || return 0
	done
}

# let_go: lets writes go on as before. A successor that may have been promoted, and
# that nobody has been told of, follows again. But if this Pod was frozen, the Sentinels
# may name another master meanwhile, even that one.
let_go() {
	survey
	[ "$named" = "$self" ] || return
	redis "$successor" REPLICAOF "$self" "$port" >/dev/null
	release
}

# assembled: whether all Sentinels can vote, or have had two of 40 seconds for it, which some
# need on a busy machine: one that is told later than the others sends clients back here.
assembled() {
	why="$missing Sentinels cannot vote yet"
	[ "$missing" -eq 0 ] || [ $(($(now) - started)) -ge $((seconds / 20)) ]
}

# replace: has this Redis replaced by vote. Nothing is announced that was not won and
# promoted, and what was promoted is announced until the Sentinels have it. Until its
# pause ends, this Redis takes nothing from its new master either, nor do Sentinels that
# the operator has reset find each other at it.
replace() {
	electorate && assembled && choose up || return
	# shellcheck disable=SC2086 # a list
	dial "$self" "$successor" $voters
	if ! { measure && level_within 3 "$successor" && unclaimed && elected; }; then
		hang_up
		return 1
	fi
	if ! { hold && level_within 1 "$successor"; }; then
		release
		hang_up
		return 1
	fi
	if ! { promote && step_down; }; then
		let_go
		hang_up
		return 1
	fi
	join
	announce
	announcement=$epoch
	release
	hang_up
	each "$followers" follow >/dev/null
	within $((deadline - $(now))) told
}

# announced: whether this script has announced a successor, and nobody has won since.
announced() {
	[ -n "$announcement" ] && [ "$newest" -le "$announcement" ]
}

# request: has a Sentinel fail over, with writes held until it has. They are held again when it
# is asked: the next time that they are is after a look at all Sentinels.
request() {
	able || return
	# shellcheck disable=SC2086 # a list
	if ! { hold && all_fit up && level_within 3 $choices && holding && hold && fail_over; }; then
		release
		return 1
	fi
}

# hand_over: holds the writes while somebody else replaces this Redis, or is asked
# to, since it may have promoted a replica already; leads itself otherwise. One that
# agreed and then falls silent may still be at it. After the announcement the operator's
# pass may have Sentinels name this Redis again, or the successor follow it.
hand_over() {
	if announced; then
		told
	elif failing_over || [ $(($(now) - agreed)) -lt 6 ]; then
		hold
	elif [ "$named" = "$self" ]; then
		replace || { outvoted && request; }
	fi
}

# handed_over: whether all that answer name the same other master, and it agrees.
handed_over() {
	[ -n "$named" ] && [ "$named" != "$self" ] &&
		[ "$(echo "$views" | awk 'NF { print $3 }' | sort -u)" = "$named" ] &&
		[ "$(role "$named")" = master ]
}

# alone: whether for 5 s nobody was there who could take over: no replica is
# connected and no Sentinel answers. So it is when all of an instance is removed.
# A restarted replica is back sooner. While there is a Sentinel it may come later,
# as a new Pod, and still get the data.
alone() {
	# shellcheck disable=SC2046 # "master OFFSET", then "IP PORT OFFSET" of each replica
	set -- $(redis "$self" ROLE)
	if [ -n "$heard" ] || [ $# -ne 2 ]; then
		since=$(now)
	fi
	[ $(($(now) - since)) -gt 5 ]
}

# serves: whether this Redis is the master, or should be.
serves() {
	[ "$(role "$self")" = master ] || [ "$named" = "$self" ]
}

# first: whether no other script of this Pod is at it.
first() {
	(set -C && echo $$ >"$stopping") 2>/dev/null || finished
}

# finished: whether the one that was first has ended.
finished() {
	! { read -r other <"$stopping"; } 2>/dev/null || ! kill -0 "$other" 2>/dev/null
}

first || {
	within "$seconds" finished
	exit
}
echo $$ 2>/dev/null >"$stopping"
survey
serves || {
	# Nobody is to choose it any more, and whoever has just done so has yet to promote it.
	redis "$self" CONFIG SET replica-priority 0 >/dev/null
	sleep 0.3
	serves || exit 0
}
say "handing over"
started=$(now) since=$started agreed=0 announcement='' why="no Sentinel names this Pod"
until handed_over; do
	if [ "$(now)" -ge "$deadline" ]; then
		say "not handed over within $seconds s: $why"
		exit 1
	fi
	if alone; then
		say "nobody to hand over to: no replica is connected and no Sentinel answers"
		exit 1
	fi
	hand_over
	sleep 0.05
	survey
done
# Where a Sentinel has led, or the operator, this Redis still is a master.
[ "$(role "$self")" != master ] || {
	successor=$named held=$(now)
	step_down || say "$why"
}
release
# Clients that stay as long as they can must not wait for the end of Redis. They have
# had the answers to the writes that were held.
redis "$self" CLIENT KILL TYPE normal >/dev/null
# The operator's pass may have come to Sentinels that had been told already.
! announced || within $((deadline - $(now))) told || say "$why"
say "handed over to $named"
