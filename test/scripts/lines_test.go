package scripts

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// A question on a line starts no program: there are none where it is asked. A Redis that is
// silent has no answer after a second, and what it answers later is none to the next question.
func TestLineStartsNoProgram(t *testing.T) {
	t.Parallel()
	i := running(t, withPassword)
	old := i.Redis[0]
	script := `. "$1/sentinel.sh" && . "$1/lines.sh"
voters='' programs=$PATH
ask_redis "$2" 'PING first'
echo "without a line: $reply"
dial "$2"
PATH=/nowhere
ask_redis "$2" 'PING second'
echo "on a line: $reply"
kill -STOP "$3"
ask_redis "$2" 'PING late'
echo "of a silent one: $? $reply"
kill -CONT "$3"
ask_redis "$2" MULTI 'PING third' ROLE EXEC
echo "again:" $reply
PATH=$programs
folder=$lines
hang_up
[ -e "$folder" ] || echo "hung up"
`
	for _, shell := range [][]string{{"sh"}, {"busybox", "sh"}, {"bash", "--posix"}} {
		words := slices.Concat(shell, []string{"-c", script, "sh", filepath.Dir(lab.Script("lines.sh")), old.IP, old.PID()})
		output, err := i.Command(t.Context(), old, words...).CombinedOutput()
		require.NoError(t, err, "%s: %s", shell, output)
		require.Regexp(t, `^without a line: first
on a line: second
of a silent one: 124 
again: OK QUEUED QUEUED third master \d+ .*
hung up
$`, string(output), "%s", shell)
	}
}
