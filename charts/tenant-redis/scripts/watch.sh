#!/bin/sh
# watch.sh: runs beside every Redis as start.sh's child and does at once what would
# wait for the Sentinels' next look otherwise. It asks nothing as long as nothing
# happens: it listens, on three connections.
# - To its own Redis' channel on which the Sentinels say whom they name. That
#   connection ends when a Sentinel promotes this Redis.
# - To the master, whose connections end with it.
# - To one Sentinel, another one in each Pod, which tells whom it has voted for, and
#   whom it names from now on.
. "${0%/*}/sentinel.sh"
. "${0%/*}/lines.sh"
. "${0%/*}/vote.sh"

# The Pod's log is where standard output leads to, which carries other words here.
exec 3>&1

say() {
	echo "watch.sh: $*" >&3
}

# complain: says what has not just been said, by any of this script's processes.
complain() {
	said=''
	{ read -r said <"$complaint"; } 2>/dev/null
	[ "$*" = "$said" ] || say "$*"
	echo "$*" 2>/dev/null >"$complaint"
}

# Where it is.
complaint=${DATA:-/data}/complaint

# goes_on SECONDS: waits, and tells whether start.sh is still there.
goes_on() {
	sleep "$1"
	kill -0 "$PPID" 2>/dev/null
}

# hear HOST: all that the Sentinels say at a Redis, until that ends. It becomes
# redis-cli.
hear() {
	# shellcheck disable=SC2031 # a process of its own
	[ -z "${REDIS_PASSWORD-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
	exec redis-cli -h "$1" -p "$port" SUBSCRIBE __sentinel__:hello 2>/dev/null
}

# master_of HOST: whom a Redis follows, itself if it is master.
master_of() {
	redis "$1" ROLE | awk -v host="$1" '
		NR == 1 && $0 == "master" { print host }
		NR == 1 && $0 != "slave" { exit }
		NR == 2 { print; exit }'
}

# own: "hello MASTER ID SENTINEL" for each word of a Sentinel at this Redis, "spent" if it is
# at an epoch far beyond all that elections reach, and "cut" when the connection has ended. A
# hello is IP,PORT,ID,EPOCH,NAME,MASTER,PORT,EPOCH. Other words than addresses and ids are no
# Sentinel's: echo would make two lines of some.
own() {
	while goes_on 1; do
		(hear "$self") | {
			there=''
			while IFS=, read -r ip at id its_epoch name master _ config; do
				[ "$ip" != subscribe ] || there=yes
				case $ip$at$id$master in *[!0-9a-f.]*) continue ;; esac
				[ "$name" != mymaster ] || echo hello "$master" "$id" "$ip:$at"
				case $its_epoch,$config in ???????????????????*,* | *,???????????????????*) echo spent ;; esac
			done
			[ -z "$there" ] || echo cut
		}
	done
}

# master: "follows MASTER PID", which the process listens to, and "closed MASTER" when
# that connection has ended by itself, or there is none.
master() {
	exec 2>/dev/null # a shell's remark about what it killed
	while goes_on 1; do
		host=$(master_of "$self")
		case $host in '' | 127.0.0.1) continue ;; esac
		hear "$host" >/dev/null &
		echo follows "$host" $!
		wait $!
		[ $? -gt 128 ] || echo closed "$host"
	done
}

