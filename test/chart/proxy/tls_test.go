package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/authority"
	"github.com/tenant-redis/tenant-redis/test/chart/render"
	"github.com/tenant-redis/tenant-redis/test/lab"
)

const (
	tlsPort     = "6381"
	tlsReadPort = "6382"
)

// mount gives a volume the files of a Secret, as the kubelet does: all at once, by a
// link that is replaced.
func (i *instance) mount(volume string, files map[string]string) {
	i.T.Helper()
	dir := i.proxy.Dir + "-" + volume
	version := i.T.TempDir()
	for name, content := range files {
		require.NoError(i.T, os.WriteFile(filepath.Join(version, name), []byte(content), 0o600))
	}
	require.NoError(i.T, os.MkdirAll(dir, 0o750))
	data := filepath.Join(dir, "..data")
	require.NoError(i.T, os.Symlink(version, data+"_tmp"))
	require.NoError(i.T, os.Rename(data+"_tmp", data))
	for name := range files {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); !os.IsExist(err) {
			require.NoError(i.T, err)
		}
	}
}

func (i *instance) mountPair(p authority.Pair) {
	i.T.Helper()
	i.mount("tls", map[string]string{"tls.crt": p.Certificate, "tls.key": p.Key})
}

// servingTLS starts a proxy with a certificate, and with more values.
func servingTLS(t *testing.T, own *authority.Authority, values render.Values) *instance {
	t.Helper()
	i := running(t)
	i.values = render.Values{"proxy.tls.existingSecret": `"certificate"`}
	for key, value := range values {
		i.values[key] = value
	}
	i.mountPair(own.Sign(2, i.proxy.IP, time.Now().Add(24*time.Hour)))
	i.start(nil)
	i.ready()
	return i
}

// dial connects with TLS and asks for a PONG, which is only then told whether the
// proxy takes the client's certificate.
func (i *instance) dial(port string, config *tls.Config) (*tls.Conn, error) {
	i.T.Helper()
	raw, err := net.DialTimeout("tcp", net.JoinHostPort(i.proxy.IP, port), time.Second)
	if err != nil {
		return nil, err
	}
	i.T.Cleanup(func() { _ = raw.Close() })
	config = config.Clone()
	config.ServerName = i.proxy.IP
	client := tls.Client(raw, config)
	return client, i.pong(client)
}

// pong holds that a connection leads to Redis.
func (i *instance) pong(client net.Conn) error {
	_ = client.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := fmt.Fprintf(client, "AUTH %s\r\nPING\r\n", i.Password); err != nil {
		return err
	}
	const want = "+OK\r\n+PONG\r\n"
	answer := make([]byte, len(want))
	if _, err := io.ReadFull(client, answer); err != nil {
		return err
	}
	if string(answer) != want {
		return fmt.Errorf("answer %q", answer)
	}
	return nil
}

func serial(client *tls.Conn) int64 {
	return client.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// TestTLS holds who gets in, and by which protocol.
func TestTLS(t *testing.T) {
	t.Parallel()
	own, clients := authority.New(t), authority.New(t)
	i := servingTLS(t, own, nil)

	for _, port := range []string{tlsPort, tlsReadPort} {
		for version, name := range map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"} {
			client, err := i.dial(port, &tls.Config{RootCAs: own.Pool(), MinVersion: version, MaxVersion: version})
			require.NoError(t, err, name)
			assert.Equal(t, version, client.ConnectionState().Version)
		}
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
			_, err := i.dial(port, &tls.Config{RootCAs: own.Pool(), MinVersion: version, MaxVersion: version}) //nolint:gosec // G402: to be refused
			require.ErrorContains(t, err, "protocol version")
		}
		_, err := i.dial(port, &tls.Config{RootCAs: clients.Pool(), MinVersion: tls.VersionTLS12})
		var unknown x509.UnknownAuthorityError
		require.ErrorAs(t, err, &unknown, "another CA's clients do not trust it")
	}
	// Who does not speak TLS is not served there, and is on the other port.
	plain, err := net.Dial("tcp", net.JoinHostPort(i.proxy.IP, tlsPort))
	require.NoError(t, err)
	defer func() { _ = plain.Close() }()
	require.Error(t, i.pong(plain))
	require.NoError(t, i.client(writePort).Ping(t.Context()).Err())
}

