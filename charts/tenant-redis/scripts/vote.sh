# shellcheck shell=sh disable=SC2034,SC2154 # what others use, and set
# A Pod has a master replaced, mostly its own Redis, by the Sentinels' own protocol:
# it wins an epoch by their votes, promotes a replica and announces it to them, so
# that nobody waits for the next time that a Sentinel asks. docs/design/failover.md has
# the whole of it. Every step says in $why for what reason it failed.

# The master that is replaced.
old=$self

# Who is voted for. Not Redis' own id: two scripts of a Pod may lead at the same
# time, and one of them has to lose.
leader=$(head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n')

# A vote counts for so many seconds. Whoever has won promotes within the first
# half, or begins again; nobody else asks for a newer epoch before they are over,
# or the Sentinels, who vote at every newer epoch, would have two leaders.
lease=6

# ballot SENTINEL EPOCH: "SENTINEL EPOCH LEADER", the last vote of a Sentinel, which it
# gives now if that is its first at this epoch or a newer one. At 0 it gives none. It
# answers when its disk has the vote.
ballot() (
	limit=3
	sentinel "$1" SENTINEL IS-MASTER-DOWN-BY-ADDR "$old" "$port" "$2" "$leader" |
		awk -v at="$1" 'NR == 2 { voted = $0 } NR == 3 { print at, $0, voted }'
)

# majority: how many votes win: more than half of all Sentinels that any of them
# knows, and their quorum, since after a reset they know too few.
majority() {
	{
		echo "$sentinels" | awk 'END { print int(NR / 2) + 1 }'
		echo "$views" | awk '{ print $4 }'
	} | sort -n | tail -n 1
}

# electorate: sets $voters, the Sentinels that name the old master and can be told of
# another, which takes one that they know, and $needed, how many of them it takes.
electorate() {
	needed=$(majority)
	voters=$(printf '%s\n' "$views" "$peers" | awk -v master="$old" '
		NF == 6 && $3 == master { votes[$1] }
		NF == 4 && $1 in votes { print $1; delete votes[$1] }')
	short=${short:-$(now)}
	why="$(echo "$voters" | grep -c .) of $(echo "$sentinels" | grep -c .) Sentinels can vote, and it takes $needed"
	[ "$(echo "$voters" | grep -c .)" -ge "$needed" ] && short=
}

# unclaimed: whether nobody else may be leading: the last vote of every Sentinel is no
# newer than the configuration, or ours, or an old one. Sets $highest, its epoch.
unclaimed() {
	last=$(each "$voters" ballot 0 | cut -d ' ' -f 2,3 | sort -rn | head -n 1)
	highest=${last% *}
	[ "${highest:=$newest}" -gt "$newest" ] && [ "${last#* }" != "$leader" ] || return 0
	[ "$last" = "${claim-}" ] || claim=$last claimed=$(now)
	why="a Sentinel has voted for another leader, ${last#* }, at epoch $highest"
	[ $(($(now) - claimed)) -gt "$lease" ]
}

# in_time: whether the Sentinels leave the time for a vote on a master that is down. When
# so many miss it they elect one of them, and votes that are asked for at the same time
# elect nobody. If they have not done so three seconds later, they cannot. Those that
# have voted for a script that has died wait longer.
in_time() {
	why="the Sentinels are about to replace it"
	[ "$highest" -gt "$newest" ] && return
	read -r asks _ </proc/uptime
	echo "$views" | awk -v old="$old" '$3 == old { print $6 }' | sort -n | sed -n "${needed}p" |
		awk -v since="$looked" -v asks="$asks" '{
			took = 1000 * (asks - since)
			left = $1 - took
			exit !(left > 100 + took / 2 || left < -3000) }'
}

# fit HOST LINK: "HOST PRIORITY OFFSET ID" of a replica that has the old master's data:
# it is linked or, where the link may be down since that is, was linked and has not
# begun to load again, which leaves it nothing.
fit() {
	redis "$1" INFO | tr -d '\r' | awk -v host="$1" -v old="$old" -v port="$port" -v link="$2" '
		{ at = index($0, ":"); value[substr($0, 1, at - 1)] = substr($0, at + 1) }
		END {
			linked = value["master_link_status"] == "up" ||
				link == "down" && value["master_link_down_since_seconds"] >= 0
			if (value["role"] == "slave" && value["master_host"] == old && value["master_port"] == port &&
				linked && value["loading"] == 0 && value["master_sync_in_progress"] == 0 &&
				value["slave_repl_offset"] > 1 && value["slave_priority"] > 0)
				print host, value["slave_priority"], value["slave_repl_offset"], value["run_id"]
		}'
}

# choose LINK: sets $heirs, the replicas that are up and have the data, the one first
# that a Sentinel would choose: the best priority, the most data, the lowest id. It is
# the $successor, and all others are $followers.
choose() {
	seen=$(each "$voters" replicas)
	up=$(echo "$seen" | awk '
		NF { up[$2] += $3 == "up" ? 1 : -1 }
		END { for (ip in up) if (up[ip] > 0) print ip }')
	heirs=$(each "$up" fit "$1" | sort -k 2,2n -k 3,3nr -k 4,4 | cut -d ' ' -f 1)
	successor=$(echo "$heirs" | head -n 1)
	followers=$(echo "$seen" | awk -v not="$successor" 'NF && $2 != not { print $2 }' | sort -u)
	why="no replica has the data"
	[ -n "$successor" ]
}

# win: sets $epoch, one at which most Sentinels have voted for this script. At which
# they are is not known if their last election failed, so the steps double.
win() {
	[ "$highest" -gt "$newest" ] || highest=$newest
	epoch=$((highest + 1)) step=1 began=$(now)
	while [ $(($(now) - began)) -le 3 ]; do
		won=$(now)
		ballots=$(each "$voters" ballot "$epoch")
		why="another leader has votes at epoch $epoch"
		[ -z "$(rivals)" ] || return
		votes=$(echo "$ballots" | awk -v epoch="$epoch" -v leader="$leader" '$2 == epoch && $3 == leader' | grep -c .)
		why="$votes of $needed votes at epoch $epoch"
		[ "$votes" -lt "$needed" ] || return 0
		epoch=$((epoch + step)) step=$((2 * step))
	done
	return 1
}

# rivals: who has the vote of a Sentinel that this script has not, at its epoch or a
# newer one. Whether it has the others' does not matter: it may have been quicker.
rivals() {
	echo "$ballots" | awk -v epoch="$epoch" -v leader="$leader" '$2 >= epoch + 0 && $3 != leader'
}

# acting SENTINEL: whether it is failing over.
acting() {
	sentinel "$1" SENTINEL MASTER mymaster | grep failover_in_progress
}

# elected: wins an epoch, and asks whether a Sentinel leads that was elected before:
# from now on there can be no other.
elected() {
	dial
	win || return
	why="a Sentinel is failing over"
	[ -z "$(each "$voters" acting)" ]
}

# promote: makes the successor master, while the votes count.
promote() {
	why="it took too long since the vote"
	[ $(($(now) - won)) -lt $((lease / 2)) ] || return
	reply=$(printf '%s\n' 'REPLICAOF NO ONE' ROLE | redis "$successor" | paste -s -d ' ' -)
	why="$successor is not promoted: ${reply:-no answer}"
	case $reply in 'OK master '*) ;; *) return 1 ;; esac
}