# votes: "vote ID EPOCH" for each vote of a Sentinel, and "switch" when it names another
# master, which it says in a hello up to two seconds later.
votes() {
	number=$(hostname | sed 's/.*-//')
	while goes_on 3; do
		sentinels=''
		survey
		number=$((number + 1))
		# shellcheck disable=SC2046,SC2086 # lists
		set -- $(printf '%s\n' $sentinels | sort)
		[ $# -gt 0 ] || continue
		shift $((number % $#))
		one=$1
		redis-cli -h "${one%:*}" -p "${one##*:}" SUBSCRIBE +vote-for-leader +switch-master 2>/dev/null |
			while read -r who epoch; do
				[ "$who" != mymaster ] || echo switch
				case $who$epoch in *[!0-9a-f]*) continue ;; esac # as above
				[ -z "$epoch" ] || echo vote "$who" "$epoch"
			done
	done
}

# adopt MASTER: has each user of this Redis take all passwords that the master takes. Those
# are two while one replaces the other, and a Pod that starts meanwhile knows the new one
# only, but clients and the Pods that are older still come with the old one. A hash is
# enough. It runs beside all else, since the master may fall silent, and ends within three
# questions. It only adds, so that it does not matter which of two comes first.
adopt() {
	[ -n "${REDIS_PASSWORD-}" ] || return
	{
		redis "$self" ACL USERS
		redis "$1" ACL LIST
	} | awk '
		NF == 1 { here[$1] }
		$1 == "user" && $2 in here {
			hashes = ""
			for (n = 3; n <= NF; n++) if ($n ~ /^#/) hashes = hashes " " $n
			if (hashes != "") print "ACL SETUSER " $2 hashes
		}' | redis "$self" >/dev/null
}

# pause: a connection to the master that is there before it is needed. It reads HOST,
# then "hold" as often as the master is to hold its writes, and "leave". What waits on
# a connection that Redis knows it reads before what its clients send when it wakes;
# one that is new it has to accept first, and takes a write of each client meanwhile.
pause() {
	[ -z "${REDIS_PASSWORD-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
	trap '' PIPE # the connection may end before "leave" comes
	while read -r host; do
		while read -r word && [ "$word" = hold ]; do
			echo 'CLIENT PAUSE 5000 WRITE' 2>/dev/null
		done | redis-cli -h "$host" -p "$port" --pipe --pipe-timeout 1 >/dev/null 2>&1
	done
}

# hold: has the master hold its writes, since Sentinels have elected one of them to
# replace it. If it is frozen it does so as soon as it wakes, so that it is no second
# master until it is told to follow the new one. If they give up, it goes on after 5 s.
# The connection that is there may have been cut. A master that this Pod listens to no
# more is another one's, and may be healthy: its writes are nobody's to hold. Nor are those
# of its own Redis: if all of the Pod was frozen, that is a replica by now.
hold() {
	[ -n "$listener" ] && [ "$follows" != "$self" ] || return 0
	echo hold
	post "$follows" 'CLIENT PAUSE 5000 WRITE' &
}

# winner: sets $epoch, the one at which most Sentinels have voted for one leader, and
# $leading, where that is, or nothing if it is a script.
winner() {
	electorate || return
	why="nobody has most votes"
	# shellcheck disable=SC2046 # "EPOCH LEADER"
	set -- $(echo "$votes" | awk -v needed="$needed" '
		{ votes[$2 " " $3]++ }
		END { for (vote in votes) if (votes[vote] >= needed) print vote }')
	[ $# -eq 2 ] || return
	epoch=$1
	leading=$(echo "$peers" | awk -v id="$2" '$4 == id { print $2 ":" $3; exit }')
}

# led: whether a Sentinel has won that has chosen this Redis, and has yet to tell. What a
# script promotes, that announces.
led() {
	winner || return
	why="no Sentinel has won"
	[ -n "$leading" ] || return
	why="$leading has not chosen this Redis"
	[ -n "$(each "$leading" chosen)" ] || return
	# shellcheck disable=SC2086 # a list
	dial $voters
}

# chosen SENTINEL[/ID]: whether the failover that it leads makes this Redis master.
chosen() {
	sentinel "${1%/*}" SENTINEL REPLICAS mymaster | awk -v self="$self" '
		NR % 2 { name = $0; next }
		name == "ip" { ip = $0 }
		name == "flags" && ip == self && /promoted/'
}

# redirect: tells the old master to follow the successor. If it is frozen, it finds that when
# it wakes. A function that never ends and has written nothing is ended first, as the Sentinels
# do with scripts alone.
redirect() {
	post "$old" 'FUNCTION KILL' MULTI "REPLICAOF $successor $port" 'CLIENT UNPAUSE' EXEC
}

# demote: has the old master follow the successor, and keeps at it for a minute: it may be
# frozen, or cut off. Until then it takes writes that are lost.
demote() {
	lines='' # those of another process
	deadline=$(($(now) + 60))
	while
		redirect
		[ "$(master_of "$old")" != "$successor" ]
	do
		sleep 1
		[ "$(now)" -lt "$deadline" ] && ! overtaken || return
	done
	# Some of those who have it hold its writes may have come after that. Its clients get their
	# answers, and are to look for the new master.
	redis "$old" CLIENT UNPAUSE >/dev/null
	redis "$old" CLIENT KILL TYPE normal >/dev/null
	say "$old follows $successor"
}

# interrupt: ends the old master if it wakes busy with a script. It refuses all else then, and
# goes on as a second master when the script ends, which only its own end is sure to come
# before. What it has the new one has, or has lost. Each redis-cli is there before it is
# needed: the Sentinels end the script too, and clients write while a program starts.
interrupt() (
	limit=60
	redis "$old" PING | if_busy "REPLICAOF $successor $port" |
		redis "$old" | if_busy 'SHUTDOWN NOSAVE NOW FORCE' |
		redis "$old" >/dev/null
)

# if_busy COMMAND: prints it if an answer says that the old master is busy with a script.
if_busy() {
	while read -r answer; do
		case $answer in BUSY*)
			echo "$1"
			say "$old is busy with a script: $1"
			return
			;;
		esac
	done
}

# overtaken: whether this Redis is no master any more, or the Sentinels have named another
# one since its $epoch, maybe the old master: this Pod may have been frozen, too.
overtaken() {
	look_around
	[ "$(role "$self")" != master ] || { [ "$named" != "$self" ] && [ "$newest" -gt "$epoch" ]; }
}

# look_around: looks at all Sentinels, beginning with those that were heard of late,
# which saves the search. Of earlier ones others may have the addresses.
look_around() {
	sentinels=''
	survey
}

# promoted: announces this Redis, if a Sentinel has made it master. The old one is told
# first, which it may be waiting for. That may be another one than this Pod has heard of: a
# master that has just been promoted may be silent, too.
promoted() {
	old=$follows successor=$self
	dial_near
	[ -z "$(each "$near" chosen)" ] || [ "$(role "$self")" != master ] || announce_self
	hang_up
}

# announce_self: has the old master follow this Redis, and the Sentinels name it that the one
# that leads has not told yet.
announce_self() {
	redirect &
	look_around
	case $named in '' | "$self" | "$old") ;; *)
		old=$named
		look_around # whom they have voted for in its place
		;;
	esac
	epoch=$newest
	demote &
	interrupt &
	if [ "$named" = "$old" ]; then
		if ! led; then
			say "elected by the Sentinels, and not announced: $why"
			return
		fi
		announce
	fi
	hang_up
	say "elected by the Sentinels as successor of $old"
	settle
}

# settle: has the other replicas follow this Redis, and each Sentinel name it.
settle() {
	each "$(others)" follow >/dev/null
	within 5 told || say "$why"
}

# others: the replicas other than this one and the old master.
others() {
	echo "$replicas" | awk -v self="$self" -v old="$old" 'NF && $2 != self && $2 != old { print $2 }' | sort -u
}

# carry_on: announces this Redis if a script has made it master in place of another one, and
# no Sentinel names it half a second later: the script may have died. It has won, and if it
# lives it announces the same.
carry_on() {
	old=$follows successor=$self begun=$(now)
	[ "$old" != "$self" ] || return
	until
		sleep 0.5
		succeeds
	do
		[ $(($(now) - begun)) -le $((lease / 2)) ] || return
	done
	look_around
	[ "$named" = "$old" ] && winner && [ -z "$leading" ] && [ "$epoch" -gt "$newest" ] || return
	[ -z "$(each "$(others)" rules)" ] || return
	# shellcheck disable=SC2086 # a list
	dial $voters
	announce
	hang_up
	demote &
	say "announced, since who has promoted this Redis has not"
	settle
}

# succeeds: whether this Redis is master, and the old one a replica of it, or at its end.
succeeds() {
	[ "$(role "$self")" = master ] && { [ "$(master_of "$old")" = "$self" ] || refuses "$old"; }
}

# rules REDIS: prints something if that is a master.
rules() {
	[ "$(role "$1")" != master ] || echo "$1"
}

# rarely COMMAND: runs it beside all else, every other second at most: whoever reaches a
# Sentinel may have it vote as often as they like.
rarely() {
	[ $(($(now) - latest)) -gt 1 ] || return 0
	latest=$(now)
	"$@" &
}

# refuses HOST: whether nobody listens there. Its kernel says so, and only of a Redis
# that has ended: one that is frozen, busy, full or has another password takes the
# connection, and what a cut network or a lost node does is silence.
refuses() {
	case $(timeout 1 redis-cli -h "$1" -p "$port" PING 2>&1) in *'Connection refused'*) ;; *) false ;; esac
}

# back HOST: whether somebody answers there again. The address of a Pod that is deleted by
# force goes away a moment after its Redis: silence is that, once it has refused somebody.
# start.sh lets no Redis start there while the Sentinels name it.
back() {
	case $(timeout 0.5 redis-cli -h "$1" -p "$port" PING 2>&1) in '' | 'Could not connect'*) false ;; esac
}

