# shellcheck shell=sh disable=SC2034 # what others use
# What start.sh, stop.sh and watch.sh ask Redis and the Sentinels, one question a function.
# Every question ends after a second or so, since an address may lead nowhere,
# and none needs a name server: the NetworkPolicy lets no such traffic out.

port=${REDIS_PORT:-6379}

# The Pod's address. Of two the first is the one by which the operator knows it.
self=$(awk -v host="$(hostname)" '{ for (n = 2; n <= NF; n++) if ($n == host) { print $1; exit } }' "${HOSTS:-/etc/hosts}")
case $self in '' | *:*)
	echo "the address of this Pod is ${self:-not known}, and must be IPv4: the operator cannot read an IPv6 address from Redis. Use a cluster whose Pods have IPv4 addresses, alone or as the first of two" >&2
	exit 1
	;;
esac

# The address of the Sentinels' Service, as Kubernetes puts it into the Pod rfr-NAME-0;
# nothing in a container that was started before there were Sentinels, or in a Pod
# without enableServiceLinks. Their port is Redis' with a 2 before it: the variable that
# Kubernetes has for it may be one of the Service rfs-NAME-service.
variable=RFS_$(hostname | sed 's/^rfr-//; s/-[0-9]*$//' | tr 'a-z-' 'A-Z_')_SERVICE_HOST
service=$(env | sed -n "s/^$variable=//p")

# The file with the password of the user as which the Sentinels know each other and this
# instance's Pods, if they ask for it (start-sentinel.sh).
secret=${USERS:-/redis-users}/sentinel-password

# Where watch.sh notes the Sentinels that it hears, a line "SENTINEL/ID" each.
notes=${DATA:-/data}/sentinels

# Where stop.sh notes its process, which hands over or has tried to.
stopping=${DATA:-/data}/stopping

# A line's end.
n='
'

# now: seconds since the machine has started, which nobody sets, and no program tells.
now() {
	read -r uptime _ </proc/uptime
	echo "${uptime%.*}"
}

