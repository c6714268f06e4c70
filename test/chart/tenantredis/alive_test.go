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
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// probed is a Redis or a Sentinel that a probe asks.
type probed struct {
	address string
	process *os.Process
}

// probedServer starts a server at a port of its own.
func probedServer(t *testing.T, arguments ...string) probed {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, port, _ := strings.Cut(address, ":")
	server := exec.CommandContext(t.Context(), "redis-server", slices.Concat(arguments, []string{"--port", port, "--bind", "127.0.0.1"})...)
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	require.Eventually(t, func() bool {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	}, 20*time.Second, 50*time.Millisecond)
	return probed{address, server.Process}
}

func (p probed) client(t *testing.T) *goredis.Client {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: p.address, MaxRetries: -1, ReadTimeout: 20 * time.Second, Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// useUp takes the only connection that the server has, until after the test. The one
// that probedServer has closed may be there for a moment still.
func (p probed) useUp(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		holder, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = holder.Close() })
		_, _ = holder.Write([]byte("PING\r\n"))
		answer, _ := bufio.NewReader(holder).ReadString('\n')
		return answer == "+PONG\r\n"
	}, 10*time.Second, 50*time.Millisecond)
}

// alive runs the chart's probe of a component with each shell that images have, at
// this address instead of the component's own.
func alive(t *testing.T, component, address string) bool {
	t.Helper()
	probe := components(t, nil)[component].CustomLivenessProbe
	require.NotNil(t, probe)
	require.Equal(t, []string{"/bin/sh", "-c"}, probe.Exec.Command[:2])
	_, port, _ := strings.Cut(address, ":")
	own := map[string]string{"redis": "-p 6379 ", "sentinel": "-p 26379 "}[component]
	script := strings.Replace(probe.Exec.Command[2], own, "-p "+port+" ", 1)
	require.NotEqual(t, probe.Exec.Command[2], script)
	var verdicts []bool
	for _, shell := range [][]string{{"dash"}, {"busybox", "sh"}} {
		began := time.Now()
		//nolint:gosec // G204: what the chart renders
		out, err := exec.CommandContext(t.Context(), shell[0], append(shell[1:], "-c", script)...).CombinedOutput()
		t.Logf("%s: %v %s", shell, err, out)
		verdicts = append(verdicts, err == nil)
		// On a busy machine a process may wait long for a core.
		assert.Less(t, time.Since(began), time.Duration(probe.TimeoutSeconds)*3*time.Second)
	}
	require.Equal(t, verdicts[0], verdicts[1])
	return verdicts[0]
}

// TestAliveAndDead holds the probes against real servers: only who does not
// answer is dead.
func TestAliveAndDead(t *testing.T) {
	t.Run("serving, with a password", func(t *testing.T) {
		t.Parallel()
		p := probedServer(t, "--requirepass", "a")
		assert.True(t, alive(t, "redis", p.address))
		client := goredis.NewClient(&goredis.Options{Addr: p.address, Password: "a"})
		defer func() { _ = client.Close() }()
		refused, err := client.Info(t.Context(), "errorstats").Result()
		require.NoError(t, err)
		assert.NotContains(t, refused, "NOAUTH", "RedisLoginsRefused counts these")
	})
	t.Run("loading", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		first := probedServer(t, "--dir", dir)
		for n := range 100 {
			require.NoError(t, first.client(t).Set(t.Context(), strconv.Itoa(n), strings.Repeat("v", 1<<16), 0).Err())
		}
		require.NoError(t, first.client(t).Save(t.Context()).Err())
		second := probedServer(t, "--dir", dir, "--key-load-delay", "1000000", "--loading-process-events-interval-bytes", "1024")
		err := second.client(t).Ping(t.Context()).Err()
		require.ErrorContains(t, err, "LOADING")
		assert.True(t, alive(t, "redis", second.address))
	})
	t.Run("replica of nobody", func(t *testing.T) {
		t.Parallel()
		p := probedServer(t, "--dir", t.TempDir(), "--replicaof", "127.0.0.1 1", "--replica-serve-stale-data", "no")
		assert.True(t, alive(t, "redis", p.address))
	})
	t.Run("replica that has yet to get its data", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		master := probedServer(t, "--dir", dir, "--rdb-key-save-delay", "1000000", "--repl-diskless-sync-delay", "0")
		for n := range 100 {
			require.NoError(t, master.client(t).Set(t.Context(), strconv.Itoa(n), n, 0).Err())
		}
		p := probedServer(t, "--dir", dir, "--replicaof", strings.Replace(master.address, ":", " ", 1))
		require.Eventually(t, func() bool {
			return strings.Contains(p.client(t).Info(t.Context(), "replication").Val(), "master_sync_in_progress:1")
		}, 10*time.Second, 50*time.Millisecond)
		assert.True(t, alive(t, "redis", p.address))
	})
	t.Run("without a connection left", func(t *testing.T) {
		t.Parallel()
		p := probedServer(t, "--maxclients", "1")
		p.useUp(t)
		assert.True(t, alive(t, "redis", p.address))
	})
	t.Run("busy with a script", func(t *testing.T) {
		t.Parallel()
		p := probedServer(t, "--busy-reply-threshold", "100")
		go func() { _ = p.client(t).Eval(t.Context(), "while true do end", nil).Err() }()
		require.Eventually(t, func() bool {
			err := p.client(t).Ping(t.Context()).Err()
			return err != nil && strings.HasPrefix(err.Error(), "BUSY")
		}, 10*time.Second, 100*time.Millisecond)
		assert.True(t, alive(t, "redis", p.address))
	})
	t.Run("hung", func(t *testing.T) {
		t.Parallel()
		p := probedServer(t)
		require.NoError(t, p.process.Signal(syscall.SIGSTOP))
		assert.False(t, alive(t, "redis", p.address))
	})
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		p := probedServer(t)
		require.NoError(t, p.process.Kill())
		require.Eventually(t, func() bool {
			_, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.address)
			return err != nil
		}, 10*time.Second, 50*time.Millisecond)
		assert.False(t, alive(t, "redis", p.address))
	})
	sentinel := func(t *testing.T) probed {
		t.Helper()
		file := filepath.Join(t.TempDir(), "sentinel.conf")
		require.NoError(t, os.WriteFile(file, []byte("sentinel monitor mymaster 127.0.0.1 1 2\n"), 0o600))
		return probedServer(t, file, "--sentinel", "--maxclients", "1")
	}
	t.Run("Sentinel without a connection left", func(t *testing.T) {
		t.Parallel()
		p := sentinel(t)
		p.useUp(t)
		assert.True(t, alive(t, "sentinel", p.address))
	})
	t.Run("hung Sentinel", func(t *testing.T) {
		t.Parallel()
		p := sentinel(t)
		require.NoError(t, p.process.Signal(syscall.SIGSTOP))
		assert.False(t, alive(t, "sentinel", p.address))
	})
}

// TestProbesArePatient holds that a server which is silent has a minute and a
// half.
func TestProbesArePatient(t *testing.T) {
	for name, c := range components(t, nil) {
		probe := c.CustomLivenessProbe
		assert.GreaterOrEqual(t, probe.PeriodSeconds*probe.FailureThreshold, int32(90), name)
		assert.EqualValues(t, 30, probe.InitialDelaySeconds, name)
	}
	spec := theFailover(t, flavoured("spotahome-1.2"), nil)["spec"].(map[string]any)
	for _, component := range []string{"redis", "sentinel"} {
		assert.NotContains(t, spec[component], "customLivenessProbe")
	}
}
