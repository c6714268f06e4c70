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

# ballot SENTINEL EPOCH: "SENTINEL EPOCH LEADER FLAGS", the last vote of a Sentinel, which
# it gives now if that is its first at this epoch or a newer one, and the flags of its
# master then. It answers when its disk has the vote.
ballot() (
	limit=3
	answer=$(
		sentinel "$1" <<-EOF
			SENTINEL IS-MASTER-DOWN-BY-ADDR $old $port $2 $leader
			SENTINEL MASTER mymaster
		EOF
	)
	{
		read -r _ && read -r its_vote && read -r its_epoch
		case $its_epoch in *[!0-9]* | '') exit ;; esac
		case $its_vote in *[!0-9A-Za-z*]*) its_vote='?' ;; esac # anybody may have chosen the word
		while read -r name && read -r value; do
			[ "$name" != flags ] || echo "$1 $its_epoch $its_vote $value"
		done
	} <<-EOF
		$answer
	EOF
)

# majority: sets $needed, how many votes win: more than half of all Sentinels that any of
# them knows, and their quorum, since after a reset they know too few. And $quorum, the
# lowest of theirs: a Sentinel with fewer votes is not elected.
majority() {
	# shellcheck disable=SC2086 # a list
	set -- $sentinels
	needed=$(($# / 2 + 1)) quorum=$#
	while read -r _ _ _ its_quorum _; do
		[ "${its_quorum:-0}" -le "$needed" ] || needed=$its_quorum
		[ "${its_quorum:-$#}" -ge "$quorum" ] || quorum=$its_quorum
	done <<-EOF
		$views
	EOF
}

# electorate: sets $voters, the Sentinels that name the old master and can be told of
# another, which takes one that they know, $missing, how many are none, and $needed, how
# many it takes.
electorate() {
	majority
	voters='' count=0
	while read -r who _ its_master _; do
		[ "$its_master" = "$old" ] || continue
		case " $voters " in *" $who "*) continue ;; esac
		case $n$peers in *"$n$who "*) voters="$voters $who" count=$((count + 1)) ;; esac
	done <<-EOF
		$views
	EOF
	# shellcheck disable=SC2086 # a list
	set -- $sentinels
	missing=$(($# - count))
	short=${short:-$(now)}
	why="$count of $# Sentinels can vote, and it takes $needed"
	[ "$count" -ge "$needed" ] && short=
}

# last_votes: sets $highest, the epoch of the last votes if they are newer than the
# configuration, and $rival, another leader than this script that has one of them.
last_votes() {
	highest=$newest rival=''
	while read -r _ its_epoch its_vote; do
		[ "${its_epoch:-0}" -ge "$highest" ] || continue
		[ "${its_epoch:-0}" -gt "$newest" ] || continue
		[ "$its_epoch" = "$highest" ] || highest=$its_epoch rival=''
		[ "$its_vote" = "$leader" ] || rival=$its_vote
	done <<-EOF
		$votes
	EOF
}

# unclaimed: whether nobody else may be leading: the last vote of every Sentinel is no
# newer than the configuration, or ours, or an old one, or nobody wins at its epoch. A
# vote that comes later is for the next epoch, which is the one to win.
unclaimed() {
	last_votes
	[ -n "$rival" ] || return 0
	[ "$highest" = "${claim-}" ] || claim=$highest claimed=$(now)
	why="a Sentinel has voted for another leader, $rival, at epoch $highest"
	[ $(($(now) - claimed)) -gt "$lease" ] || tied "$votes" "$highest"
}

# failing_over: whether a Sentinel is replacing the master by itself right now. Those that
# have stood in an election that nobody wins say so, too, for as long as a failover-timeout.
failing_over() {
	losers=''
	case $views in *failover_in_progress*) ;; *) return 1 ;; esac
	majority
	last_votes
	! tied "$votes" "$highest" || stood "$votes" "$highest"
	! unled "$views"
}

# tied LIST EPOCH: whether nobody wins an epoch any more: by a list of votes, "SENTINEL EPOCH
# LEADER", all Sentinels have voted at it, and nobody has their quorum.
tied() {
	for who in $sentinels; do
		case $n$1 in *"$n$who $2 "*) ;; *) return 1 ;; esac
	done
	leaders=''
	while read -r _ _ its_vote _; do
		leaders="$leaders $its_vote"
	done <<-EOF
		$1
	EOF
	most_of "$leaders"
	[ "$most" -lt "$quorum" ]
}