# clock: sets $clock, hundredths of a second since then.
clock() {
	read -r clock _ </proc/uptime
	clock=${clock%.*}${clock#*.}
}

# within SECONDS TEST...: waits until a test holds. The clock has whole seconds:
# it may take one more.
within() {
	last=$(($(now) + $1))
	shift
	until "$@"; do
		[ "$(now)" -le "$last" ] || return 1
		sleep 0.01
	done
}

# redis HOST COMMAND...: a Redis' answer, within $limit seconds, on its line if there is one
# (lines.sh). The password is in the environment, not in the arguments, which every process
# may list.
redis() (
	[ ! -p "${lines-}/$1" ] || {
		answers "$@"
		exit
	}
	host=$1
	shift
	[ -z "${REDIS_PASSWORD-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
	exec 2>/dev/null # of this question: some shells tell of what timeout ends
	trap - TERM      # which some timeouts end it by, and the script may ignore
	timeout "${limit:-1}" redis-cli -h "$host" -p "$port" "$@"
)

# post HOST COMMAND...: sends a Redis commands, one in each word, and waits for no
# answer. A Redis that is frozen finds them in its socket when it wakes, before all
# that its clients send from then on. redis-cli would wait for the answer to a
# password first, unless that comes as a command, too.
post() (
	host=$1
	shift
	exec >/dev/null 2>&1
	{
		# shellcheck disable=SC2016 # Redis' protocol
		[ -z "${REDIS_PASSWORD-}" ] || printf '*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n' "${#REDIS_PASSWORD}" "$REDIS_PASSWORD"
		printf '%s\r\n' "$@"
	} | timeout 1 redis-cli -h "$host" -p "$port" --pipe
)

# log_in: has each redis-cli that follows log in at a Sentinel. One that knows no such
# user refuses that, and answers what it is asked then.
log_in() {
	[ -r "$secret" ] || return 0
	read -r REDISCLI_AUTH <"$secret" || [ -n "$REDISCLI_AUTH" ]
	export REDISCLI_AUTH
}

# sentinel HOST:PORT COMMAND...: a Sentinel's answer, the same way.
sentinel() (
	[ ! -p "${lines-}/$1" ] || {
		answers "$@"
		exit
	}
	at=$1
	shift
	exec 2>/dev/null
	trap - TERM
	log_in
	timeout "${limit:-1}" redis-cli -h "${at%:*}" -p "${at##*:}" --user sentinel-user "$@"
)

# each LIST QUESTION ARGUMENT...: puts a question to all of a list at the same
# time. What is asked so begins each line of an answer with who gave it.
each() (
	list=$1 question=$2
	shift 2
	exec 2>/dev/null
	for one in $list; do
		"$question" "$one" "$@" &
	done
	wait
)

# role HOST: what a Redis says it is.
role() {
	redis "$1" ROLE | head -n 1
}

# ask SENTINEL[/ID]: all that the scripts want to know of a Sentinel, in one conversation,
# since to start a program is what takes the time. It begins each line with what that is:
#
#	heard SENTINEL
#	view SENTINEL EPOCH MASTER QUORUM FLAGS LEFT WAITS
#	peer SENTINEL IP PORT ID
#	replica SENTINEL IP STATE
#	vote SENTINEL EPOCH LEADER
#
# - view is what it holds of the master, and missing if it names none, for which the
#   operator's word is 127.0.0.1. FLAGS are the master's, and tilt if the Sentinel is in
#   TILT mode, in which it votes, and for 30 s does nothing else. MASTER is the new one
#   from when a failover that the Sentinel leads has promoted it, WAITS for how many
#   milliseconds it has waited for the answer to its first PING that has none, 0 if all
#   have one, LEFT for how many it still waits before it considers the master down. One
#   without a connection and a PING has waited since the last answer.
# - peer is another Sentinel, as this one lists it, and STATE of a replica up or down.
# - vote is the last that it gave, for whom anybody may have asked in any words. It is asked
#   at epoch 0, at which it gives none.
#
# Nothing if it has not this ID, or one that begins so: another instance's may have its
# address meanwhile. The one to which the Service leads goes by the address by which the
# others know it. An answer comes after that to a PING which says what it is to.
ask() {
	case $1 in */*) id=${1#*/} ;; *) id='' ;; esac
	# shellcheck disable=SC2154 # who asks sets $old, the master, and $leader, its own ID
	sentinel "${1%/*}" <<-EOF |
		PING @id
		SENTINEL MYID
		PING @client
		CLIENT INFO
		PING @named
		SENTINEL GET-MASTER-ADDR-BY-NAME mymaster
		PING @master
		SENTINEL MASTER mymaster
		PING @peers
		SENTINEL SENTINELS mymaster
		PING @replicas
		SENTINEL REPLICAS mymaster
		PING @tilt
		INFO sentinel
		PING @vote
		SENTINEL IS-MASTER-DOWN-BY-ADDR $old $port 0 $leader
		PING @end
	EOF
		awk -v at="${1%/*}" -v id="$id" -v service="$service:2$port" '
		/^@/ { about = $0; line = 0; next }
		{ line++ }
		about == "@id" && substr($0, 1, length(id)) != id { exit }
		about == "@client" && at == service && match($0, / laddr=[^ ]*/) { at = substr($0, RSTART + 7, RLENGTH - 7) }
		about == "@named" && line == 1 { named = $0 }
		about == "@tilt" && /^sentinel_tilt:1/ { tilt = ",tilt" }
		about == "@vote" && line == 2 { voted = $0; gsub(/[^0-9A-Za-z*]/, "?", voted) }
		about == "@vote" && line == 3 && /^[0-9]+$/ { text = text "\nvote " at " " $0 " " voted }
		about !~ /^@(master|peers|replicas)$/ { next }
		line % 2 { name = $0; next }
		about == "@master" { value[name] = $0; next }
		name == "ip" { ip = $0 }
		name == "port" { port = $0 }
		about == "@peers" && name == "runid" && $0 != "" { text = text "\npeer " at " " ip " " port " " $0 }
		about == "@replicas" && name == "flags" {
			text = text "\nreplica " at " " ip " " (/s_down|o_down|disconnected/ ? "down" : "up")
		}
		END {
			if (about != "@end") exit
			print "heard", at text
			waits = value["last-ping-sent"] + 0
			waited = !waits && value["flags"] ~ /disconnected/ ? value["last-ok-ping-reply"] : waits
			if (named ~ /^[0-9.]+$/ && named != "127.0.0.1" && value["flags"] != "" &&
				value["config-epoch"] ~ /^[0-9]+$/ && value["quorum"] ~ /^[0-9]+$/)
				print "view", at, value["config-epoch"], named, value["quorum"], value["flags"] tilt,
					value["down-after-milliseconds"] - waited, waits
		}'
}

