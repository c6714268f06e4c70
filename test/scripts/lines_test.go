package scripts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A question on a line starts no program: there are none where it is asked. A Redis that is
// silent has no answer after a second, and is not told later what it has not been told by
// then. One where nobody listens says so at once. A line ends after half a minute, and the
// next question starts a program.
func TestLines(t *testing.T) {
	t.Parallel()
	// What starts a program has longer than a second, for a busy machine.
	beside(t, withPassword, `programs=$PATH limit=10
dials() { until dial "$1" && ask_redis "$1" PING; do :; done; }
ask_redis "$2" 'PING first'
echo "without a line: $reply"
dials "$2"
PATH=/nowhere
ask_redis "$2" MULTI 'PING second' ROLE EXEC
echo "on a line:" $reply
PATH=$programs
kill -STOP "$3"
limit=1
ask_redis "$2" 'PING third' 'SET told later'
echo "of a silent one: $? $reply"
kill -CONT "$3"
limit=10
ask_redis "$2" 'PING fourth' 'EXISTS told'
echo "again:" $reply
dial 127.0.0.9
ask_redis 127.0.0.9 'PING nobody'
echo "of nobody: $? $reply"
dials "$2"
began=$lines
while [ -e "$began" ]; do sleep 1; done
ask_redis "$2" 'PING fifth'
echo "after half a minute: $reply"
trap '' TERM
dials "$2"
kill -STOP "$3"
limit=1
ask_redis "$2" 'PING sixth'
echo "of a script that ignores TERM: $?"
kill -CONT "$3"
hang_up
`, `^without a line: first
on a line: OK QUEUED QUEUED second master \d+ .*
of a silent one: 124 
again: fourth 0
of nobody: 1 
after half a minute: fifth
of a script that ignores TERM: 124
$`)
}

// Where there is no room for pipes, questions start programs.
func TestNoRoomForLines(t *testing.T) {
	t.Parallel()
	beside(t, func(*instance) {}, `limit=10
mkfifo() { false; }
dial "$2"
ask_redis "$2" 'PING answer'
echo "$reply, $lines"`, "^answer, \n$")
}

// beside runs lines of shell in each of the shells beside an instance of its own, with the address
// and the process of its first Redis, and holds that they print what matches.
func beside(t *testing.T, option func(*instance), script, prints string) {
	t.Helper()
	for _, shell := range shells {
		t.Run(shell[0], func(t *testing.T) {
			t.Parallel()
			i := running(t, option)
			output, err := i.runs(shell, script, i.Redis[0].IP, i.Redis[0].PID())
			require.NoError(t, err, "%s", output)
			require.Regexp(t, prints, output)
		})
	}
}
