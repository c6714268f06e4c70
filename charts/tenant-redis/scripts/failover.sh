# shellcheck shell=sh disable=SC2034,SC2154 # what others use, and set
# What start.sh and stop.sh do where the Sentinels that are left have no majority,
# so that none can be won: a Sentinel that is asked to fail over needs no vote.

# outvoted: whether there has been no majority for a while. After a reset there is
# one as soon as the Sentinels know each other again.
outvoted() {
	[ -n "${short-}" ] && [ $(($(now) - short)) -gt 5 ]
}

# able: sets $asked, the Sentinel to ask: of those that can act always the same one,
# since two would each promote a replica. One in TILT mode agrees, and does nothing.
able() {
	asked=$(echo "$views" | awk -v master="$self" '$3 == master && $5 !~ /tilt/ { print $1 }' | sort | head -n 1)
	why="no Sentinel can act"
	[ -n "$asked" ]
}

# all_fit LINK: whether every replica of which it may promote any has the data.
all_fit() {
	choices=$(echo "$replicas" | awk -v asked="$asked" '$1 == asked && $3 == "up" { print $2 }')
	why="not all replicas have the data"
	[ -n "$choices" ] && [ "$(each "$choices" fit "$1" | grep -c -v '^linked ')" = "$(echo "$choices" | wc -l)" ]
}

# fail_over: asks for it. No answer in time may be a yes.
fail_over() {
	reply=$(sentinel "$asked" SENTINEL FAILOVER mymaster)
	why="$asked answers SENTINEL FAILOVER: ${reply:-nothing}"
	case $reply in OK | INPROG* | '') agreed=$(now) ;; *) false ;; esac
}
