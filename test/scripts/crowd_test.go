package scripts

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// places is how many connections the Sentinels of this test take, of which the chart's take 2000.
const places = 100

// crowded has Sentinels with few places.
func crowded(i *instance) {
	for _, s := range i.Sentinels {
		i.Write(filepath.Join(s.Dir, "sentinel.conf"), fmt.Sprintf("maxclients %d\nsentinel monitor mymaster 127.0.0.1 %s 2\n", places, lab.RedisPort), 0o600)
	}
}

// Whoever reaches the Sentinels may take all their places, for which they ask for no password. What
// is connected stays so: they agree as before and replace a master that is lost. Nobody new finds
// the master, and a Pod that is told to end cannot hand over: it serves until its time is up, and
// then is replaced as one that is lost.
func TestCrowdedSentinels(t *testing.T) {
	t.Parallel()
	i, master := parented(t, crowded)
	var crowd []net.Conn
	for _, s := range i.Sentinels {
		for range places {
			connection, err := net.DialTimeout("tcp", net.JoinHostPort(s.IP, lab.SentinelPort), time.Second)
			require.NoError(t, err)
			t.Cleanup(func() { _ = connection.Close() })
			crowd = append(crowd, connection)
		}
		another, err := net.DialTimeout("tcp", net.JoinHostPort(s.IP, lab.SentinelPort), time.Second)
		require.NoError(t, err)
		answer, _ := bufio.NewReader(another).ReadString('\n')
		require.Contains(t, answer, "max number of clients reached")
		require.NoError(t, another.Close())
	}
	require.Error(t, i.Hook(master, "3"))
	require.Contains(t, i.Logged(master), "stop.sh: not handed over within 3 s: no Sentinel names this Pod")
	require.Equal(t, "master", i.Role(master))

	begin := time.Now()
	master.Signal(syscall.SIGKILL)
	var next *lab.Process
	i.Eventually(lab.Detection+2500*time.Millisecond+i.ElectionTimeout(), func() string {
		at := slices.IndexFunc(i.Redis, func(p *lab.Process) bool { return p != master && i.Role(p) == "master" })
		if at < 0 {
			return "no other is master"
		}
		next = i.Redis[at]
		return ""
	})
	t.Logf("another one is master after %d ms", time.Since(begin).Milliseconds())
	for _, connection := range crowd {
		require.NoError(t, connection.Close())
	}
	i.Restart(master)
	i.Settled(next)
}
