// Package proxy runs the tenant chart's HAProxy, as it is rendered, in front of
// real Redis and Sentinel processes and has a ledger account for faults.
package proxy

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
	"github.com/tenant-redis/tenant-redis/test/lab"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

const (
	writePort   = "6379"
	readPort    = "6380"
	metricsPort = "8404"
	password    = `secret-!#$%&()*+,-./:;<=>?@[]^_{|}~0`
)

var chart = render.Chart{
	Dir: render.Repository + "/charts/tenant-redis", Release: "cache", Namespace: "redis-system",
	Values: render.Values{"auth.existingSecret": `"mine"`, "proxy.enabled": "true"},
}

// The tests mostly wait for Sentinels, so more of them may run than there are
// cores.
func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "4")
	render.UsePinnedHelm()
	logging.Disable()
	os.Exit(m.Run())
}

// instance is a lab with a proxy.
type instance struct {
	*lab.Instance
	proxy *lab.Process
	// values are those of the chart that the proxy is rendered with, besides chart's.
	values render.Values
	// login is what the proxy logs in with, if not as default.
	login []string
	// through is where the ledger's client connects, if not to the proxy itself.
	through string
}

// running makes an instance that serves, with a password of all characters that
// are allowed, and starts its proxy.
func running(t *testing.T) *instance {
	t.Helper()
	i := &instance{Instance: lab.New(t)}
	i.Password = password
	i.Serve()
	i.proxy = i.NewProcess("proxy", 200)
	t.Cleanup(func() {
		i.proxy.Signal(syscall.SIGKILL)
		t.Logf("proxy\n%s", i.Logged(i.proxy))
	})
	return i
}

// serving is running with the proxy at work.
func serving(t *testing.T) *instance {
	t.Helper()
	i := running(t)
	i.start(nil)
	i.ready()
	return i
}

// start runs HAProxy with what the chart renders, or with what change makes of its
// files.
func (i *instance) start(change func(name, content string) string) {
	i.T.Helper()
	data := render.Get[corev1.ConfigMap](i.T, chart.Objects(i.T, i.values), chart.ID("ConfigMap")+"-proxy").Data
	for name, content := range data {
		content = strings.ReplaceAll(content, "/etc/haproxy", i.proxy.Dir)
		if change != nil {
			content = change(name, content)
		}
		i.Write(filepath.Join(i.proxy.Dir, name), content, 0o600)
	}
	path, err := exec.LookPath("haproxy")
	require.NoError(i.T, err, "apt-get install haproxy")
	cmd := exec.CommandContext(context.Background(), path, "-db", "-f", filepath.Join(i.proxy.Dir, "haproxy.cfg"))
	cmd.Env = []string{
		"PROXY_ADDRESS=" + i.proxy.IP, "REDIS_PASSWORD=" + i.Password, "REDIS_SENTINEL_MASTER=" + lab.MasterName,
		"REDIS_SENTINEL_HOST=" + i.Service.IP, "REDIS_SENTINEL_PORT=" + lab.SentinelPort,
	}
	cmd.Env = append(cmd.Env, i.login...)
	if i.values["proxy.tls.existingSecret"] != "" {
		cmd.Env = append(cmd.Env, "PROXY_TLS=true")
	}
	i.Run(i.proxy, cmd)
}

// roleCheckOnly is the control: the configuration that is found everywhere, in
// which each Redis that says that it is master is one.
func (i *instance) roleCheckOnly(name, config string) string {
	if name != "haproxy.cfg" {
		return config
	}
	var servers strings.Builder
	for n, p := range i.Redis {
		fmt.Fprintf(&servers, "    server redis%d %s check\n", n, net.JoinHostPort(p.IP, lab.RedisPort))
	}
	config = strings.Replace(config, "    server master 127.0.0.1:1 disabled\n", servers.String(), 1)
	lua := strings.Index(config, "    lua-load")
	return config[:lua] + config[lua+strings.Index(config[lua:], "\n")+1:]
}

// ready waits until the proxy has a master, and replicas if it looks for them.
func (i *instance) ready() {
	i.T.Helper()
	i.Eventually(5*time.Second, func() string {
		if status, _ := i.get("/ready"); status != http.StatusOK {
			return fmt.Sprint("/ready: ", status)
		}
		return ""
	})
}

// get asks the proxy's metrics port.
func (i *instance) get(path string) (int, string) {
	request, err := http.NewRequestWithContext(i.T.Context(), http.MethodGet, "http://"+net.JoinHostPort(i.proxy.IP, metricsPort)+path, nil)
	require.NoError(i.T, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(i.T, err)
	return response.StatusCode, string(body)
}

// client connects through the proxy, and tries once.
func (i *instance) client(port string) *redis.Client {
	client := redis.NewClient(&redis.Options{
		Addr: net.JoinHostPort(i.proxy.IP, port), Password: i.Password,
		DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: -1, DisableIdentity: true,
	})
	i.T.Cleanup(func() { _ = client.Close() })
	return client
}

// log is a ledger's, to be waited on.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *log) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

// keep has a ledger write through the proxy, and beside it as a client that
// follows Sentinel, while the fault befalls them. The instance must be whole in
// the end.
func (i *instance) keep(writing time.Duration, fault func()) (throughProxy, direct ledger.Account, at time.Time) {
	i.T.Helper()
	contract := ledger.Contract{
		Sentinel: net.JoinHostPort(i.Service.IP, lab.SentinelPort), Master: lab.MasterName,
		Proxy: cmp.Or(i.through, net.JoinHostPort(i.proxy.IP, writePort)), Password: i.Password,
	}
	settings := ledger.Settings{
		Clients: []ledger.Kind{ledger.Proxy, ledger.Follow}, Writers: writers, Rate: 100, Duration: writing,
		Timeout: 500 * time.Millisecond, WaitFor: 100 * time.Millisecond, Replicas: 2, WholeWithin: time.Minute,
	}
	var (
		progress log
		report   ledger.Report
		err      error
		ended    sync.WaitGroup
	)
	ended.Go(func() { report, err = ledger.Run(i.T.Context(), contract, settings, &progress) })
	i.Eventually(5*time.Second, func() string {
		if !progress.has("READY\n") {
			return "the ledger is not READY"
		}
		return ""
	})
	at = time.Now()
	fault()
	ended.Wait()
	require.NoError(i.T, err)
	throughProxy, _ = report.Account(ledger.Proxy)
	direct, _ = report.Account(ledger.Follow)
	for _, account := range []ledger.Account{throughProxy, direct} {
		i.T.Logf("%s: gap %s, %d acknowledged, %d failed, %d unknown, %d lost, errors %v", account.Client,
			account.GapAfter(at), account.Acknowledged, account.Failed, account.Unknown, account.Lost, account.Errors)
	}
	return throughProxy, direct, at
}
