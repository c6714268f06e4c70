package proxy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/authority"
	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// TestTLSExamples runs the clients that docs/clients.md shows, and holds that they do
// not connect to a proxy that another CA vouches for.
func TestTLSExamples(t *testing.T) {
	t.Parallel()
	own := authority.New(t)
	i := servingTLS(t, own, nil)
	program := filepath.Join(t.TempDir(), "client")
	//nolint:gosec // G204: our own
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, render.Repository+"/examples/tls").CombinedOutput()
	require.NoError(t, err, string(out))
	for name, command := range map[string][]string{
		"main.go": {program},
		"app.py":  {"/usr/bin/python3", render.Repository + "/examples/tls/app.py"},
	} {
		run := func(ca string) (string, error) {
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...) //nolint:gosec // G204: our own
			cmd.Env = append(os.Environ(), "REDIS_HOST="+i.proxy.IP, "REDIS_TLS_PORT="+tlsPort, "REDIS_PASSWORD="+i.Password, "REDIS_TLS_CA="+ca)
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		if answer, err := run(own.PEM()); strings.Contains(answer, "No module named 'redis'") {
			t.Log("redis-py is not here (apt-get install python3-redis): app.py was not run")
		} else {
			require.NoError(t, err, "%s: %s", name, answer)
			assert.Equal(t, "PONG\n", answer)
			answer, err = run(authority.New(t).PEM())
			require.Error(t, err)
			assert.Regexp(t, `(?i)certificate.*(verify|authority)`, answer, name)
		}

		source, err := os.ReadFile(filepath.Join(render.Repository, "examples", "tls", name))
		require.NoError(t, err)
		_, snippet, _ := strings.Cut(string(source), "snippet:begin\n")
		snippet, _, _ = strings.Cut(snippet, "snippet:end")
		snippet = strings.TrimRight(snippet, "/# \t\n")
		var lines []string
		for line := range strings.Lines(snippet) {
			lines = append(lines, strings.TrimPrefix(line, "\t"))
		}
		page, err := os.ReadFile(render.Repository + "/docs/clients.md")
		require.NoError(t, err)
		assert.Contains(t, string(page), "\n"+strings.Join(lines, "")+"\n```\n", name)
	}
}