# stood LIST EPOCH: adds to $losers the Sentinels that have voted for themselves at an epoch:
# they stand for election there, and at no other.
stood() {
	while read -r who its_epoch its_vote _; do
		[ "$its_epoch" = "$2" ] || continue
		case $n$peers$n in *" ${who%:*} ${who##*:} $its_vote$n"*) losers="$losers $who" ;; esac
	done <<-EOF
		$1
	EOF
}

# unled LIST: whether no Sentinel says in its flags that it is failing over, other than the
# $losers.
unled() {
	why="a Sentinel is failing over"
	while read -r who rest; do
		case $rest in *failover_in_progress*) ;; *) continue ;; esac
		case " $losers " in *" $who "*) ;; *) return 1 ;; esac
	done <<-EOF
		$1
	EOF
}

# in_time: whether to ask for votes on a master that is down, at whose place the Sentinels
# elect one of them when so many miss it. Where all can vote, always: votes that are asked
# for at the same time elect one of two, or show that they have elected nobody (tied). One
# that is silent may have voted for anybody, so that nobody could act for twice the
# failover-timeout: then only if they leave the time for it. If they have elected nobody
# three seconds later, they cannot, nor do those in TILT mode. Those that have voted for a
# script that has died wait longer.
in_time() {
	why="the Sentinels are about to replace it"
	[ "$missing" -gt 0 ] && [ "$highest" -le "$newest" ] || return 0
	clock
	took=$((10 * (clock - looked)))
	soon=0 overdue=0
	while read -r _ _ its_master _ its_flags left _; do
		[ "$its_master" = "$old" ] || continue
		case $its_flags in *tilt*) continue ;; esac
		[ $((left - took)) -gt $((100 + took / 2)) ] || soon=$((soon + 1))
		[ $((left - took)) -ge -3000 ] || overdue=$((overdue + 1))
	done <<-EOF
		$views
	EOF
	[ "$soon" -lt "$needed" ] || [ "$overdue" -ge "$needed" ]
}

# grace HUNDREDTHS: for how many seconds a replica's Pod leaves a master that is gone to start.sh,
# where an answer takes so long: 0.4, or eight times that where the machine is slow to start
# programs, and 2 at most. start.sh waits for answers twice until its vote, and all that is
# begun sooner would make it slower.
grace() {
	grace=$((8 * $1))
	[ "$grace" -ge 40 ] || grace=40
	[ "$grace" -le 200 ] || grace=200
	echo "$((grace / 100)).$((grace / 10 % 10))"
}

# fit HOST LINK: "HOST PRIORITY OFFSET ID" of a replica that has the old master's data:
# it is linked or, where the link may be down since that is, was linked and has not
# begun to load again, which leaves it nothing. And "linked HOST" if it is, fit or not.
fit() {
	redis "$1" INFO server persistence replication | awk -v host="$1" -v old="$old" -v port="$port" -v link="$2" '
		{ sub(/\r$/, "") }
		{ at = index($0, ":"); value[substr($0, 1, at - 1)] = substr($0, at + 1) }
		END {
			if (value["role"] != "slave" || value["master_host"] != old || value["master_port"] != port) exit
			linked = value["master_link_status"] == "up"
			if (linked) print "linked", host
			if ((linked || link == "down" && value["master_link_down_since_seconds"] >= 0) && value["loading"] == 0 &&
				value["master_sync_in_progress"] == 0 && value["slave_repl_offset"] > 1 && value["slave_priority"] > 0)
				print host, value["slave_priority"], value["slave_repl_offset"], value["run_id"]
		}'
}

# candidates: sets $up, the replicas that are for most Sentinels.
candidates() {
	up='' ups='' downs=''
	while read -r _ its_ip its_state; do
		case $its_state in up) ups="$ups $its_ip" ;; *) downs="$downs $its_ip" ;; esac
	done <<-EOF
		$replicas
	EOF
	for its_ip in $ups; do
		case " $up " in *" $its_ip "*) continue ;; esac
		occurrences "$its_ip" "$downs"
		down=$times
		occurrences "$its_ip" "$ups"
		[ "$times" -le "$down" ] || up="$up $its_ip"
	done
}

# choose LINK: sets $heirs, the replicas that are up and have the data, the one first
# that a Sentinel would choose: the best priority, the most data, the lowest id. It is
# the $successor, and all others are $followers. $linked says whether any replica, fit or
# not, has its connection to the old master.
choose() {
	candidates
	states=$(each "$up" fit "$1")
	states=$(echo "$states" | sort -k 2,2n -k 3,3nr -k 4,4)
	linked='' heirs=''
	while read -r host _; do
		case $host in
		linked) linked=yes ;;
		*) heirs="$heirs $host" ;;
		esac
	done <<-EOF
		$states
	EOF
	successor=${heirs# }
	successor=${successor%% *}
	followers=''
	while read -r _ its_ip _; do
		case " $successor $followers " in *" $its_ip "*) ;; *) followers="$followers $its_ip" ;; esac
	done <<-EOF
		$replicas
	EOF
	why="no replica has the data"
	[ -n "$successor" ]
}

