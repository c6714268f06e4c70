package scripts

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// parented makes an instance of which start.sh has started every Redis, and returns
// its master.
func parented(t *testing.T, options ...func(*instance)) (*instance, *lab.Process) {
	t.Helper()
	i := running(t, options...)
	for _, p := range i.Redis[1:] {
		p.Signal(syscall.SIGKILL)
		i.Restart(p, "--enable-debug-command", "yes")
	}
	i.Settled(i.Redis[0])
	i.Stop(i.Redis[0])
	master := i.Elected(i.Redis[0], time.Second)
	i.Restart(i.Redis[0], "--enable-debug-command", "yes")
	i.Settled(master)
	i.watched(master)
	return i, master
}

// watched waits until every Pod listens: to its own Redis and to the master, where
// each Sentinel does, too, and to one Sentinel.
func (i *instance) watched(master *lab.Process) {
	i.T.Helper()
	for _, p := range i.Redis {
		want := len(i.Sentinels) + 1
		if p == master {
			want += len(i.Redis)
		}
		i.listens(p, want)
	}
	i.Eventually(10*time.Second, func() string {
		listeners := 0
		for _, s := range i.Sentinels {
			listeners += strings.Count(fmt.Sprint(i.Tell(s, "CLIENT", "LIST", "TYPE", "pubsub")), "id=")
		}
		if listeners != len(i.Redis) {
			return fmt.Sprintf("%d listen to Sentinels", listeners)
		}
		return ""
	})
}

// listens waits until so many listen to a Redis.
func (i *instance) listens(p *lab.Process, want int) {
	i.T.Helper()
	i.Eventually(10*time.Second, func() string {
		if n := strings.Count(fmt.Sprint(i.Do(p, "CLIENT", "LIST", "TYPE", "pubsub")), "id="); n != want {
			return fmt.Sprintf("%s has %d listeners, not %d", p.IP, n, want)
		}
		return ""
	})
}

// A master that ends although nobody has told it to is replaced before its container
// is started again.
func TestCrashedMasterIsReplaced(t *testing.T) {
	for name, option := range map[string]func(*instance){"no password": func(*instance) {}, "password, busybox": withPassword, "restricted": restricted} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, old := parented(t, patient, option)
			for range 2 {
				before := i.promotions()
				writers := i.writers()
				require.Equal(t, 128+int(syscall.SIGKILL), old.Crash())
				master := i.Elected(old, time.Second)
				i.writersReturn(writers, master, i.Detection/lab.Slack, 1)
				require.Positive(t, i.said(": replaced by "+master.IP), "no Pod has led")
				require.Equal(t, before+1, i.promotions())
				for _, s := range i.Sentinels {
					require.NotContains(t, i.Logged(s), "+elected-leader")
				}
				i.Restart(old)
				i.Settled(master)
				old = master
			}
		})
	}
}

// A script that comes to its vote while the Sentinels elect one of them: either wins, and the
// other promotes nobody.
func TestCrashedMasterAtTheElection(t *testing.T) {
	for n := range 5 {
		late := lab.Detection - 200*time.Millisecond + time.Duration(n)*100*time.Millisecond
		t.Run(late.String(), func(t *testing.T) {
			t.Parallel()
			i, old := parented(t)
			before := i.promotions()
			for _, p := range i.Redis {
				if p != old {
					p.Beside(syscall.SIGKILL)
				}
			}
			writers := i.writers()
			script, err := strconv.Atoi(old.PID())
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(script, syscall.SIGSTOP))
			old.Single(syscall.SIGKILL)
			time.Sleep(late) // for which the script is frozen
			require.NoError(t, syscall.Kill(script, syscall.SIGCONT))
			old.Wait()
			require.Regexp(t, "start.sh: (replaced by|not replaced yet: (another leader has votes|a Sentinel has voted for another leader|a Sentinel is failing over))", i.Logged(old))
			i.writersReturn(writers, i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout()), lab.Detection+2500*time.Millisecond, 1)
			require.Equal(t, before+1, i.promotions())
		})
	}
}

// What a script is told of the time that a Sentinel leaves holds: the Sentinel considers the
// master down then. It waits from its first PING without an answer on, not from the last
// answer, which may be a second older.
func TestTimeLeft(t *testing.T) {
	for name, fault := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "frozen": syscall.SIGSTOP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			old, s := i.Redis[0], i.Sentinels[0]
			i.masterIsSaid(s, "last-ok-ping-reply", 800)
			old.Signal(fault)
			i.masterIsSaid(s, "last-ping-sent", 1)
			asked := time.Now()
			script := `. "$1/sentinel.sh" && old=$2 leader=none && ask "$3"`
			output, err := i.Command(t.Context(), i.Redis[1], "sh", "-c", script, "sh", filepath.Dir(lab.Script("sentinel.sh")), old.IP, s.IP+":"+lab.SentinelPort).Output()
			require.NoError(t, err)
			view := regexp.MustCompile(`(?m)^view .* (-?\d+) \d+$`).FindStringSubmatch(string(output))
			require.NotNil(t, view, "%s", output)
			left, err := strconv.Atoi(view[1])
			require.NoError(t, err)
			missed := i.missed(s, old).Sub(asked)
			t.Logf("left %d ms, and considered down after %s", left, missed)
			require.InDelta(t, left, missed.Milliseconds(), 500)
		})
	}
}

