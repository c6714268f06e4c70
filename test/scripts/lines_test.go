package scripts

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// A question on a line starts no program: there are none where it is asked. A Redis that is
// silent has no answer after a second, and is not told later what it has not been told by
// then. One where nobody listens ends it at once. A line ends after half a minute, and the
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
of nobody: 124 
after half a minute: fifth
of a script that ignores TERM: 124
$`)
}

// What redis-cli says on a line is an answer, or tells that there is none: then the line ends.
func TestAnswersOnALine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ limit, says, heard string }{
		"an answer":                           {"1", `PONG\n@1\n`, "0 PONG"},
		"one in lines, of which one is empty": {"1", `a\n\nb\n@1\n`, "0 a\n\nb"},
		"after one that came too late":        {"1", `late\n@7\nPONG\n@1\n`, "0 PONG"},
		"with a tick":                         {"1", `@\nPONG\n@\n@1\n`, "0 PONG"},
		"with a tick in the middle":           {"1", `slave_repl_offset:12@\n3456\n@1\n`, "0 slave_repl_offset:123456"},
		"cut in the middle":                   {"0", `slave_repl_offset:12@\n@\n@\n`, "124 "},
		"to a user that a Sentinel has not":   {"1", `AUTH failed: WRONGPASS invalid username-password pair or user is disabled.\nPONG\n@1\n`, "0 PONG"},
		"without the password":                {"1", `NOAUTH Authentication required.\nNOAUTH Authentication required.\n`, "1 NOAUTH Authentication required."},
		"of one that is busy":                 {"1", `BUSY Redis is busy running a script.\n`, "1 BUSY Redis is busy running a script."},
		"of one without room":                 {"1", `AUTH failed: ERR max number of clients reached\nError: \n`, "1 AUTH failed: ERR max number of clients reached"},
		"of one that has hung up":             {"1", `OK\nError: Server closed the connection\nslave\n@1\n`, "124 OK"},
		"of nobody":                           {"1", `Could not connect to Redis at 10.0.0.9:6379: Connection refused\n`, "124 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEachShell(t, ownLine+`limit=$3
printf "$2" >&9
on_line 10.0.0.9 PING
outcome=$?
echo "$outcome $reply"
[ "$outcome" = 0 ] || [ -z "$(ls "$lines")" ] || echo "the line goes on"
rm -r "$lines"`, []string{test.says, test.limit}, func(t *testing.T, output string, err error) {
				t.Helper()
				require.NoError(t, err)
				require.Equal(t, test.heard+"\n", output)
			})
		})
	}
}

// ownLine is a line on which nobody answers but the test.
const ownLine = `lines=$(mktemp -d)
mkfifo "$lines/10.0.0.9" "$lines/10.0.0.9.says"
exec 8<>"$lines/10.0.0.9" 9<>"$lines/10.0.0.9.says"
`

// A question ends with its line at the latest, whatever its limit: all of a Pod may have been
// frozen while it was asked.
func TestQuestionEndsWithItsLine(t *testing.T) {
	t.Parallel()
	inEachShell(t, ownLine+`now=$lines.now
clock() { read -r clock <"$now"; }
echo 100 >"$now"
time_goes_by &
{ limit=1000 && on_line 10.0.0.9 PING; echo "$? $reply"; } &
until [ -p "$lines/10.0.0.9" ] && read -r asked <&8; do :; done
echo 5000 >"$now.new" && mv "$now.new" "$now"
while [ -e "$lines/10.0.0.9" ]; do sleep 0.01; done
echo 9000 >"$now.new" && mv "$now.new" "$now"
wait
rm "$now"
[ ! -e "$lines" ] || echo "the line goes on"`, nil, func(t *testing.T, output string, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, "124 \n", output)
	})
}

// A script that is killed with its container leaves its lines' folder in the Pod's memory, and
// the next container removes it, but no other Pod's.
func TestKilledScriptLeavesNoLines(t *testing.T) {
	t.Parallel()
	i := running(t)
	replica := i.Redis[1]
	left := func(p *lab.Process) string {
		folder := "/dev/shm/lines." + p.IP + ".killed"
		require.NoError(t, os.Mkdir(folder, 0o700))
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		return folder
	}
	own, others := left(replica), left(i.Redis[2])
	replica.Signal(syscall.SIGKILL)
	i.Restart(replica)
	i.reaches(replica, 5*time.Second, lab.ReplicaOf(i.Redis[0]))
	require.NoDirExists(t, own)
	require.DirExists(t, others)
}

// mostMemory is how much a line may take that is its own, in KiB, beside a Redis that may be
// full: it is some 2,300.
const mostMemory = 4096

func TestLineTakesLittleMemory(t *testing.T) {
	t.Parallel()
	i := running(t)
	output, err := i.runs(shells[0], `limit=10
dial "$2" && ask_redis "$2" PING && [ -p "$lines/$2" ] || exit
program=${dialled##* } # timeout, whose child is redis-cli
read -r child </proc/"$program"/task/"$program"/children
awk '/^Private_Dirty:/ { print $2 }' "/proc/${child% }/smaps_rollup"
hang_up`, i.Redis[0].IP)
	require.NoError(t, err, "%s", output)
	kibibytes, err := strconv.Atoi(strings.TrimSpace(output))
	require.NoError(t, err, "%s", output)
	t.Logf("a line takes %d KiB", kibibytes)
	require.Positive(t, kibibytes)
	require.Less(t, kibibytes, mostMemory)
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