# win: sets $epoch, one at which most Sentinels have voted for this script. At which
# they are is not known if their last election failed, so the steps double, up to a
# size that leaves epochs for others: after the last of all there is no vote any more.
win() {
	epoch=$((highest + 1)) step=1 begun=$(now)
	while [ $(($(now) - begun)) -le 3 ]; do
		won=$(now)
		ballots=$(each "$voters" ballot "$epoch")
		why="another leader has votes at epoch $epoch"
		unrivalled || return
		why="$count of $needed votes at epoch $epoch"
		[ "$count" -lt "$needed" ] || return 0
		epoch=$((epoch + step))
		[ "$step" -ge 512 ] || step=$((2 * step))
		sleep 0.1
	done
	return 1
}

# unrivalled: counts the votes of this script, and tells whether it may go on: nobody else
# has one at a newer epoch, whom it would not see win, nor at this one, unless most are its
# own, or nobody wins it. Two Pods may ask at the same time, where one is slow to start
# programs, and Sentinels stand for election themselves.
unrivalled() {
	count=0 rival=''
	while read -r _ its_epoch its_vote _; do
		if [ "$its_vote" = "$leader" ]; then
			[ "$its_epoch" != "$epoch" ] || count=$((count + 1))
		elif [ "${its_epoch:-0}" -gt "$epoch" ]; then
			return 1
		elif [ "${its_epoch:-0}" = "$epoch" ]; then
			rival=$its_vote
		fi
	done <<-EOF
		$ballots
	EOF
	[ -z "$rival" ] || [ "$count" -ge "$needed" ] || tied "$ballots" "$epoch" || return
	stood "$ballots" "$epoch"
}

# elected: wins an epoch, and looks whether a Sentinel leads that was elected before: one
# that has voted since cannot be elected at an older epoch.
elected() {
	win && unled "$ballots"
}

# renewed: wins once more if the votes are too old for a promotion by now.
renewed() {
	[ $(($(now) - won)) -ge $((lease / 2)) ] || return 0
	highest=$epoch
	elected
}

# promote: makes the successor master, while the votes count. One whose answer does not come
# in time may have become master all the same, which nobody else would know: it is asked
# again. One that refuses the connection has not.
promote() {
	why="it took too long since the vote"
	while [ $(($(now) - won)) -lt $((lease / 2)) ]; do
		ask_redis "$successor" 'REPLICAOF NO ONE' ROLE
		outcome=$?
		why="$successor is not promoted: ${reply:-no answer}"
		case $reply in "OK${n}master"*) return 0 ;; esac
		case $outcome in 124 | 143) ;; *) return 1 ;; esac # what timeout ends with, busybox' too
	done
	return 1
}

# hello SENTINEL: sets $hello, what tells it of the successor: as another Sentinel would,
# whose hello is passed on. It has to be one that this Sentinel knows, exactly as it
# lists it, or it would add or replace one.
hello() {
	hello=''
	while read -r who its_ip its_port its_id; do
		[ "$who" != "$1" ] || hello="$its_ip,$its_port,$its_id,$epoch,mymaster,$successor,$port,$epoch"
	done <<-EOF
		$peers
	EOF
}

# tell SENTINEL: announces the successor to one that has missed it.
tell() (
	hello "$1"
	[ -z "$hello" ] || sentinel "$1" PUBLISH __sentinel__:hello "$hello"
)

# announce: tells all who could vote at the same moment: a client that has heard it from one
# Sentinel may ask another one, and that would send it to the old master, which may be frozen.
# The other replicas are told before: what a successor takes alone is lost if that ends, too.
announce() {
	for follower in ${followers-}; do
		[ ! -p "$lines/$follower" ] || put "$follower" "REPLICAOF $successor $port"
	done
	for voter in $voters; do
		hello "$voter"
		[ ! -p "$lines/$voter" ] || put "$voter" "PUBLISH __sentinel__:hello $hello"
	done
}

# told: whether Sentinels answer, and all that do name the successor, which is master. Who
# has missed it is told again, with the others as it knows them now. Somebody who has won a
# newer epoch since has the say.
told() {
	survey
	[ "$newest" -le "$epoch" ] || return 0
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
