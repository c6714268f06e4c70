# shellcheck shell=sh disable=SC2034 # what others use
# What start.sh and stop.sh share: questions to Redis and to the Sentinels.
# Every question ends after a second at most, since an address may lead nowhere,
# and none needs a name server: the NetworkPolicy lets no such traffic out.

port=${REDIS_PORT:-6379}
self=$(hostname -i | tr ' ' '\n' | grep -v : | head -n 1)

# The Sentinels' Service, as Kubernetes puts it into the Pod rfr-NAME-0; ":" in a
# container that was started before there were Sentinels, to copy another Redis.
variable=RFS_$(hostname | sed 's/^rfr-//; s/-[0-9]*$//' | tr 'a-z-' 'A-Z_')_SERVICE
service=$(env | sed -n "s/^${variable}_HOST=//p"):$(env | sed -n "s/^${variable}_PORT=//p")

# redis HOST COMMAND...: a Redis' answer. The password is in the environment,
# not in the arguments, which every process may list.
redis() (
	host=$1
	shift
	[ -z "${REDIS_PASSWORD-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
	timeout 1 redis-cli -h "$host" -p "$port" "$@" 2>/dev/null
)

# role HOST: what a Redis says it is.
role() {
	redis "$1" ROLE | head -n 1
}

# consult SECONDS SENTINEL...: asks these Sentinels at the same time. Prints "peer
# SENTINEL" for each that answers, by its own address, and for each other that it
# knows, and "view EPOCH MASTER SENTINEL LEFT STATE" for each that names a master
# (127.0.0.1 is the operator's word for none).
# LEFT is when it takes the master for down unless that answers, in ms. STATE is
# "replacing" while it looks for another master and "replaced" from when it names
# that until the other replicas follow, which they cannot if that goes down too.
# It is "tilted" in TILT mode: a Sentinel that its disk or its node has held up for
# 2 s does nothing for 30 s, but says yes to a failover, for which it waits as well.
consult() {
	limit=$1
	shift
	for sentinel; do
		printf '%s\n' 'SENTINEL GET-MASTER-ADDR-BY-NAME mymaster' 'SENTINEL SENTINELS mymaster' \
			'SENTINEL MASTER mymaster' 'INFO sentinel' 'CLIENT INFO' |
			timeout "$limit" redis-cli -h "${sentinel%:*}" -p "${sentinel#*:}" 2>/dev/null |
			awk '
				NR == 1 { master = $1 }
				key == "ip" { ip = $1 }
				key == "port" { port = $1 }
				key == "flags" && /sentinel/ { print "peer", ip ":" port }
				key == "flags" && /failover_in_progress/ { state = ip == master ? "replacing" : "replaced" }
				key == "config-epoch" { epoch = $1 }
				key == "down-after-milliseconds" { after = $1 }
				key == "last-ok-ping-reply" { silent = $1 }
				/^sentinel_tilt:1/ { state = "tilted" }
				match($0, / laddr=[^ ]*/) { sentinel = substr($0, RSTART + 7, RLENGTH - 7) }
				{ key = $1 }
				END {
					if (sentinel == "") exit
					print "peer", sentinel
					if (master ~ /^[0-9.]+$/ && master != "127.0.0.1")
						print "view", epoch + 0, master, sentinel, after - silent, state
				}' &
	done
	wait
}

# entrance: where to find the first Sentinel: at their Service or, where that is
# not known, among this Redis' clients. Their port is Redis' with a 2 before it.
entrance() {
	if [ "$service" != : ]; then
		echo "$service"
	else
		redis "$self" CLIENT LIST | sed -n "s/.* addr=\([0-9.]*\):.* name=sentinel-[0-9a-f]*-cmd .*/\1:2$port/p"
	fi
}

# survey: asks all Sentinels, beginning at the entrance while none is known.
survey() {
	for _ in 1 2 3; do
		# shellcheck disable=SC2086 # a list
		answers=$(consult 1 ${sentinels-})
		# shellcheck disable=SC2046 # a list
		[ -n "$answers" ] || answers=$(consult 1 $(entrance))
		# shellcheck disable=SC2086 # a list
		known=$({ printf 'peer %s\n' ${sentinels-} && echo "$answers"; } | sed -n 's/^peer //p' | sort -u)
		[ "$known" != "${sentinels-}" ] || break
		sentinels=$known
	done
	conclude
}

# conclude: sets $views, newest first, and $named, the master in the newest: it
# is the one that all Sentinels come to agree on, or most. One that ends a failover
# after the next one goes on with what came of its own, as if that were the newest,
# until the operator corrects it.
conclude() {
	views=$(echo "$answers" | sed -n 's/^view //p' | sort -rn)
	named=$(echo "$views" | awk '
		NR == 1 { newest = $1; most = $2 }
		$1 == newest && ++voices[$2] > voices[most] { most = $2 }
		END { print most }')
}

# failing_over: whether a Sentinel is replacing the master right now.
failing_over() {
	case $views in *replacing*) ;; *) false ;; esac
}

# choose: sets $leader, the Sentinel to ask for another master: of those that can
# act always the same one, since two would each promote a replica.
choose() {
	leader=$(echo "$views" | awk -v master="$named" '$2 == master && $5 == "" { print $3 }' | sort | head -n 1)
	[ -n "$leader" ] || {
		reply='no Sentinel can act: they are in TILT mode, or end another failover'
		return 1
	}
}

# failover: asks a Sentinel for another master and sets $reply.
failover() {
	choose || return
	reply=$(timeout 1 redis-cli -h "${leader%:*}" -p "${leader#*:}" SENTINEL FAILOVER mymaster 2>&1)
}