# gone: whether nobody has a connection to the old master any more: most Sentinels, no
# replica, and not this Pod. A Sentinel that reconnects has a connection to it as long as
# its network drops what it sends, and waits for an answer there: a Redis that is gone
# does not answer a PING within a fifth of a second. One that is frozen or cut off
# does not either, but it refuses nobody.
gone() {
	without=0
	while read -r _ _ its_master _ flags _ waits; do
		[ "$its_master" = "$old" ] || continue
		case $flags in
		*disconnected* | *s_down*) ;;
		*) [ "$waits" -ge 200 ] || continue ;;
		esac
		without=$((without + 1))
	done <<-EOF
		$views
	EOF
	why="$without Sentinels have lost $old, and it takes $needed"
	[ "$without" -ge "$needed" ] || return
	why="$old is not gone for all"
	[ -z "$linked" ]
}

# place: sets $place, which of the $heirs this Redis is, 0 if none.
place() {
	place=0 count=0
	for heir in $heirs; do
		count=$((count + 1))
		[ "$heir" != "$self" ] || place=$count
	done
}

# inherit HOST: replaces a master that is gone as a whole, so that nobody in its Pod can
# do it. It takes the votes of the Sentinels as ever, and all must have lost it. The
# replica whose turn it is leads, the best first and each next one half a second
# later: two at a time could have half of the votes each. First it leaves time to
# start.sh, which knows at once when Redis alone has ended. Silence takes half a second to be
# known, so that all else goes on meanwhile.
inherit() {
	old=$1
	clock
	asked=$clock
	refuses "$old" || return 0
	clock
	sleep "$(grace $((clock - asked)))" &
	grace=$!
	why="$old is back"
	! back "$old" && wait "$grace" || return
	dial_near
	for turn in 1 2 3; do
		back "$old" &
		answer=$!
		look_around
		[ "$named" = "$old" ] || return 0 # replaced already
		why="a Sentinel is failing over"
		! failing_over && electorate && choose down || return
		place
		if [ "$place" = "$turn" ]; then
			lead
			return
		fi
		sleep 0.5
	done
}

