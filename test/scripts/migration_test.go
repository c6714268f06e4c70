package scripts

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestMigration copies another Redis as the operator does for migrateFrom: first
// there are no Sentinels, and of their Service the Redis that were started then
// never learn. They must hand over all the same.
func TestMigration(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(*instance){"no password": func(*instance) {}, "password, busybox": withPassword} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			option(i)
			source := i.source("value")
			links := i.Links
			i.Links = nil
			for _, p := range i.Redis {
				i.copies(p, source)
			}
			restarted := i.Redis[1]
			restarted.Signal(syscall.SIGKILL)
			i.copies(restarted, source)
			i.Stop(i.Redis[2])
			require.NotContains(t, i.Logged(i.Redis[2]), "stop.sh", "a replica stops at once")
			i.copies(i.Redis[2], source)

			master := i.Redis[0]
			for _, s := range i.Sentinels {
				i.StartSentinel(s)
			}
			i.Do(master, "SLAVEOF", "NO", "ONE")
			for _, p := range i.Redis[1:] {
				i.Do(p, "SLAVEOF", master.IP, lab.RedisPort)
			}
			i.Monitor(master)
			i.Settled(master)

			writers := i.writers()
			i.Stop(master)
			elected := i.Elected(master, time.Second)
			require.Contains(t, i.Logged(master), "stop.sh: handed over to "+elected.IP)
			i.writersReturn(writers, elected, handOverGap, 0)
			require.Equal(t, "value", i.Do(elected, "GET", "key"))

			i.Links = links
			i.Restart(master)
			i.Settled(elected)
		})
	}
}

// source is a Redis of somebody else's that has a key.
func (i *instance) source(value string) *lab.Process {
	i.T.Helper()
	p := i.Pod(3, 4)
	i.Start(p)
	i.T.Cleanup(func() { p.Signal(syscall.SIGKILL) })
	i.Do(p, "SLAVEOF", "NO", "ONE")
	i.Do(p, "SET", "key", value)
	return p
}

// copies starts a Redis, which must wait for nothing and take no write, and
// points it at the source, as the operator's next pass does.
func (i *instance) copies(p, source *lab.Process) {
	i.T.Helper()
	i.Restart(p)
	i.waits(p, time.Second)
	client := i.Client(p, lab.RedisPort)
	defer func() { _ = client.Close() }()
	require.ErrorContains(i.T, client.Set(i.T.Context(), "key", "another", 0).Err(), "READONLY")
	i.Do(p, "SLAVEOF", source.IP, lab.RedisPort)
	i.reaches(p, 5*time.Second, lab.ReplicaOf(source))
}
