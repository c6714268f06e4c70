package scripts

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestFullRestart holds what comes back after all Redis have crashed at once: of a
// cache nothing, neither what a replica was once sent nor what a client has had
// saved; of sessions what was saved last. What was deleted since is what a file
// that is left behind brings back.
func TestFullRestart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arguments []string
		keys      int64
	}{
		"cache": {[]string{"--save", "", "--rdb-del-sync-files", "yes"}, 0},
		// The control, too: without the one setting a cache would do the same.
		"sessions": {[]string{"--save", "60", "1000"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			for _, p := range i.Redis {
				i.Restart(p, test.arguments...)
			}
			for _, s := range i.Sentinels {
				i.StartSentinel(s)
			}
			master := i.Redis[0]
			i.Do(master, "SLAVEOF", "NO", "ONE")
			i.Do(master, "SET", "deleted", "later")
			for _, p := range i.Redis[1:] {
				i.Do(p, "SLAVEOF", master.IP, lab.RedisPort)
			}
			i.Monitor(master)
			i.Settled(master)
			// What a client may do.
			i.Do(master, "SAVE")
			i.Do(master, "DEL", "deleted")
			i.Eventually(5*time.Second, func() string {
				for _, p := range i.Redis {
					if i.Do(p, "DBSIZE") != int64(0) {
						return p.IP + " still has the key"
					}
				}
				return ""
			})
			for _, p := range i.Redis[1:] {
				_, err := os.Stat(filepath.Join(p.Dir, "data", "dump.rdb"))
				require.Equal(t, test.keys == 0, os.IsNotExist(err), p.IP)
			}

			for _, p := range i.Redis {
				p.Signal(syscall.SIGKILL)
			}
			for _, p := range i.Redis {
				i.Restart(p, test.arguments...)
			}
			for _, p := range i.Redis {
				require.Equal(t, test.keys, i.Do(p, "DBSIZE"), p.IP)
			}
		})
	}
}
