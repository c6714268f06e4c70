package scripts

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// crashGap is what a Redis that ends by itself may cost: 0.45 s on a machine that is
// not very busy, eight times that on one that is. The Sentinels alone need Detection
// and a second, and are not to act.
const crashGap = time.Second

// parented makes an instance of which start.sh has started every Redis, and returns
// its master.
func parented(t *testing.T, options ...func(*instance)) (*instance, *lab.Process) {
	t.Helper()
	i := running(t, options...)
	for _, p := range i.Redis[1:] {
		p.Signal(syscall.SIGKILL)
		i.Restart(p)
	}
	i.Settled(i.Redis[0])
	i.Stop(i.Redis[0])
	master := i.Elected(i.Redis[0], time.Second)
	i.Restart(i.Redis[0])
	i.Settled(master)
	return i, master
}

// A master that ends although nobody has told it to is replaced before its container
// is started again.
func TestCrashedMasterIsReplaced(t *testing.T) {
	for name, option := range map[string]func(*instance){"no password": func(*instance) {}, "password, busybox": withPassword} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, old := parented(t, option)
			for range 2 {
				before := i.promotions()
				writers := i.writers()
				require.Equal(t, 128+int(syscall.SIGKILL), old.Crash())
				master := i.Elected(old, time.Second)
				i.writersReturn(writers, master, crashGap, 1)
				require.Contains(t, i.Logged(old), "start.sh: replaced by "+master.IP)
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
	for name, option := range map[string]func(*instance){"no password": func(*instance) {}, "password, busybox": withPassword} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, master := parented(t, option)
			i.Do(master, "SET", "key", "value")
			status, err := os.ReadFile("/proc/" + master.PID() + "/task/" + master.PID() + "/children")
			require.NoError(t, err)
			require.Len(t, strings.Fields(string(status)), 1, "Redis is the only child, none is a zombie")
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
