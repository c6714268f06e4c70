package golive

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
	"github.com/tenant-redis/tenant-redis/test/lab"
)

// lead runs a HAProxy, with the names and ports of the chart's, that leads writes and
// reads to the given Redis.
func lead(t *testing.T, i *lab.Instance, address int, write, read *lab.Process) *lab.Process {
	t.Helper()
	p := i.NewProcess(fmt.Sprintf("proxy-%d", address), address)
	config := filepath.Join(p.Dir, "haproxy.cfg")
	i.Write(config, fmt.Sprintf(`
defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend write
    bind %[1]s:6379
    default_backend master
frontend read
    bind %[1]s:6380
    default_backend replicas
backend master
    server master %[2]s:%[4]s
backend replicas
    server replica1 %[3]s:%[4]s
frontend metrics
    bind %[1]s:8404
    mode http
    http-request use-service prometheus-exporter if { path /metrics }
`, p.IP, write.IP, read.IP, lab.RedisPort), 0o600)
	path, err := exec.LookPath("haproxy")
	require.NoError(t, err, "apt-get install haproxy")
	i.Run(p, exec.CommandContext(context.Background(), path, "-db", "-f", config))
	t.Cleanup(func() { p.Signal(syscall.SIGKILL) })
	i.Eventually(5*time.Second, func() string {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.IP+":8404")
		if err != nil {
			return err.Error()
		}
		_ = connection.Close()
		return ""
	})
	return p
}

// behindProxies is a healthy instance with these proxies.
func behindProxies(t *testing.T, i *lab.Instance, proxies ...*lab.Process) *world {
	t.Helper()
	w := healthy(t, i)
	w.protect(reach.Proxy)
	w.proxiesAsked = int32(len(proxies)) //nolint:gosec // G115: two
	w.connection.Data["REDIS_HOST"], w.connection.Data["REDIS_PORT"], w.connection.Data["REDIS_READ_PORT"] = "sessions-proxy.redis-system", "6379", "6380"
	for n, p := range proxies {
		made := pod(t, reach.Proxy, p, n, "6379")
		made.Spec.Containers = []corev1.Container{container("haproxy", writePort, 6379)}
		made.Spec.Containers[0].Ports = append(made.Spec.Containers[0].Ports,
			corev1.ContainerPort{Name: readPort, ContainerPort: 6380}, corev1.ContainerPort{Name: metricsPort, ContainerPort: 8404})
		w.proxies = append(w.proxies, made)
	}
	return w
}

// TestProxies spoils a proxy, or what Kubernetes knows of it, one thing at a time.
func TestProxies(t *testing.T) {
	i := answering(t, password)
	stranger := i.NewProcess("stranger", 90)
	i.Start(stranger)
	t.Cleanup(func() { stranger.Signal(syscall.SIGKILL) })
	i.Role(stranger)

	good := []*lab.Process{lead(t, i, 201, i.Redis[0], i.Redis[1]), lead(t, i, 202, i.Redis[0], i.Redis[0])}
	toReplica, toStranger := lead(t, i, 203, i.Redis[1], i.Redis[2]), lead(t, i, 204, i.Redis[0], stranger)
	gone := lead(t, i, 205, i.Redis[0], i.Redis[1])
	gone.Signal(syscall.SIGKILL)
	require.Empty(t, failed(t, behindProxies(t, i, good...)))
	for title, test := range map[string]struct {
		second *lab.Process
		spoil  func(*world)
		want   []string
	}{
		"one leads writes to a replica": {second: toReplica, want: []string{"proxies"}},
		"one leads reads to a stranger": {second: toStranger, want: []string{"proxies"}},
		"one does not answer":           {second: gone, want: []string{"proxies", "metrics"}},
		"one is missing":                {spoil: func(w *world) { w.proxies = w.proxies[:1] }, want: []string{"pods"}},
		"none is there":                 {spoil: func(w *world) { w.proxies = []corev1.Pod{} }, want: []string{"pods", "proxies"}},
		"one is not ready":              {spoil: func(w *world) { w.proxies[1].Status.Conditions = nil }, want: []string{"pods"}},
		"both on a node":                {spoil: func(w *world) { w.proxies[1].Spec.NodeName = w.proxies[0].Spec.NodeName }, want: []string{"spread"}},
		"no requests":                   {spoil: func(w *world) { w.proxies[1].Spec.Containers[0].Resources.Requests = nil }, want: []string{"resources"}},
		"no budget":                     {spoil: func(w *world) { w.budgets = w.budgets[:2] }, want: []string{"budgets"}},
		"no policy":                     {spoil: func(w *world) { w.policies = w.policies[:2] }, want: []string{"policies"}},
		"clients reach them alone": {spoil: func(w *world) {
			for _, key := range []string{"REDIS_SENTINEL_HOST", "REDIS_SENTINEL_PORT", "REDIS_SENTINEL_MASTER"} {
				delete(w.connection.Data, key)
			}
		}, want: []string{}},
		"the ConfigMap does not name it": {spoil: func(w *world) { delete(w.connection.Data, "REDIS_HOST") }, want: []string{"connection"}},
	} {
		t.Run(title, func(t *testing.T) {
			proxies := []*lab.Process{good[0], good[1]}
			if test.second != nil {
				proxies[1] = test.second
			}
			w := behindProxies(t, i, proxies...)
			if test.spoil != nil {
				test.spoil(w)
			}
			require.Equal(t, test.want, failed(t, w))
		})
	}
	t.Run("helm test", func(t *testing.T) {
		for proxy, want := range map[*lab.Process][]string{good[0]: nil, good[1]: nil, toReplica: {"proxies"}, toStranger: {"proxies"}, gone: {"proxies"}} {
			// The exporters answer here, as none does to a tenant.
			require.Equal(t, append(want, "policies"), helmTest(t, i, "REDIS_HOST="+proxy.IP, "REDIS_PORT=6379", "REDIS_READ_PORT=6380"))
		}
	})
}

// helmTest walks the tenant's part of the checklist and returns what fails.
func helmTest(t *testing.T, i *lab.Instance, environment ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "../../charts/tenant-redis/scripts/golive.sh", "tenant", "0", "3", "3")
	cmd.Env = append(cmd.Environ(), "REDIS_SENTINEL_HOST="+i.Sentinels[0].IP, "REDIS_SENTINEL_PORT="+lab.SentinelPort, "REDIS_SENTINEL_MASTER="+lab.MasterName, "REDIS_PASSWORD="+i.Password)
	cmd.Env = append(cmd.Env, environment...)
	output, _ := cmd.CombinedOutput()
	t.Logf("helm test\n%s", output)
	var names []string
	for _, match := range failedLine.FindAllStringSubmatch(string(output), -1) {
		names = append(names, match[1])
	}
	return names
}
