package golive

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestSlowDNS holds that what a DNS does is not taken for a refusal: one that takes
// longer than a question to Redis, and one that never answers.
func TestSlowDNS(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("takes root, for a resolver's port and a resolv.conf")
	}
	i := running(t, password)
	target := "rfr-cache.redis-system:" + lab.RedisPort
	for name, tt := range map[string]struct {
		delay time.Duration
		seen  string
	}{
		"slow":   {2500 * time.Millisecond, "NOAUTH"},
		"silent": {time.Hour, "rfr-cache.redis-system does not resolve"},
	} {
		t.Run(name, func(t *testing.T) {
			resolver := i.Network + ".53"
			if name == "silent" {
				resolver = i.Network + ".54"
			}
			lab.Resolver(t, resolver, func(string) (string, bool) { return i.Redis[0].IP, true }, tt.delay)
			words := lab.Resolved(t, "nameserver "+resolver+"\noptions timeout:30 attempts:1\n", "sh", script, "stranger", target)
			//nolint:gosec // G204: the script with a resolv.conf of its own
			output, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput()
			assertFails(t, string(output), err, map[string]string{"policies": tt.seen})
		})
	}
}
