package tenantredis

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestConnectionsDoNotKillASentinel holds that a Sentinel with the chart's command
// stays below its memory limit however many connect to it and ask it much, and
// goes on answering those whom it has taken.
func TestConnectionsDoNotKillASentinel(t *testing.T) {
	sentinel := failover(t, nil).Spec.Sentinel
	require.Equal(t, []string{"redis-server", "/redis/sentinel.conf"}, sentinel.Command[2:4])
	most, err := strconv.Atoi(argument(t, sentinel.Command, "--maxclients"))
	require.NoError(t, err)

	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	require.NoError(t, os.WriteFile(file, []byte("sentinel monitor mymaster 127.0.0.1 1 2\n"), 0o600))
	arguments := slices.Concat([]string{file}, sentinel.Command[4:], []string{"--port", port, "--bind", "127.0.0.1"})
	//nolint:gosec // G204: what the chart renders
	server := exec.CommandContext(t.Context(), "redis-server", arguments...)
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })

	const question = "SENTINEL MASTERS\r\nINFO\r\nSENTINEL MASTERS\r\n"
	connect := func() net.Conn {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return nil
		}
		t.Cleanup(func() { _ = connection.Close() })
		_, _ = connection.Write([]byte(question))
		return connection
	}
	var first net.Conn
	require.Eventually(t, func() bool { first = connect(); return first != nil }, 20*time.Second, 50*time.Millisecond)
	refused := 0
	for range most + 500 {
		connection := connect()
		require.NotNil(t, connection)
		_ = connection.SetReadDeadline(time.Now().Add(10 * time.Second))
		line, err := bufio.NewReader(connection).ReadString('\n')
		require.NoError(t, err)
		if strings.HasPrefix(line, "-ERR max number of clients reached") {
			refused++
		}
	}
	assert.GreaterOrEqual(t, refused, 500)

	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(server.Process.Pid), "status"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	require.True(t, found)
	kibibytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(t, err)
	limit := sentinel.Resources.Limits.Memory().Value()
	t.Logf("%d KiB of %d", kibibytes, limit>>10)
	// The rest is for its sockets, which count too, and the probes beside it.
	assert.Less(t, kibibytes<<10, limit*3/4)

	_ = first.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err = first.Write([]byte("PING\r\n"))
	require.NoError(t, err)
	answer := bufio.NewScanner(first)
	for answer.Scan() && answer.Text() != "+PONG" {
	}
	assert.Equal(t, "+PONG", answer.Text())
}