# take_over HOST: has a master that is gone replaced, beside all else: this Redis may be
# promoted meanwhile.
take_over() {
	! taking_over || return 0
	{
		trap 'hang_up; exit' TERM
		inherit "$1" || complain "$1 is gone, and not replaced from here: $why"
		hang_up
	} >/dev/null &
	heir=$!
}

taking_over() {
	[ -n "$heir" ] && kill -0 "$heir" 2>/dev/null
}

# leave_it_to LEADER: takes over no more, if another one has a vote.
leave_it_to() {
	[ "$1" = "$leader" ] || ! taking_over || kill "$heir"
}

# returned: whether the old master has answered since this turn began.
returned() {
	wait "$answer" || return
	why="$old is back"
}

# lead: has the old master replaced by vote, if it is gone, and has not answered until then.
lead() {
	gone && unclaimed && in_time || return
	trap '' TERM # its own vote is heard, too
	# shellcheck disable=SC2086 # a list
	dial "$successor" $voters
	elected && ! returned && renewed && promote || return
	announce
	hang_up
	each "$followers" follow >/dev/null
	say "$old is gone: replaced by $successor"
	within 5 told || say "$why"
}

# replaced: whether most Sentinels name another Redis, and that is master.
replaced() {
	look_around
	majority
	[ -n "$named" ] && [ "$named" != "$self" ] &&
		[ "$(echo "$views" | awk -v named="$named" '$3 == named' | grep -c .)" -ge "$needed" ] &&
		[ "$(role "$named")" = master ]
}

