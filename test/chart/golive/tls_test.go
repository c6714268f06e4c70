package golive

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/authority"
)

// TestTLS holds that a certificate counts that the tenant's CA has signed, and no other.
// A Redis with a port for TLS stands for the proxy.
func TestTLS(t *testing.T) {
	i := running(t, password)
	own := authority.New(t)
	proxy := i.NewProcess("proxy", 200)
	pair := own.Sign(2, proxy.IP, time.Now().Add(time.Hour))
	crt, key := filepath.Join(proxy.Dir, "tls.crt"), filepath.Join(proxy.Dir, "tls.key")
	i.Write(crt, pair.Certificate, 0o600)
	i.Write(key, pair.Key, 0o600)
	//nolint:gosec // G204: our own
	i.Run(proxy, exec.CommandContext(context.Background(), "redis-server", "--bind", proxy.IP, "--port", "0", "--tls-port", "6381",
		"--tls-cert-file", crt, "--tls-key-file", key, "--tls-auth-clients", "no", "--requirepass", password, "--save", ""))
	t.Setenv("REDIS_HOST", proxy.IP)
	t.Setenv("REDIS_TLS_PORT", "6381")
	for _, shell := range []string{"sh", "bash"} {
		t.Setenv("REDIS_TLS_CA", own.PEM())
		var output string
		i.Eventually(10*time.Second, func() string {
			var err error
			if output, err = tenant(t, i, password, shell); err != nil {
				return output
			}
			return ""
		})
		require.Contains(t, output, "ok      proxies: "+proxy.IP+" has a certificate of REDIS_TLS_CA")

		t.Setenv("REDIS_TLS_CA", authority.New(t).PEM())
		output, err := tenant(t, i, password, shell)
		require.Error(t, err)
		require.Contains(t, output, "FAILED  proxies: ")
		require.Contains(t, output, "certificate verify failed")
	}

	// Of those that are all that a tenant reaches, one without replicas.
	alone := func(ca string) (string, error) {
		return with(t, "", password, []string{"REDIS_HOST=" + proxy.IP, "REDIS_TLS_PORT=6381", "REDIS_TLS_READ_PORT=6381", "REDIS_TLS_CA=" + ca},
			[]string{"busybox", "sh", script, "tenant", "0", "1", "3", proxy.IP + ":1"})
	}
	output, err := alone(own.PEM())
	require.NoError(t, err, output)
	require.Contains(t, output, "ok      data: a key was written, replicated, read and removed\n")
	output, err = alone("")
	require.NoError(t, err, output)
	require.Contains(t, output, "skipped data: there are no ports without TLS, and no CA to look at those with it\n")
	require.Contains(t, output, "ok      policies: ")
	output, err = alone(authority.New(t).PEM())
	require.Error(t, err)
	require.Contains(t, output, "FAILED  connection: Could not connect")
}
