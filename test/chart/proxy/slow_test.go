package proxy

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/tenant-redis/tenant-redis/test/authority"
	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// TestSlowClients fills a proxy with clients that are idle, half-open and do not read
// their answers, and holds that they take no more memory than it is given for them,
// that the other port serves, and that a place is free again when one of them goes.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	const places = 300
	own := authority.New(t)
	i := servingTLS(t, own, render.Values{"proxy.maxConnections": strconv.Itoa(places)})
	config := &tls.Config{RootCAs: own.Pool(), ServerName: i.proxy.IP, MinVersion: tls.VersionTLS12}
	require.NoError(t, i.client(writePort).Set(t.Context(), "big", strings.Repeat("x", 1<<19), 0).Err())
	before := i.memory()

	var all []net.Conn
	connect := func(count int, port string, use func(net.Conn) (net.Conn, error)) {
		for range count {
			raw, err := net.DialTimeout("tcp", net.JoinHostPort(i.proxy.IP, port), 2*time.Second)
			require.NoError(t, err)
			t.Cleanup(func() { _ = raw.Close() })
			client, err := use(raw)
			require.NoError(t, err)
			all = append(all, client)
		}
	}
	secured := func(raw net.Conn) (net.Conn, error) {
		client := tls.Client(raw, config)
		return client, client.Handshake()
	}
	asks := func(client net.Conn) (net.Conn, error) {
		_, err := fmt.Fprintf(client, "AUTH %s\r\nGET big\r\n", i.Password)
		return client, err
	}
	idle := func(raw net.Conn) (net.Conn, error) { return raw, nil }
	connect(places/6, writePort, idle)
	connect(places/6, tlsPort, secured)
	connect(places/4, writePort, asks)
	connect(places/4, tlsPort, func(raw net.Conn) (net.Conn, error) {
		client, err := secured(raw)
		require.NoError(t, err)
		return asks(client)
	})
	connect(places-len(all), tlsPort, idle) // a handshake that never comes
	// A connection waits in the kernel until the proxy has accepted it, and then has a place.
	i.shows(map[string]string{`haproxy_frontend_current_sessions{proxy="write"}`: strconv.Itoa(places)})
	require.Error(t, i.client(writePort).Ping(t.Context()).Err(), "no place is left")

	// Until the buffers are full, and grow no more.
	last := i.memory()
	i.Eventually(30*time.Second, func() string {
		time.Sleep(500 * time.Millisecond)
		now := i.memory()
		defer func() { last = now }()
		if now > last+1<<20 {
			return fmt.Sprint("grows: ", now)
		}
		return ""
	})
	container := render.Get[appsv1.Deployment](t, chart.Objects(t, i.values), chart.ID("Deployment")+"-proxy").Spec.Template.Spec.Containers[0]
	limit := container.Resources.Limits.Memory().Value()
	t.Logf("%d clients: %d KiB before, %d KiB with them, %d KiB each; limit %d KiB", places, before>>10, last>>10, (last-before)>>10/places, limit>>10)
	// Half of what is for connections is the other port's.
	assert.LessOrEqual(t, last-before, (limit-32<<20)/2)

	require.NoError(t, i.client(readPort).Ping(t.Context()).Err(), "the other port")
	// The client that has set the key has a place too, so that the last of these waits.
	for _, client := range all[:2] {
		require.NoError(t, client.Close())
	}
	i.Eventually(5*time.Second, func() string {
		if err := i.client(writePort).Ping(t.Context()).Err(); err != nil {
			return err.Error()
		}
		return ""
	})
}

var buffers = regexp.MustCompile(`skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f(\d+),w(\d+)`)

// memory is what HAProxy takes, in bytes: of its own, and of the kernel for its
// connections, which counts towards a container's limit as well.
func (i *instance) memory() int64 {
	i.T.Helper()
	status, err := os.ReadFile("/proc/" + i.proxy.PID() + "/status")
	require.NoError(i.T, err)
	resident := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(i.T, resident)
	total, err := strconv.ParseInt(string(resident[1]), 10, 64)
	require.NoError(i.T, err)
	total <<= 10
	out, err := exec.CommandContext(i.T.Context(), "ss", "-tmnpHO", "state", "established").Output()
	require.NoError(i.T, err, "apt-get install iproute2")
	for socket := range strings.Lines(string(out)) {
		if !strings.Contains(socket, ",pid="+i.proxy.PID()+",") {
			continue
		}
		sizes := buffers.FindStringSubmatch(socket)
		require.NotNil(i.T, sizes, socket)
		for _, size := range sizes[1:] {
			bytes, err := strconv.ParseInt(size, 10, 64)
			require.NoError(i.T, err)
			total += bytes
		}
	}
	return total
}
