# shellcheck shell=sh disable=SC2154 # what others set
# Lines: connections that are open before they are needed. To start redis-cli takes most of
# the time of a question, and each time has Redis tell what all its commands are. A question
# on a line takes a millisecond or so, and while writes are held all are.

# The folder with a pipe to each line, and one from all of them. Nothing if there are none.
lines=''

# How many questions have been asked on lines. Each answer ends with the number of its own.
question=0

# dial [REDIS...]: opens a line to each, and one to each voter, so that all are told at the
# same moment: a client that has heard it from one Sentinel may ask another one, and that
# would send it to the old master, which may be frozen. They last for 10 s at most, and so
# does what says five times a second that time goes by: no shell's read tells of that.
dial() {
	hang_up
	lines=$(mktemp -d /dev/shm/lines.XXXXXX) || return 0
	# shellcheck disable=SC2086 # a list
	(cd "$lines" && mkfifo answers "$@" $voters)
	exec 4<>"$lines/answers"
	for who; do
		{ line_to_redis "$who" <&5 >&4 2>/dev/null & } 5<>"$lines/$who"
	done
	for who in $voters; do
		{ line_to_sentinel "$who" <&5 >/dev/null 2>&1 & } 5<>"$lines/$who"
	done
	time_goes_by >&4 2>/dev/null &
	clockwork=$!
}

line_to_redis() {
	[ -z "${REDIS_PASSWORD-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
	exec timeout 10 redis-cli -h "$1" -p "$port"
}

line_to_sentinel() {
	log_in
	exec timeout 10 redis-cli -h "${1%:*}" -p "${1##*:}" --user sentinel-user
}

time_goes_by() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		for _ in 1 2 3 4 5; do
			sleep 0.2
			echo @
		done
	done
}

# hang_up: ends the lines when they have said what they have to say.
hang_up() {
	[ -n "$lines" ] || return 0
	kill "$clockwork" 2>/dev/null
	for who in "$lines"/*; do
		echo QUIT 1<>"$who"
	done
	exec 4<&-
	rm -r "$lines"
	lines=''
}

# ask_redis HOST COMMAND...: sets $reply, the answers of a Redis, on its line if there is one.
# 124 or 143 if they do not come within a second. What comes later is skipped.
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
		@) clock && [ $((clock - posed)) -lt 100 ] || return 124 ;;
		@*) reply='' ;;
		*) reply=$reply${reply:+$n}$line ;;
		esac
	done
}
