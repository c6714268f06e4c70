package users

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestLoopingScript holds what a tenant's script that never ends costs the instance: the
// Sentinels replace the master as one that is frozen. They end a script that has written
// nothing; one that has, only the end of its Redis does, which the new master's Pod sees to.
func TestLoopingScript(t *testing.T) {
	for name, writes := range map[string]string{"only reads": "", "has written": "redis.call('SET', 'key', '1') "} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, old := served(t)
			begin := time.Now()
			require.Error(t, i.as(old, password).Eval(t.Context(), writes+"while true do end", nil).Err(), "it times out")
			master := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
			i.Eventually(10*time.Second, func() string {
				if err := i.as(master, password).Set(t.Context(), "key", 2, 0).Err(); err != nil {
					return err.Error()
				}
				return ""
			})
			t.Logf("another master takes writes after %d ms", time.Since(begin).Milliseconds())
			i.Rejoins(old, master, i.arguments...)
			i.Settled(master)
			t.Logf("the old one follows after %d ms", time.Since(begin).Milliseconds())
		})
	}
}
