package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/require"
)

// Step is a command that a Pod's script sends by redis-cli, and what happens at it.
// The words of the script itself know nothing of it.
type Step struct {
	// Name is for the reader, Command a pattern of the shell's for the command.
	Name, Command string
	// Before is shell that runs before the first such command, After after it.
	Before, After string
}

// Die ends the script that sent the command, and all that it has started but those
// redis-cli that run. It leads a process group of which they are no part, since
// timeout makes its own.
const Die = `touch "$reached/dead"
read -r _ _ _ script _ </proc/$PPID/stat
read -r _ _ _ _ group _ </proc/$script/stat
kill -KILL "-$group"
`

// DieWithRedis ends the Pod's Redis first.
const DieWithRedis = "kill -KILL $MAIN_PROCESS\n" + Die

// happened lets the others go on.
const happened = "\ntouch \"$reached/done\"\n"

// Intercept has something happen at a step. Where several such commands are sent at
// the same time, the others wait for it, and are not sent by a script that died.
func (i *Instance) Intercept(p *Process, step Step) (reached func() bool) {
	i.T.Helper()
	mark := filepath.Join(p.Dir, "reached")
	require.NoError(i.T, os.RemoveAll(mark))
	before, after := step.Before, step.After
	if after == "" {
		before += happened
	} else {
		after += happened
	}
	i.Write(filepath.Join(p.Dir, "redis-cli"), fmt.Sprintf(`#!/bin/sh
PATH=${PATH#*:} reached=%s
case "$*" in *' --user '*) where=6 ;; *) where=4 ;; esac # what comes before a command
send() {
	if [ $# -gt $where ]; then
		redis-cli "$@"
	elif [ -z "$marker" ]; then
		echo "$input" | redis-cli "$@"
	else
		converse
	fi
}
# A question on a line ends with a marker, which its last answer repeats.
converse() {
	echo "$input" >&7
	while read -r answer <&8; do
		echo "$answer"
		case $answer in "$marker" | 'Could not connect'*) break ;; esac
	done
}
intercept() {
	case "$* $input" in
	%s)
		if mkdir "$reached" 2>/dev/null; then
			: ; %s
			[ -e "$reached/dead" ] || send "$@"
			: ; %s
		else
			until [ -e "$reached/done" ]; do sleep 0.01; done
			[ -e "$reached/dead" ] || send "$@"
		fi ;;
	*) send "$@" ;;
	esac
}
input= marker=
[ $# -le $where ] || { intercept "$@"; exit; }
while read -r line && [ "$line" != QUIT ]; do
	input=$input${input:+
}$line
	case $line in "ECHO @"* | "PING @"[0-9]*) ;; *) continue ;; esac
	[ -n "$marker" ] || {
		pipes=$(mktemp -d)
		mkfifo "$pipes/in" "$pipes/out"
		exec 7<>"$pipes/in" 8<>"$pipes/out"
		rm -r "$pipes"
		redis-cli "$@" <&7 >&8 2>&8 &
	}
	marker=${line#* }
	answer=$(intercept "$@")
	echo "$answer"
	input=
done
[ -z "$marker" ] || { [ -z "$input" ] || echo "$input"; echo QUIT; } >&7
[ -n "$marker" ] || [ -z "$input" ] || intercept "$@"
`, mark, step.Command, before, after), 0o755)
	return func() bool {
		_, err := os.Stat(mark)
		return err == nil
	}
}