# accuse: has this Redis count an error, which its exporter shows: Sentinels count nothing of
# the kind.
accuse() {
	redis "$self" EVAL_RO "return redis.error_reply('SENTINELEPOCH there is none left')" 0 >/dev/null
}

# give_way: makes this Redis follow the master that the Sentinels have meanwhile. It
# was frozen or cut off, and does not know.
give_way() {
	[ "$(role "$self")" = master ] && replaced || return
	printf '%s\n' "REPLICAOF $named $port" 'CLIENT UNPAUSE' | redis "$self" >/dev/null
	redis "$self" CLIENT KILL TYPE normal >/dev/null
	say "replaced by $named meanwhile"
}

# met SENTINEL/ID: notes one that has been heard in $near, and in a file for the others
# and for a container that is started again, until it has been silent for 50 hellos of
# the others at least.
met() {
	case " $next " in *" $1 "*) ;; *) instead "$next" "$1" && next=$those ;; esac
	case " $near " in *" $1 "*) ;; *) instead "$near" "$1" && near=$those && note ;; esac
	hellos=$((hellos + 1))
	[ "$hellos" -lt 50 ] || {
		near=$next next='' hellos=0
		note
	}
}

# instead LIST SENTINEL/ID: sets $those, a list with that one and no other at its address, whom
# nobody could ask at the same time.
instead() {
	those=$2
	for other in $1; do
		[ "${other%/*}" = "${2%/*}" ] || those="$those $other"
	done
}

# note: writes them down.
note() {
	# shellcheck disable=SC2086 # a list
	printf '%s\n' $near 2>/dev/null >"$notes.new" && mv "$notes.new" "$notes"
}

# unfollow: listens to the master no more.
unfollow() {
	[ -n "$listener" ] || return 0
	kill "$listener" 2>/dev/null
	listener=''
}

# names MASTER: what to do about whom a Sentinel names. If that is another one, whom this
# Redis follows has changed, or should.
names() {
	[ "$1" != "$follows" ] || return 0
	unfollow
	[ "$follows" != "$self" ] || give_way
}

# react: what to do about what was heard.
react() {
	near='' next='' hellos=0 follows='' listener='' latest=0 heir=''
	while read -r what one id at; do
		case $what in
		follows)
			[ -z "$follows" ] || echo leave
			echo "$one"
			follows=$one listener=$id
			[ "$follows" = "$self" ] || adopt "$follows" &
			;;
		hello)
			met "$at/$id"
			names "$one"
			;;
		spent)
			accuse &
			complain "a Sentinel is at an epoch after which there are none, so that nobody can be elected: delete all Sentinel Pods at once"
			;;
		switch)
			# Whoever may ask for a vote, may have a Sentinel say that, too.
			look_around
			[ -z "$named" ] || names "$named"
			;;
		vote)
			case $near in
			*"/$one"*) hold ;;
			*)
				leave_it_to "$one"
				rarely carry_on
				;;
			esac
			;;
		closed)
			listener=''
			[ "$one" = "$self" ] || take_over "$one"
			;;
		cut)
			[ "$follows" = "$self" ] || promoted
			;;
		esac
	done
}

rm -f "$complaint"
{
	own &
	master &
	votes &
	wait
} | react | pause
