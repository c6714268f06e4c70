package scripts

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// A question on a line starts no program: there are none where it is asked. A Redis that is
// silent has no answer after a second, and is not told later what it has not been told by
// then. A line ends after half a minute, and the next question starts a program.
func TestLines(t *testing.T) {
	t.Parallel()
	script := `. "$1/sentinel.sh" && . "$1/lines.sh"
voters='' programs=$PATH
ask_redis "$2" 'PING first'
echo "without a line: $reply"
dial "$2"
ask_redis "$2" 'PING second'
PATH=/nowhere
ask_redis "$2" MULTI 'PING third' ROLE EXEC
echo "on a line:" $reply
PATH=$programs
kill -STOP "$3"
ask_redis "$2" 'PING fourth' 'SET told later'
echo "of a silent one: $? $reply"
kill -CONT "$3"
ask_redis "$2" 'PING fifth' 'EXISTS told'
echo "again:" $reply
dial "$2"
began=$lines
while [ -e "$began" ]; do sleep 1; done
ask_redis "$2" 'PING sixth'
echo "after half a minute: $reply"
hang_up
trap '' TERM
dial "$2"
kill -STOP "$3"
ask_redis "$2" 'PING seventh'
echo "of a script that ignores TERM: $?"
kill -CONT "$3"
hang_up
`
	inShells(t, withPassword, script, func(t *testing.T, output string) {
		t.Helper()
		require.Regexp(t, `^without a line: first
on a line: OK QUEUED QUEUED third master \d+ .*
of a silent one: 124 
again: fifth 0
after half a minute: sixth
of a script that ignores TERM: 124
$`, output)
	})
}

// Where there is no room for pipes, questions start programs.
func TestNoRoomForLines(t *testing.T) {
	t.Parallel()
	script := `. "$1/sentinel.sh" && . "$1/lines.sh"
voters=''
mkfifo() { false; }
dial "$2"
ask_redis "$2" 'PING answer'
echo "$reply, $lines"`
	inShells(t, func(*instance) {}, script, func(t *testing.T, output string) {
		t.Helper()
		require.Equal(t, "answer, \n", output)
	})
}

// inShells runs a script in each of the shells that images have, beside an instance of its own,
// with the scripts' folder, and the address and the process of the first Redis.
func inShells(t *testing.T, option func(*instance), script string, check func(t *testing.T, output string)) {
	t.Helper()
	for _, shell := range [][]string{{"sh"}, {"busybox", "sh"}, {"bash", "--posix"}} {
		t.Run(shell[0], func(t *testing.T) {
			t.Parallel()
			i := running(t, option)
			words := slices.Concat(shell, []string{"-c", script, "sh", filepath.Dir(lab.Script("lines.sh")), i.Redis[0].IP, i.Redis[0].PID()})
			output, err := i.Command(t.Context(), i.Redis[0], words...).CombinedOutput()
			require.NoError(t, err, "%s", output)
			check(t, string(output))
		})
	}
}
