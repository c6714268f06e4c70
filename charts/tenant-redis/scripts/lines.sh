# shellcheck shell=sh disable=SC2154 # what others set
# Lines: connections that are open before they are needed. To start redis-cli takes most of
# the time of a question, and has Redis tell what all its commands are; it waits for a core,
# too, of which a failover leaves few. A question on a line takes a millisecond or so.

# The folder with two pipes to each line, WHO for questions and WHO.says for answers. Nothing
# if there are none.
lines=''

# "WHO PROCESS" of each line.
dialled=''

# How many questions have been asked on lines. Each answer ends with the number of its own.
questions=0

# dial WHO...: opens a line to each Redis, HOST, or Sentinel, HOST:PORT, that has none. They
# last for 30 s at most. Each takes 2.3 MiB, in a container whose Redis may be full: open few.
# Without room for them each question starts its program.
dial() {
	if [ ! -d "$lines" ]; then
		dialled='' lines=$(mktemp -d "/dev/shm/lines.$self.XXXXXX") || return 0
		time_goes_by >/dev/null 2>&1 &
	fi
	fresh='' pipes=''
	for who; do
		[ ! -p "$lines/$who" ] || continue
		fresh="$fresh $who" pipes="$pipes $who.says $who"
	done
	[ -n "$fresh" ] || return 0
	# shellcheck disable=SC2086 # a list
	if ! (cd "$lines" && mkfifo $pipes) 2>/dev/null; then
		hang_up
		return 0
	fi
	for who in $fresh; do
		{ open_line "$who" <&4 >&5 2>&5 & } 4<>"$lines/$who" 5<>"$lines/$who.says"
		dialled="$dialled$n$who $!"
	done
}

# dial_near: opens a line to each Sentinel that was heard of late.
dial_near() {
	set --
	for one in $near; do set -- "$@" "${one%/*}"; done
	dial "$@"
}

# open_line WHO: becomes redis-cli.
open_line() {
	trap - TERM
	case $1 in
	*:*)
		log_in
		exec timeout 31 redis-cli -h "${1%:*}" -p "${1##*:}" --user sentinel-user
		;;
	*)
		[ -z "${REDIS_PASSWORD-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
		exec timeout 31 redis-cli -h "$1" -p "$port"
		;;
	esac
}

# time_goes_by: says so to all five times a second, which no shell's read tells, until the lines
# are no more. After 30 s, for a script that has died, it takes no more questions, and when the
# last of them must have ended by itself it ends what waits all the same: all of this Pod
# may have been frozen meanwhile.
time_goes_by() {
	clock
	dawn=$clock dusk='' word=@
	while
		sleep 0.2
		[ -d "$lines" ]
	do
		clock
		if [ -n "$dusk" ]; then
			[ $((clock - dusk)) -lt 400 ] || word="${n}Error: too late"
		elif [ $((clock - dawn)) -ge 3000 ]; then
			dusk=$clock
			rm -f "$lines"/*[0-9]
		fi
		for says in "$lines"/*.says; do
			[ ! -p "$says" ] || echo "$word" 1<>"$says"
		done
		[ "$word" = @ ] || rm -rf "$lines"
	done
}

# hang_up: ends the lines when they have said what they have to say.
hang_up() {
	[ -n "$lines" ] || return 0
	for who in "$lines"/*[0-9]; do
		[ ! -p "$who" ] || echo QUIT 1<>"$who"
	done
	rm -rf "$lines"
	lines='' dialled=''
}

# cut_off WHO: ends a line at once. What it has yet to say it must not say later.
cut_off() {
	rm -f "$lines/$1" "$lines/$1.says"
	while read -r who process; do
		[ "$who" != "$1" ] || { kill "$process" && wait "$process"; } 2>/dev/null
	done <<-EOF
		$dialled
	EOF
}

# put WHO COMMAND...: sends commands on a line, and what ends their answers.
put() {
	who=$1
	shift
	questions=$((questions + 1))
	case $who in *:*) word=PING ;; *) word=ECHO ;; esac # what Sentinel has, and a Redis that loads
	printf '%s\n' "$@" "$word @$questions" 1<>"$lines/$who"
}

# on_line WHO COMMAND...: sets $reply, the answers to commands on a line. It ends the line, so
# that the next question starts a program, and fails
# - with 124, if it is not known what became of the commands: the answers have not come within
#   $limit seconds, or the connection has ended, or there is none;
# - with 1, if all commands are refused.
on_line() {
	put "$@"
	reply='' half=''
	clock
	posed=$clock
	while read -r line; do
		line=$half$line half=''
		case $line in
		"@$questions") return ;;
		*@)
			# redis-cli writes 4096 bytes at a time: what the tick follows may be half a line.
			half=${line%@}
			clock
			[ $((clock - posed)) -ge $((100 * ${limit:-1})) ] || continue
			break
			;;
		'Could not connect'* | Error:*) break ;;
		*'max number of clients'* | NOAUTH\ * | BUSY\ *)
			reply=$line
			cut_off "$1"
			return 1
			;;
		@[0-9]* | *'AUTH failed'*) reply='' ;;
		*) reply=$reply${reply:+$n}$line ;;
		esac
	done <>"$lines/$1.says"
	cut_off "$1"
	return 124
}

# answers WHO [COMMAND]: prints the answers to one command, or to those that standard input
# has, on a line.
answers() {
	if [ $# -gt 1 ]; then
		who=$1
		shift
		set -- "$who" "$*"
	else
		while read -r line; do set -- "$@" "$line"; done
	fi
	on_line "$@"
	outcome=$?
	[ -z "$reply" ] || printf '%s\n' "$reply"
	return "$outcome"
}

# ask_redis HOST COMMAND...: sets $reply, the answers of a Redis, on its line if there is one.
ask_redis() {
	if [ -p "$lines/$1" ]; then
		on_line "$@"
	else
		host=$1
		shift
		reply=$(printf '%s\n' "$@" | redis "$host")
	fi
}
