package proxy

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestProbes holds that a proxy without a master is alive, but not ready.
func TestProbes(t *testing.T) {
	t.Parallel()
	i := serving(t)
	i.Redis[0].Signal(syscall.SIGSTOP)
	i.Redis[1].Signal(syscall.SIGSTOP)
	i.Redis[2].Signal(syscall.SIGSTOP)
	i.Eventually(5*time.Second, func() string {
		if status, _ := i.get("/ready"); status != http.StatusServiceUnavailable {
			return http.StatusText(status)
		}
		return ""
	})
	status, _ := i.get("/alive")
	require.Equal(t, http.StatusOK, status)
	status, _ = i.get("/")
	require.Equal(t, http.StatusForbidden, status)
}

// TestMetrics holds that the password is in no metric.
func TestMetrics(t *testing.T) {
	t.Parallel()
	i := serving(t)
	status, metrics := i.get("/metrics")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, metrics, `haproxy_server_status{proxy="master",server="master",state="UP"} 1`)
	require.NotContains(t, metrics, password)
	require.NotContains(t, i.Logged(i.proxy), password)
}

// TestWrongPassword is the control of all the others.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	i := running(t)
	right := i.Password
	i.Password = "wrong"
	i.start(nil)
	i.Password = right
	i.Eventually(5*time.Second, func() string {
		if status, _ := i.get("/alive"); status != http.StatusOK {
			return http.StatusText(status)
		}
		return ""
	})
	require.Never(t, func() bool {
		status, _ := i.get("/ready")
		return status == http.StatusOK
	}, 3*time.Second, 100*time.Millisecond)
}

// TestEnd holds that a proxy that is told to end lets its clients go.
func TestEnd(t *testing.T) {
	t.Parallel()
	i := serving(t)
	client := i.client(writePort)
	require.NoError(t, client.Ping(t.Context()).Err())
	i.proxy.Signal(syscall.SIGUSR1)
	require.Error(t, client.Ping(t.Context()).Err())
}
