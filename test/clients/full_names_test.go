//go:build full

package clients

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// The Sentinels' name as REDIS_SENTINEL_HOST has it, with the cluster's domain, and with the
// dot after which nothing comes.
const (
	sentinels         = "rfs-team-a-cache.redis-system"
	sentinelsFull     = sentinels + ".svc.cluster.local"
	sentinelsAbsolute = sentinelsFull + "."
)

// TestNames holds what docs/for-tenants.md says of the Sentinels' name: who finds it as the
// ConfigMap has it, and who by another one alone. It takes root, musl-tools and nginx-light.
func TestNames(t *testing.T) {
	i := lab.New(t)
	resolver, address := i.Network+".53", i.Network+".20"
	lab.Resolver(t, resolver, func(name string) (string, bool) {
		if name == sentinelsAbsolute {
			return address, true
		}
		return "", strings.HasSuffix(name, ".example.com.") // a company's, which has all names, and no address
	}, 0)
	const cluster = "team-a.svc.cluster.local svc.cluster.local cluster.local"
	resolvConf := func(search string, ndots int) string {
		return fmt.Sprintf("search %s\nnameserver %s\noptions ndots:%d\n", search, resolver, ndots)
	}
	for _, test := range []struct {
		compiler, search string
		ndots            int
		finds            []string
	}{
		{"gcc", cluster, 5, []string{sentinels, sentinelsFull, sentinelsAbsolute}},
		{"gcc", cluster, 1, []string{sentinels, sentinelsFull, sentinelsAbsolute}},
		{"gcc", cluster + " example.com", 5, []string{sentinels, sentinelsFull, sentinelsAbsolute}},
		{"musl-gcc", cluster, 5, []string{sentinels, sentinelsFull, sentinelsAbsolute}},
		// A name with so many dots it asks for as it stands, and for no other.
		{"musl-gcc", cluster, 1, []string{sentinelsFull, sentinelsAbsolute}},
		// One with fewer it asks for in the search list first, as far as there is such a name.
		{"musl-gcc", cluster + " example.com", 5, []string{sentinels, sentinelsAbsolute}},
	} {
		t.Run(fmt.Sprintf("%s, search %s, ndots %d", test.compiler, test.search, test.ndots), func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "resolve")
			output, err := exec.CommandContext(t.Context(), test.compiler, "-o", program, "testdata/resolve.c").CombinedOutput() //nolint:gosec // G204: of the table
			require.NoError(t, err, "%s: apt-get install musl-tools", output)
			var found []string
			for _, name := range []string{sentinels, sentinelsFull, sentinelsAbsolute} {
				words := lab.Resolved(t, resolvConf(test.search, test.ndots), program, name)
				output, _ := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput() //nolint:gosec // G204: what has just been compiled
				t.Logf("%s: %s", name, output)
				if strings.TrimSpace(string(output)) == address {
					found = append(found, name)
				}
			}
			require.Equal(t, test.finds, found)
		})
	}
	t.Run("nginx", func(t *testing.T) {
		backend := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "found") }), ReadHeaderTimeout: time.Second}
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(address, lab.SentinelPort))
		require.NoError(t, err)
		go func() { _ = backend.Serve(listener) }()
		t.Cleanup(func() { _ = backend.Close() })
		own := net.JoinHostPort(i.Network+".21", "8080")
		conf := filepath.Join(i.Dir, "nginx.conf")
		i.Write(conf, fmt.Sprintf(`
daemon off;
master_process off;
user root;
pid %[1]s/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  server {
    listen %[2]s;
    resolver %[3]s;
    location /short { set $host_name %[4]s; proxy_pass http://$host_name:%[6]s; }
    location /full { set $host_name %[5]s; proxy_pass http://$host_name:%[6]s; }
  }
}
`, i.Dir, own, resolver, sentinels, sentinelsAbsolute, lab.SentinelPort), 0o600)
		words := lab.Resolved(t, resolvConf(cluster, 5), "nginx", "-e", "stderr", "-c", conf)
		nginx := exec.CommandContext(t.Context(), words[0], words[1:]...) //nolint:gosec // G204: its name and a file
		var log strings.Builder
		nginx.Stdout, nginx.Stderr = &log, &log
		require.NoError(t, nginx.Start(), "apt-get install nginx-light")
		t.Cleanup(func() {
			_ = nginx.Process.Kill()
			_ = nginx.Wait()
			t.Log(log.String())
		})
		for path, want := range map[string]int{"/full": http.StatusOK, "/short": http.StatusBadGateway} {
			var status int
			i.Eventually(5*time.Second, func() string {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+own+path, http.NoBody)
				require.NoError(t, err)
				answer, err := http.DefaultClient.Do(request)
				if err != nil {
					return err.Error()
				}
				_ = answer.Body.Close()
				status = answer.StatusCode
				return ""
			})
			require.Equal(t, want, status, path)
		}
	})
}
