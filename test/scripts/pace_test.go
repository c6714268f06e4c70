package scripts

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// A Sentinel asks twice a second, also when its container has been started again.
func TestSentinelsAskTwiceASecond(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(*instance){
		"no password": func(*instance) {}, "restricted, busybox": func(i *instance) { withPassword(i); i.Restrict() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t, option)
			for _, s := range i.Sentinels {
				asksTwice(i, s)
			}
			i.Sentinels[0].Signal(syscall.SIGKILL)
			i.StartSentinel(i.Sentinels[0])
			asksTwice(i, i.Sentinels[0])
		})
	}
}

// asksTwice waits until a Sentinel does.
func asksTwice(i *instance, s *lab.Process) {
	i.T.Helper()
	client := i.Peer(s)
	defer func() { _ = client.Close() }()
	i.Eventually(10*time.Second, func() string {
		periods := redis.NewMapStringStringCmd(i.T.Context(), "SENTINEL", "DEBUG")
		_ = client.Process(i.T.Context(), periods)
		if periods.Val()["PING-PERIOD"] == "500" {
			return ""
		}
		return fmt.Sprint(s.IP, " says ", periods)
	})
}