// TestClientCertificates holds that nobody gets in without one, nor without TLS where
// that is closed.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	own, clients, others := authority.New(t), authority.New(t), authority.New(t)
	with := func(a *authority.Authority) *tls.Config {
		p := a.Sign(9, "192.0.2.1", time.Now().Add(time.Hour))
		certificate, err := tls.X509KeyPair([]byte(p.Certificate), []byte(p.Key))
		require.NoError(t, err)
		return &tls.Config{RootCAs: own.Pool(), MinVersion: tls.VersionTLS12, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }}
	}
	i := running(t)
	i.mount("client-ca", map[string]string{"ca.crt": clients.PEM()})
	i.values = render.Values{"proxy.tls.existingSecret": `"certificate"`, "proxy.tls.clientCASecret": `"clients"`, "proxy.tls.only": "true"}
	i.mountPair(own.Sign(2, i.proxy.IP, time.Now().Add(24*time.Hour)))
	i.start(nil)
	i.ready()

	for _, port := range []string{tlsPort, tlsReadPort} {
		_, err := i.dial(port, with(clients))
		require.NoError(t, err)
		_, err = i.dial(port, with(others))
		require.ErrorContains(t, err, "unknown certificate authority")
		_, err = i.dial(port, &tls.Config{RootCAs: own.Pool(), MinVersion: tls.VersionTLS12})
		require.ErrorContains(t, err, "certificate required")
	}
	for _, port := range []string{writePort, readPort} {
		_, err := net.DialTimeout("tcp", net.JoinHostPort(i.proxy.IP, port), time.Second)
		require.ErrorContains(t, err, "refused")
	}

	// Another CA is taken over without a restart.
	i.mount("client-ca", map[string]string{"ca.crt": others.PEM()})
	i.Eventually(10*time.Second, func() string {
		if _, err := i.dial(tlsPort, with(others)); err != nil {
			return err.Error()
		}
		return ""
	})
	_, err := i.dial(tlsPort, with(clients))
	require.ErrorContains(t, err, "unknown certificate authority")
}

// TestRotation changes the certificate while a client is connected: it stays, the next
// one gets the new certificate, and a pair that does not fit changes nothing.
func TestRotation(t *testing.T) {
	t.Parallel()
	own := authority.New(t)
	i := servingTLS(t, own, nil)
	trusting := &tls.Config{RootCAs: own.Pool(), MinVersion: tls.VersionTLS12}
	client, err := i.dial(tlsPort, trusting)
	require.NoError(t, err)
	require.EqualValues(t, 2, serial(client))

	until := time.Now().Add(36 * time.Hour)
	next := own.Sign(3, i.proxy.IP, until)
	// As a person may have pasted it.
	next.Certificate = strings.ReplaceAll("\n"+next.Certificate, "\n", "\r\n\n")
	i.mountPair(next)
	i.Eventually(10*time.Second, func() string {
		newcomer, err := i.dial(tlsPort, trusting)
		require.NoError(t, err)
		if got := serial(newcomer); got != 3 {
			return fmt.Sprint("certificate ", got)
		}
		return ""
	})
	require.NoError(t, i.pong(client), "a client that was there")
	require.EqualValues(t, 2, serial(client))
	i.Eventually(5*time.Second, func() string { return i.expires(until) })

	i.mountPair(authority.Pair{Certificate: own.Sign(4, i.proxy.IP, until).Certificate, Key: next.Key})
	i.Eventually(10*time.Second, func() string {
		if log := i.Logged(i.proxy); !strings.Contains(log, "changed, but not used: ") {
			return log
		}
		return ""
	})
	newcomer, err := i.dial(tlsPort, trusting)
	require.NoError(t, err)
	require.EqualValues(t, 3, serial(newcomer))

	// Mended, it is used.
	i.mountPair(own.Sign(5, i.proxy.IP, until))
	i.Eventually(10*time.Second, func() string {
		newcomer, err := i.dial(tlsPort, trusting)
		require.NoError(t, err)
		if got := serial(newcomer); got != 5 {
			return fmt.Sprint("certificate ", got)
		}
		return ""
	})
	require.NoError(t, i.pong(client))
	require.NotContains(t, i.Logged(i.proxy), "PRIVATE KEY")
}

// expires says what is wrong with the metric of the certificate that ends then.
func (i *instance) expires(at time.Time) string {
	_, metrics := i.get("/certificates")
	want := fmt.Sprintf("redis_proxy_certificate_expiry_timestamp_seconds{file=\"tls.crt\"} %d\n", at.Unix())
	if !strings.Contains(metrics, want) {
		return metrics
	}
	return ""
}

// TestHandOverThroughTLS holds that the promise is the same with TLS.
func TestHandOverThroughTLS(t *testing.T) {
	t.Parallel()
	own := authority.New(t)
	i := servingTLS(t, own, nil)
	// The ledger's client speaks plain to what adds TLS for it.
	wrapped := net.JoinHostPort(i.Network+".201", writePort)
	config := &tls.Config{RootCAs: own.Pool(), ServerName: i.proxy.IP, MinVersion: tls.VersionTLS13}
	lab.Listen(t, wrapped, func(client net.Conn) {
		defer func() { _ = client.Close() }()
		server, err := tls.Dial("tcp", net.JoinHostPort(i.proxy.IP, tlsPort), config)
		if err != nil {
			return
		}
		defer func() { _ = server.Close() }()
		go func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		}()
		_, _ = io.Copy(client, server)
	})
	i.through = wrapped
	account, direct, at := i.keep(12*time.Second, i.handOver)
	kept(t, account, direct, at, plannedGap, 0)
	assert.Positive(t, account.Acknowledged)
}