// masterIsSaid waits until a Sentinel says so many milliseconds of the master.
func (i *instance) masterIsSaid(s *lab.Process, what string, least int) {
	i.T.Helper()
	i.Eventually(5*time.Second, func() string {
		said := i.Tell(s, "SENTINEL", "MASTER", lab.MasterName).(map[any]any)[what]
		if n, err := strconv.Atoi(fmt.Sprint(said)); err != nil || n < least {
			return fmt.Sprintf("%s is %v ms", what, said)
		}
		return ""
	})
}

// missed waits until a Sentinel considers a master down, and returns when that was.
func (i *instance) missed(s, master *lab.Process) time.Time {
	i.T.Helper()
	var at time.Time
	i.Eventually(2*i.Detection, func() string {
		for line := range strings.Lines(i.Logged(s)) {
			if strings.Contains(line, "+sdown master "+lab.MasterName+" "+master.IP) {
				at = time.Now()
				return ""
			}
		}
		return "the Sentinel does not miss the master"
	})
	return at
}

// Where a Sentinel cannot vote, a script stands back if as many as a vote takes are about to
// consider the master down, by how many milliseconds each says that it waits still.
func TestInTime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		left   [3]int
		votes  int // the epoch of the last vote
		tilted int // how many are in TILT mode, of the first ones
		all    bool
		inTime bool
	}{
		{left: [3]int{-20, -20, -20}, all: true, inTime: true},
		{left: [3]int{1900, 1500, 1700}, inTime: true},
		{left: [3]int{1900, 1500, 50}, inTime: true}, // one alone elects nobody
		{left: [3]int{1900, -20, 50}},
		{left: [3]int{-20, -20, -20}},
		{left: [3]int{-9000, -20, 1900}},
		{left: [3]int{-9000, -8000, -20}, inTime: true}, // they had their time
		{left: [3]int{-20, -20, -20}, votes: 1, inTime: true},
		{left: [3]int{-20, -20, -20}, tilted: 1},
		{left: [3]int{-20, -20, -20}, tilted: 2, inTime: true}, // they elect nobody
	} {
		t.Run(fmt.Sprint(test.left, test.votes, test.tilted, test.all), func(t *testing.T) {
			t.Parallel()
			var views strings.Builder
			for n, left := range test.left {
				flags := "master"
				if n < test.tilted {
					flags += ",tilt"
				}
				fmt.Fprintf(&views, "10.0.0.%d:27379 0 10.0.0.9 2 %s %d 0\n", n, flags, left)
			}
			missing := "1"
			if test.all {
				missing = "0"
			}
			inEachShell(t, `old=10.0.0.9 needed=2 missing=$2 newest=0 highest=$3 views=$4
clock
looked=$clock
in_time`, []string{missing, strconv.Itoa(test.votes), views.String()}, func(t *testing.T, output string, err error) {
				t.Helper()
				require.Empty(t, output)
				require.Equal(t, test.inTime, err == nil)
			})
		})
	}
}

// How long a replica's Pod leaves it to start.sh.
func TestGrace(t *testing.T) {
	t.Parallel()
	inEachShell(t, `for answer in 0 2 5 9 20 99; do grace "$answer"; done`, nil, func(t *testing.T, output string, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, []string{"0.4", "0.4", "0.4", "0.7", "1.6", "2.0"}, strings.Fields(output))
	})
}

// A replica that ends concerns nobody, and a Redis that does not start ends as it does
// without a script.
func TestCrashOfOthers(t *testing.T) {
	t.Parallel()
	i, master := parented(t)
	replica := i.Redis[0]
	before := i.promotions()
	require.Equal(t, 128+int(syscall.SIGKILL), replica.Crash())
	i.Restart(replica, "--nonsense")
	require.Equal(t, 1, replica.Wait())
	require.Contains(t, i.Logged(replica), "start.sh: redis-server has ended with 1,")
	require.Equal(t, before, i.promotions())
	require.Equal(t, "master", i.Role(master))
}

// What Kubernetes tells the script, it tells Redis at once, which saves what it has
// and whose status is the container's.
func TestRedisIsToldToEnd(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(*instance){"no password": func(*instance) {}, "password, busybox": withPassword} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, master := parented(t, option)
			i.Do(master, "SET", "key", "value")
			children, err := os.ReadFile("/proc/" + master.PID() + "/task/" + master.PID() + "/children")
			require.NoError(t, err)
			require.Len(t, strings.Fields(string(children)), 2, "Redis and the watcher are the only children, none is a zombie")
			begin := time.Now()
			master.Signal(syscall.SIGTERM)
			require.Less(t, time.Since(begin), lab.Slack*time.Second)
			require.Zero(t, master.Wait())
			log := i.Logged(master)
			require.Contains(t, log, "DB saved on disk")
			require.NotContains(t, log, "has ended with")
		})
	}
}
