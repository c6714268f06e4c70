//go:build bench

package proxy

import (
	"encoding/csv"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/authority"
	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestCost weighs a proxy of our own before it is written: redis-benchmark asks
// Redis directly, through HAProxy, and through a Go program that copies bytes and
// decides nothing, so that no proxy in Go can be quicker. A table in docs/design/proxy.md
// has the medians of the rounds:
//
//	go test -tags bench -run TestCost -v ./test/chart/proxy
func TestCost(t *testing.T) {
	const rounds = 5
	own := authority.New(t)
	i := servingTLS(t, own, nil)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	i.Write(ca, own.PEM(), 0o600)
	master, copied := net.JoinHostPort(i.Redis[0].IP, lab.RedisPort), net.JoinHostPort(i.Network+".201", writePort)
	lab.Listen(t, copied, func(client net.Conn) { lab.Forward(client, master) })
	ways := []struct {
		name, address string
		flags         []string
	}{
		{"direct", master, nil},
		{"HAProxy", net.JoinHostPort(i.proxy.IP, writePort), nil},
		{"HAProxy with TLS", net.JoinHostPort(i.proxy.IP, tlsPort), []string{"--tls", "--cacert", ca}},
		{"copied in Go", copied, nil},
	}
	for _, pipeline := range []int{1, 16} {
		rates, p99s := map[string][]float64{}, map[string][]float64{}
		for range rounds {
			for _, way := range ways {
				rate, p99 := i.benchmark(way.address, pipeline, way.flags...)
				rates[way.name], p99s[way.name] = append(rates[way.name], rate), append(p99s[way.name], p99)
			}
		}
		for _, way := range ways {
			t.Logf("| %s | %d | %.0f | %.0f %% | %.1f |", way.name, pipeline, median(rates[way.name]),
				100*median(rates[way.name])/median(rates["direct"]), median(p99s[way.name]))
		}
	}
}

// benchmark returns the requests in a second, and what 99 of 100 take at most, in
// milliseconds, of ten connections.
func (i *instance) benchmark(address string, pipeline int, flags ...string) (rate, p99 float64) {
	i.T.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(i.T, err)
	//nolint:gosec // G204: our own
	command := exec.CommandContext(i.T.Context(), "redis-benchmark", append(flags, "-h", host, "-p", port, "-a", i.Password, "-t", "set", "-d", "100", "-r", "1000",
		"-c", "10", "-P", strconv.Itoa(pipeline), "-n", strconv.Itoa(50_000*pipeline), "--csv")...)
	output, err := command.Output()
	require.NoError(i.T, err)
	rows, err := csv.NewReader(strings.NewReader(string(output))).ReadAll()
	require.NoError(i.T, err)
	// test, requests/s, then in ms: mean, least, p50, p95, p99, most
	figures := rows[len(rows)-1]
	require.Len(i.T, figures, 8)
	for at, into := range map[int]*float64{1: &rate, 6: &p99} {
		*into, err = strconv.ParseFloat(figures[at], 64)
		require.NoError(i.T, err)
	}
	return rate, p99
}

func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }
