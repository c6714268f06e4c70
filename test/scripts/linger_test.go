package scripts

import (
	"fmt"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// A server that is told to end answers for some seconds, and then ends as it would without
// linger.sh.
func TestServerLingers(t *testing.T) {
	t.Parallel()
	for _, shell := range [][]string{{"sh"}, {"busybox", "sh"}, {"bash", "--posix"}} {
		t.Run(fmt.Sprint(shell), func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			p := i.Redis[0]
			start := func() (pid int) {
				i.Run(p, i.Command(t.Context(), p, slices.Concat(shell, []string{lab.Script("linger.sh")}, i.Server(p))...))
				i.Do(p, "PING")
				pid, err := strconv.Atoi(p.PID())
				require.NoError(t, err)
				return pid
			}
			script := start()
			told := time.Now()
			require.NoError(t, syscall.Kill(script, syscall.SIGTERM))
			var answered time.Duration
			i.Eventually(10*time.Second, func() string {
				client := i.Client(p, lab.RedisPort)
				defer func() { _ = client.Close() }()
				if client.Ping(t.Context()).Err() != nil {
					return ""
				}
				answered = time.Since(told)
				return "it still serves"
			})
			require.Zero(t, p.Wait())
			require.Greater(t, answered, time.Second)

			start()
			require.Equal(t, 128+int(syscall.SIGKILL), p.Crash())
		})
	}
}
