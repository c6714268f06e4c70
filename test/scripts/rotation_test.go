package scripts

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// Between the two steps of a rotation every Redis takes both passwords. A Pod that
// starts then has the new one only: it takes the old one, too, from clients and from
// the master, which started with that and is to hand over.
func TestRotationBesideNewPod(t *testing.T) {
	t.Parallel()
	i, old := parented(t, withPassword)
	former, next := i.Password, strings.Repeat("new", 8)
	for _, p := range i.Redis {
		i.Do(p, "ACL", "SETUSER", "default", ">"+next)
		i.Do(p, "CONFIG", "SET", "masterauth", next)
	}
	for _, s := range i.Sentinels {
		i.Tell(s, "SENTINEL", "SET", lab.MasterName, "auth-pass", next)
	}
	i.Password = next
	for _, p := range i.Redis {
		if p != old {
			p.Signal(syscall.SIGKILL)
			i.Restart(p)
		}
	}
	i.Settled(old)
	i.watched(old)
	i.Password = former
	for _, p := range i.Redis {
		i.Do(p, "PING") // as a client that has not heard of it
	}
	before := i.promotions()
	writers := i.writers()
	i.Stop(old)
	i.writersReturn(writers, i.Elected(old, lab.Detection), handOverGap, 0)
	require.Equal(t, before+1, i.promotions())
	for _, p := range i.Redis {
		require.NotContains(t, i.Logged(p), next)
		require.NotContains(t, i.Logged(p), former)
	}
}