# hellos: "SENTINEL HELLO" for each voter, what tells it of the successor: as another
# Sentinel would, whose hello is passed on. It has to be one that this Sentinel knows,
# exactly as it lists it, or it would add or replace one.
hellos() {
	echo "$peers" | awk -v news="$epoch,mymaster,$successor,$port,$epoch" '
		!told[$1]++ { print $1, $2 "," $3 "," $4 "," news }'
}

# tell SENTINEL: announces the successor to one that has missed it.
tell() (
	limit=0.5
	sentinel "$1" PUBLISH __sentinel__:hello "$(hellos | sed -n "s/^$1 //p")"
)

# dial: opens a connection to each voter before it is needed, so that all are told at the
# same moment: a client that has heard it from one Sentinel may ask another one, and that
# would send it to the old master, which may be frozen. Each reads its words from a pipe
# in $lines, for 5 s at most.
dial() {
	hang_up
	lines=$(mktemp -d /dev/shm/hello.XXXXXX) || return 0
	for one in $voters; do
		mkfifo "$lines/$one"
		(log_in && exec timeout 5 redis-cli -h "${one%:*}" -p "${one##*:}" --user sentinel-user) <>"$lines/$one" >/dev/null 2>&1 &
	done
}

# hang_up: ends those connections when they have said what they have to say.
hang_up() {
	[ -n "${lines-}" ] || return 0
	for one in "$lines"/*; do
		echo QUIT 1<>"$one"
	done
	rm -r "$lines"
	lines=''
}

# announce: tells all who could vote.
announce() {
	hellos | while read -r one hello; do
		[ ! -p "$lines/$one" ] || echo "PUBLISH __sentinel__:hello $hello" 1<>"$lines/$one"
	done
	hang_up
}

# told: whether Sentinels answer, and all that do name the successor, which is master. Who
# has missed it is told again, with the others as it knows them now.
told() {
	survey
	late=$(echo "$views" | awk -v successor="$successor" 'NF && $3 != successor { print $1 }')
	why="these Sentinels do not name $successor: ${late:-none answers}"
	each "$late" tell >/dev/null
	[ -n "$views" ] && [ -z "$late" ] && remains
}

# remains: whether the successor is still master. The operator's pass may have made it a
# replica of the old master again, which was master when it looked. It is promoted again
# unless somebody else has won since, or is about to.
remains() {
	why="$successor is no master any more"
	case $(role "$successor") in
	master) return ;;
	slave) failing_over || [ "$newest" != "$epoch" ] || redis "$successor" REPLICAOF NO ONE >/dev/null ;;
	esac
	false
}

# follow REPLICA: points one at the successor. Nobody else would for ten seconds.
follow() {
	redis "$1" REPLICAOF "$successor" "$port"
}
