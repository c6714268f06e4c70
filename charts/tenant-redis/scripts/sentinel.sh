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

now() {
	date +%s
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

# redis HOST COMMAND...: a Redis' answer. The password is in the environment,
# not in the arguments, which every process may list.
redis() (
	host=$1
	shift
	[ -z "${REDIS_PASSWORD-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
	exec 2>/dev/null # of this question: some shells tell of what timeout ends
	timeout 1 redis-cli -h "$host" -p "$port" "$@"
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

# sentinel HOST:PORT COMMAND...: a Sentinel's answer, within $limit seconds.
sentinel() (
	at=$1
	shift
	exec 2>/dev/null
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

# view SENTINEL: "SENTINEL EPOCH MASTER QUORUM FLAGS LEFT", what it holds of the master;
# nothing if it names none, for which the operator's word is 127.0.0.1. MASTER is the
# new one from when a failover that the Sentinel leads has promoted it, LEFT how many
# milliseconds it waits for an answer before it considers the master down.
view() {
	master=$(sentinel "$1" SENTINEL GET-MASTER-ADDR-BY-NAME mymaster | head -n 1)
	case $master in
	'' | 127.0.0.1 | *[!0-9.]*) return ;;
	esac
	sentinel "$1" SENTINEL MASTER mymaster | awk -v at="$1" -v master="$master" '
		NR % 2 { name = $0; next }
		{ value[name] = $0 }
		END { if ("flags" in value) print at, value["config-epoch"], master, value["quorum"], value["flags"],
			value["down-after-milliseconds"] - value["last-ok-ping-reply"] }'
}

# peers SENTINEL: "SENTINEL IP PORT ID" of each other Sentinel, as this one lists it.
peers() {
	sentinel "$1" SENTINEL SENTINELS mymaster | awk -v at="$1" '
		NR % 2 { name = $0; next }
		name == "name" { ip = port = "" }
		{ if (name == "ip") ip = $0; if (name == "port") port = $0 }
		name == "runid" && $0 != "" { print at, ip, port, $0 }'
}

# replicas SENTINEL: "SENTINEL IP STATE" of each replica that it knows. STATE is up or
# down.
replicas() {
	sentinel "$1" SENTINEL REPLICAS mymaster | awk -v at="$1" '
		NR % 2 { name = $0; next }
		name == "ip" { ip = $0 }
		name == "flags" { print at, ip, /s_down|o_down|disconnected/ ? "down" : "up" }'
}

# identity SENTINEL/ID: "SENTINEL ADDRESS" if it is the one with this id, or an id that
# begins so: another instance's may have its address meanwhile. ADDRESS is the one by
# which the others know it; it may be asked through the Service.
identity() {
	printf '%s\n' 'SENTINEL MYID' 'CLIENT INFO' | sentinel "${1%/*}" | awk -v at="${1%/*}" -v id="${1##*/}" '
		NR == 1 && substr($0, 1, length(id)) != id { exit }
		NR == 2 && match($0, / laddr=[^ ]*/) { print at, substr($0, RSTART + 7, RLENGTH - 7) }'
}

# clients: "SENTINEL/ID" of each Sentinel that asks this Redis.
clients() {
	redis "$self" CLIENT LIST | sed -n "s|.* addr=\([0-9.]*\):.* name=sentinel-\([0-9a-f]*\)-cmd .*|\1:2$port/\2|p"
}

# meet: "SENTINEL ADDRESS" of all that can be found without others: this Redis' clients,
# or those that it had last, or the one to which the Service leads. A container keeps
# the Service's address for life, even if the Service gets another one.
meet() {
	each "$(clients | grep . || cat "$notes" 2>/dev/null)" identity | grep . ||
		each "${service:+$service:2$port/}" identity
}

# discover: sets $sentinels, all that are known to any, and $peers, whom each knows.
# Begins again while those that are known do not answer or know nobody, as
# they do when the operator reset them.
discover() {
	for _ in 1 2 3; do
		peers=$(each "${sentinels-}" peers)
		heard=$peers
		[ -n "$peers" ] || heard=$(found=$(meet) && echo "$found" && each "$(echo "$found" | cut -d ' ' -f 1)" peers)
		known=$({
			printf '%s\n' "${sentinels-}"
			echo "$heard" | awk 'NF == 2 { print $2 } NF == 4 { print $2 ":" $3 }'
		} | grep . | sort -u)
		[ "$known" != "${sentinels-}" ] || break
		sentinels=$known
	done
}

# look SENTINEL...: sets $views, that of each which names a master, $looked, when that was,
# $newest, the highest epoch, and $named, the master of most of those at it: it is the one that all
# Sentinels come to agree on. One that ends a failover after the next one goes on with
# what came of its own, as if that were the newest, until the operator corrects it.
look() {
	read -r looked _ </proc/uptime
	views=$(each "$*" view)
	newest=$(echo "$views" | awk '$2 + 0 > newest { newest = $2 } END { print newest + 0 }')
	named=$(echo "$views" | awk -v newest="$newest" '
		$2 == newest && ++voices[$3] > most { most = voices[$3]; master = $3 }
		END { print master }')
}

# survey: looks at all Sentinels.
survey() {
	discover
	# shellcheck disable=SC2086 # a list
	look $sentinels
}

# failing_over: whether a Sentinel is replacing the master by itself right now.
failing_over() {
	case $views in *failover_in_progress*) ;; *) false ;; esac
}
