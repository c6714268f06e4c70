package scripts

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestProbe holds that the probe's account of a way goes on as long as writes get through
// there, over a failover too, and stands still while they do not.
func TestProbe(t *testing.T) {
	t.Parallel()
	i := running(t, withPassword)
	master := i.Redis[0]
	secret := filepath.Join(i.Dir, "secret")
	require.NoError(t, os.Mkdir(secret, 0o755))
	login := func(password string) { i.Write(filepath.Join(secret, "REDIS_PASSWORD"), password, 0o600) }
	login(i.Password)
	// A proxy that knows one master for ever.
	account := i.probe(master, "SECRET="+secret, "REDIS_HOST="+master.IP, "REDIS_PORT="+lab.RedisPort)

	account.goesOn("sentinel", "proxy")
	require.Equal(t, "1", i.Do(master, "GET", "tenant-redis:probe"))

	i.Service.Backends.Store(&i.Redis) // of which none listens on this port
	account.standsStill("sentinel")
	account.goesOn("proxy")
	i.Service.Backends.Store(&i.Sentinels)
	account.goesOn("sentinel")

	login("another")
	account.standsStill("sentinel", "proxy")
	login(i.Password)
	account.goesOn("sentinel", "proxy")

	i.Settled(master)
	master.Crash()
	next := i.Elected(master, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
	account.goesOn("sentinel")
	account.standsStill("proxy")

	// Where clients reach the proxies alone, there is one way.
	alone := i.probe(next, "SECRET="+secret, "REDIS_HOST="+next.IP, "REDIS_PORT="+lab.RedisPort, "REDIS_SENTINEL_HOST=")
	alone.goesOn("proxy")
	require.Zero(t, alone.Exists(t.Context(), "sentinel").Val())
}

// account is what the probe keeps.
type account struct {
	*instance
	*redis.Client
}

// probe runs probe.sh until the test ends.
func (i *instance) probe(master *lab.Process, environment ...string) account {
	i.T.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(i.T, err)
	address := free.Addr().(*net.TCPAddr)
	require.NoError(i.T, free.Close())
	command := i.Command(i.T.Context(), master, i.Shell, lab.Script("probe.sh"))
	command.Env = append(command.Env, append([]string{
		fmt.Sprintf("ACCOUNT=%d", address.Port), "PAUSE=0.1",
		"REDIS_SENTINEL_HOST=" + i.Service.IP, "REDIS_SENTINEL_PORT=" + lab.SentinelPort, "REDIS_SENTINEL_MASTER=" + lab.MasterName,
	}, environment...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	require.NoError(i.T, command.Start())
	i.T.Cleanup(func() { _ = command.Wait() })
	client := redis.NewClient(&redis.Options{Addr: address.String()})
	i.T.Cleanup(func() { _ = client.Close() })
	return account{i, client}
}

// last is when a write was last acknowledged on a way.
func (a account) last(way string) time.Time {
	seconds, _ := strconv.ParseInt(a.Get(a.T.Context(), way).Val(), 10, 64)
	return time.Unix(seconds, 0)
}

// goesOn waits until writes of now are in the account.
func (a account) goesOn(ways ...string) {
	a.T.Helper()
	now := time.Now()
	for _, way := range ways {
		a.Eventually(10*time.Second, func() string {
			if last := a.last(way); !last.After(now) {
				return fmt.Sprintf("%s: the last write was at %s", way, last)
			}
			return ""
		})
	}
}

// standsStill waits until a way has had no write for a while.
func (a account) standsStill(ways ...string) {
	a.T.Helper()
	for _, way := range ways {
		a.Eventually(10*time.Second, func() string {
			if age := time.Since(a.last(way)); age < 4*time.Second {
				return fmt.Sprintf("%s: the last write was %s ago", way, age)
			}
			return ""
		})
	}
}
