package scripts

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// Instances of other sizes do all that one of three and three does, and also with as few
// Sentinels as are a majority.
func TestSizes(t *testing.T) {
	for _, size := range []struct{ redis, sentinels int }{{3, 5}, {9, 7}} {
		t.Run(fmt.Sprintf("%d Redis, %d Sentinels", size.redis, size.sentinels), func(t *testing.T) {
			t.Parallel()
			i, old := parented(t, patient, func(i *instance) { i.Grow(size.redis, size.sentinels) })
			before := i.promotions()
			writers := i.writers()
			i.Stop(old)
			master := i.Elected(old, time.Second)
			i.writersReturn(writers, master, 2*handOverGap, 0)
			i.Restart(old)
			i.Settled(master)
			i.watched(master)
			majority := size.sentinels/2 + 1
			for _, s := range i.Sentinels[majority:] {
				s.Signal(syscall.SIGKILL)
			}
			i.Sentinels = i.Sentinels[:majority]
			i.Service.Backends.Store(&i.Sentinels)
			writers = i.writers()
			master.Crash()
			next := i.Elected(master, i.Detection)
			i.writersReturn(writers, next, lab.Detection+2500*time.Millisecond, 1)
			require.Positive(t, i.said(": replaced by "+next.IP), "no Pod has led")
			require.Equal(t, before+2, i.promotions())
		})
	}
}
