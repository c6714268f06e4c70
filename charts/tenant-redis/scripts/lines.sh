# shellcheck shell=sh disable=SC2154 # what others set
# Lines: connections that are open before they are needed. To start redis-cli takes most of
# the time of a question, and has Redis tell what all its commands are. A question on a line
# takes a millisecond or so, and while writes are held all are.

# The folder with a pipe to each line, and one from all of them. Nothing if there are none.
lines=''

# "HOST PROCESS" of each line to a Redis.
dialled=''

# How many questions have been asked on lines. Each answer ends with the number of its own.
question=0

# dial [REDIS...]: opens a line to each, and one to each voter, so that all are told at the
# same moment: a client that has heard it from one Sentinel may ask another one, and that
# would send it to the old master, which may be frozen. They last for 30 s at most. Without
# room for them each question starts its program.
dial() {
	hang_up
	lines=$(mktemp -d /dev/shm/lines.XXXXXX) || return 0
	# shellcheck disable=SC2086 # a list
	if ! { (cd "$lines" && mkfifo answers "$@" $voters) && command exec 4<>"$lines/answers"; } 2>/dev/null; then
		rm -r "$lines"
		lines=''
		return 0
	fi
	dialled=''
	for who; do
		{ line_to_redis "$who" <&5 >&4 2>/dev/null & } 5<>"$lines/$who"
		dialled="$dialled$n$who $!"
	done
	for who in $voters; do
		{ line_to_sentinel "$who" <&5 >/dev/null 2>&1 & } 5<>"$lines/$who"
	done
	[ $# -eq 0 ] || time_goes_by >&4 2>/dev/null &
}

line_to_redis() {
	trap - TERM
	[ -z "${REDIS_PASSWORD-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
	exec timeout 31 redis-cli -h "$1" -p "$port"
}

line_to_sentinel() {
	trap - TERM
	log_in
	exec timeout 31 redis-cli -h "${1%:*}" -p "${1##*:}" --user sentinel-user
}

# time_goes_by: says so five times a second, which no shell's read tells, until the lines are
# no more. It ends them after 30 s, for a script that has died, and the question that waits.
time_goes_by() {
	clock
	dawn=$clock
	while sleep 0.2 && [ -p "$lines/answers" ]; do
		echo @
		clock
		[ $((clock - dawn)) -lt 3000 ] || break
	done
	rm -rf "$lines"
	sleep 1
	echo @
}

# hang_up: ends the lines when they have said what they have to say.
hang_up() {
	[ -n "$lines" ] || return 0
	for who in "$lines"/*; do
		[ ! -p "$who" ] || echo QUIT 1<>"$who"
	done
	exec 4<&-
	rm -rf "$lines"
	lines=''
}

# cut_off HOST: ends a line at once. What it has yet to say it must not say later.
cut_off() {
	rm -f "$lines/$1"
	while read -r who process; do
		[ "$who" != "$1" ] || { kill "$process" && wait "$process"; } 2>/dev/null
	done <<-EOF
		$dialled
	EOF
}

# ask_redis HOST COMMAND...: sets $reply, the answers of a Redis, on its line if there is one.
# It fails with 124 or 143 if they have not come after a second, and ends the line: the next
# question to this Redis starts a program.
ask_redis() {
	host=$1
	shift
	[ -p "$lines/$host" ] || {
		reply=$(printf '%s\n' "$@" | redis "$host")
		return
	}
	reply='' question=$((question + 1))
	clock
	posed=$clock
	printf '%s\n' "$@" "ECHO @$question" 1<>"$lines/$host"
	while read -r line <&4; do
		case $line in
		"@$question") return ;;
		@)
			clock
			[ $((clock - posed)) -ge 100 ] || continue
			cut_off "$host"
			return 124
			;;
		@*) reply='' ;;
		*) reply=$reply${reply:+$n}$line ;;
		esac
	done
}
