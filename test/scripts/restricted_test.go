package scripts

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// While Sentinels are replaced, some take from strangers what the others refuse. They
// know each other all the same, and a Pod that logs in hands over to them. One that
// cannot log in yet does not while a majority refuses it, which is why the chart has each
// Redis know the password first.
func TestSentinelsAreRestrictedOneByOne(t *testing.T) {
	t.Parallel()
	for restricted := range 3 {
		t.Run(strconv.Itoa(1+restricted)+" of 3", func(t *testing.T) {
			t.Parallel()
			i := running(t, withPassword)
			i.Restrict()
			for _, s := range i.Sentinels[:1+restricted] {
				s.Signal(syscall.SIGKILL)
				require.NoError(t, os.Remove(filepath.Join(s.Dir, "sentinel.conf")), "a new Pod")
				i.StartSentinel(s)
				i.MonitorFrom(s, i.Redis[0])
			}
			old := i.Redis[0]
			i.Settled(old)
			writers := i.writers()
			i.Stop(old)
			master := i.Elected(old, time.Second)
			i.writersReturn(writers, master, handOverGap, 0)
			require.Equal(t, 1, i.promotions())
			// The Sentinels by themselves.
			i.Restart(old)
			i.Settled(master)
			master.Signal(syscall.SIGSTOP)
			i.Elected(master, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
		})
	}
}

// The control: without the password a Pod cannot lead.
func TestRestrictedSentinelsDoNotKnowThePod(t *testing.T) {
	t.Parallel()
	i := running(t, restricted)
	require.NoError(t, os.Remove(filepath.Join(i.Users, "sentinel-password")))
	require.Error(t, i.Hook(i.Redis[0], "4"))
	require.Zero(t, i.promotions())
}
