//go:build full

package scripts

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

const (
	// exporterLimit is the container's memory in the chart.
	exporterLimit = 64 << 20
	// days of scrapes, one every 30 s as the chart's PodMonitors have it by default.
	days   = 4
	perDay = 24 * 60 * 2
)

var residentMemory = regexp.MustCompile(`(?m)^process_resident_memory_bytes (.*)$`)

// TestExporterMemory scrapes the exporter beside a Redis and a Sentinel as often as
// Prometheus does in four days, one scrape after the other, and measures its memory after
// each day's. What time alone does to it, this cannot tell:
//
//	go test -tags full -run TestExporterMemory -timeout 30m -v ./test/scripts
func TestExporterMemory(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "redis_exporter")
	output, err := exec.CommandContext(t.Context(), "go", "-C", "../../ci/sources/redis-exporter", "build", "-o", binary, "github.com/oliver006/redis_exporter").CombinedOutput()
	require.NoError(t, err, string(output))
	i := running(t)
	for component, server := range map[string]string{
		"Redis":    net.JoinHostPort(i.Redis[0].IP, lab.RedisPort),
		"Sentinel": net.JoinHostPort(i.Sentinels[0].IP, lab.SentinelPort),
	} {
		t.Run(component, func(t *testing.T) {
			host, _, _ := net.SplitHostPort(server)
			own := net.JoinHostPort(host, "9121")
			//nolint:gosec // G204: what has just been built
			exporter := exec.CommandContext(t.Context(), binary, "--redis.addr", "redis://"+server, "--web.listen-address", own)
			require.NoError(t, exporter.Start())
			t.Cleanup(func() { _ = exporter.Process.Kill(); _ = exporter.Wait() })
			require.Eventually(t, func() bool {
				connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", own)
				if err == nil {
					_ = connection.Close()
				}
				return err == nil
			}, 20*time.Second, 50*time.Millisecond)
			var memory []float64
			for n := range days * perDay {
				metrics := scrape(t, "http://"+own+"/metrics")
				if (n+1)%perDay == 0 {
					bytes, err := strconv.ParseFloat(residentMemory.FindStringSubmatch(metrics)[1], 64)
					require.NoError(t, err)
					memory = append(memory, bytes)
					t.Logf("after %d scrapes: %.1f MiB", n+1, bytes/(1<<20))
				}
			}
			require.Less(t, memory[days-1], float64(exporterLimit)/2)
			require.Less(t, memory[days-1]-memory[0], float64(4<<20))
		})
	}
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	metrics, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(metrics), "redis_up 1")
	return string(metrics)
}
