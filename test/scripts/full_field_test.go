//go:build full

package scripts

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// Each Redis is a replica, two of them of each other, and the Sentinels go on naming one
// as master, which answers: they find it out when it has said so for long enough, by
// themselves, without an operator.
func TestEveryRedisIsAReplica(t *testing.T) {
	for name, start := range map[string]func(*instance){
		"bare Redis": func(*instance) {},
		"in its Pod": func(i *instance) {
			for _, p := range i.Redis[1:] {
				i.Restart(p)
			}
			i.Settled(i.Redis[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			start(i)
			for n, master := range []int{1, 0, 1} {
				i.Do(i.Redis[n], "SLAVEOF", i.Redis[master].IP, lab.RedisPort)
			}
			begin := time.Now()
			i.Elected(nil, 90*time.Second)
			t.Logf("a master after %d ms", time.Since(begin).Milliseconds())
		})
	}
}

// All nodes lose their power, and the one that had the master and a Sentinel stays off.
// The others' containers start again with what they had.
func TestMasterStaysAwayAfterAPowerCut(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.Do(i.Redis[0], "SET", "key", "value")
	for _, p := range i.Redis {
		i.Do(p, "SAVE")
	}
	for _, p := range slices.Concat(i.Redis, i.Sentinels) {
		p.Signal(syscall.SIGKILL)
	}
	begin := time.Now()
	for n := 1; n < 3; n++ {
		i.StartSentinel(i.Sentinels[n])
		i.Restart(i.Redis[n])
	}
	away := i.Sentinels[0]
	i.Sentinels = i.Sentinels[1:]
	master := i.Elected(i.Redis[0], 30*time.Second)
	t.Logf("a master after %d ms", time.Since(begin).Milliseconds())
	i.Sentinels = append([]*lab.Process{away}, i.Sentinels...)
	require.Equal(t, "value", i.Do(master, "GET", "key"))
}
