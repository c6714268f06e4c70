package proxy

import (
	"net/http"
	"regexp"
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

// TestMetricsOfALostMaster holds that what the dashboard shows of a proxy follows
// what it stands for, and why it shows no bytes: those of a connection that is
// still there are not counted.
func TestMetricsOfALostMaster(t *testing.T) {
	t.Parallel()
	i := serving(t)
	client := i.client(writePort).Conn()
	require.NoError(t, client.Ping(t.Context()).Err())
	i.shows(map[string]string{
		`haproxy_backend_active_servers{proxy="master"}`:          "1",
		`haproxy_frontend_current_sessions{proxy="write"}`:        "1",
		`haproxy_frontend_sessions_total{proxy="write"}`:          "1",
		`haproxy_frontend_bytes_in_total{proxy="write"}`:          "0",
		`haproxy_backend_check_up_down_total{proxy="master"}`:     "0",
		`haproxy_backend_connection_errors_total{proxy="master"}`: "0",
	})
	for _, p := range i.Redis {
		p.Signal(syscall.SIGSTOP)
	}
	i.shows(map[string]string{
		`haproxy_backend_active_servers{proxy="master"}`:      "0",
		`haproxy_frontend_current_sessions{proxy="write"}`:    "0",
		`haproxy_backend_check_up_down_total{proxy="master"}`: `[1-9]\d*`,
		// HAProxy does not count the sessions that it cuts.
		`haproxy_backend_server_aborts_total{proxy="master"}`: "0",
	})
	require.Error(t, i.client(writePort).Ping(t.Context()).Err())
	i.shows(map[string]string{
		`haproxy_frontend_sessions_total{proxy="write"}`:          `[2-9]\d*`,
		`haproxy_backend_connection_errors_total{proxy="master"}`: `[1-9]\d*`,
	})
}

// shows waits until the metrics have values that match.
func (i *instance) shows(values map[string]string) {
	i.T.Helper()
	i.Eventually(5*time.Second, func() string {
		_, metrics := i.get("/metrics")
		for metric, value := range values {
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(metric) + ` ` + value + `$`).MatchString(metrics) {
				return metric + " is not " + value
			}
		}
		return ""
	})
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