# consult LIST: asks Sentinels, and adds their answers to $views, $peers, $replicas and
# $votes, who has answered to $heard, and those and whom they know to $sentinels. One
# that is found in two ways is one all the same: its vote must not count twice.
consult() {
	for who in $1; do
		consulted="$consulted ${who%/*}"
	done
	answers=$(each "$1" ask) again=''
	while read -r kind who rest; do
		if [ "$kind" = heard ]; then
			again=''
			case " $heard " in *" $who "*) again=$who ;; esac
		fi
		[ "$who" != "$again" ] || continue
		case $kind in
		heard)
			heard="$heard $who" consulted="$consulted $who"
			know "$who"
			;;
		view) views="${views:+$views$n}$who $rest" ;;
		peer)
			peers="${peers:+$peers$n}$who $rest"
			rest=${rest% *}
			know "${rest% *}:${rest#* }"
			;;
		replica) replicas="${replicas:+$replicas$n}$who $rest" ;;
		vote) votes="${votes:+$votes$n}$who $rest" ;;
		esac
	done <<-EOF
		$answers
	EOF
}

# know SENTINEL: adds it to $sentinels.
know() {
	case " $sentinels " in *" $1 "*) ;; *) sentinels="$sentinels $1" ;; esac
}

# clients: "SENTINEL/ID" of each Sentinel that asks this Redis.
clients() {
	redis "$self" CLIENT LIST | sed -n "s|.* addr=\([0-9.]*\):.* name=sentinel-\([0-9a-f]*\)-cmd .*|\1:2$port/\2|p"
}

# noted: sets $near, the Sentinels that watch.sh has heard last.
noted() {
	near=''
	[ ! -r "$notes" ] || while read -r who; do near="$near $who"; done <"$notes"
}

# meet: consults those that can be found without others: this Redis' clients, or those
# that it had last, or the one to which the Service leads. A container keeps the
# Service's address for life, even if the Service gets another one.
meet() {
	consult "$(clients)"
	[ -n "$heard" ] || { noted && consult "$near"; }
	[ -n "$heard" ] || consult "${service:+$service:2$port/}"
}

# survey: asks all Sentinels: those that are known, or were heard of late, and whom
# they know. Begins again where those do not answer or know nobody, as they do when the
# operator has reset them. $looked is when that was.
survey() {
	clock
	looked=$clock
	views='' peers='' replicas='' votes='' heard='' consulted='' sentinels=${sentinels-}
	consult "${sentinels:-${near-}}"
	[ -n "$peers" ] || meet
	for _ in 1 2; do
		new=''
		for who in $sentinels; do
			case " $consulted " in *" $who "*) ;; *) new="$new $who" ;; esac
		done
		[ -n "$new" ] || break
		consult "$new"
	done
	agree
}

# agree: sets $newest, the highest epoch of the $views, and $named, the master of most of
# those at it: it is the one that all Sentinels come to agree on. One that ends a failover
# after the next one goes on with what came of its own, as if that were the newest,
# until the operator corrects it.
agree() {
	newest=0 voices=''
	while read -r _ its_epoch its_master _; do
		[ "${its_epoch:-0}" -le "$newest" ] || newest=$its_epoch voices=''
		[ "${its_epoch:-none}" != "$newest" ] || voices="$voices $its_master"
	done <<-EOF
		$views
	EOF
	most_of "$voices"
	named=$common
}

# most_of LIST: sets $common, the first of those words that a list has most often, and $most,
# how often.
most_of() {
	common='' most=0
	for candidate in $1; do
		occurrences "$candidate" "$1"
		[ "$times" -le "$most" ] || common=$candidate most=$times
	done
}

# occurrences WORD LIST: sets $times, how often a list has a word.
occurrences() {
	times=0
	for word in $2; do
		[ "$word" != "$1" ] || times=$((times + 1))
	done
}
