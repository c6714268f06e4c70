//go:build e2e

package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/authority"
	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

const certificate = "e2e-proxy-tls"

// mountedWithin is how long the kubelet may take to change the files of a Secret:
// its period of a minute, and what it may know of the Secret from before.
const mountedWithin = 3 * time.Minute

// proxyHost is where clients connect.
func proxyHost(instance string) string { return instance + "-proxy." + framework.SystemNamespace }

// giveCertificate makes the proxy's Secret, or changes it.
func giveCertificate(t *testing.T, own *authority.Authority, serial int64, instance string) {
	t.Helper()
	pair := own.Sign(serial, proxyHost(instance), time.Now().Add(24*time.Hour))
	dir := t.TempDir()
	for name, content := range map[string]string{"tls.crt": pair.Certificate, "tls.key": pair.Key} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	manifest := framework.Output(t, framework.SystemNamespace, "create", "secret", "tls", certificate, "--dry-run=client", "--output=yaml",
		"--cert="+filepath.Join(dir, "tls.crt"), "--key="+filepath.Join(dir, "tls.key"))
	file := filepath.Join(dir, "secret.yaml")
	require.NoError(t, os.WriteFile(file, []byte(manifest), 0o600))
	framework.Output(t, framework.SystemNamespace, "apply", "--filename", file)
}

// checkTLS changes the proxy's certificate while a client is connected.
func checkTLS(t *testing.T, own *authority.Authority, i *framework.Instance) {
	t.Helper()
	proxies := "app.kubernetes.io/component=proxy,app.kubernetes.io/name=" + i.Name
	pod := framework.ListPods(t, i.Namespace, proxies)[0].Name
	address := framework.Forward(t, i.Namespace, pod, 6381)
	config := &tls.Config{RootCAs: own.Pool(), ServerName: proxyHost(i.Name), MinVersion: tls.VersionTLS12}
	dial := func() (*tls.Conn, error) {
		client, err := tls.Dial("tcp", address, config)
		if err == nil {
			t.Cleanup(func() { _ = client.Close() })
		}
		return client, err
	}
	client, err := dial()
	require.NoError(t, err)
	reader := bufio.NewReader(client)
	answers := func() {
		require.NoError(t, client.SetDeadline(time.Now().Add(10*time.Second)))
		_, err := fmt.Fprint(client, "PING\r\n")
		require.NoError(t, err)
		line, err := reader.ReadString('\n')
		require.NoError(t, err)
		require.Regexp(t, `^-NOAUTH `, line)
	}
	answers()
	giveCertificate(t, own, 3, i.Name)
	require.Eventually(t, func() bool {
		newcomer, err := dial()
		return err == nil && newcomer.ConnectionState().PeerCertificates[0].SerialNumber.Int64() == 3
	}, mountedWithin, 2*time.Second, "the proxy has the old certificate")
	answers()
	require.Equal(t, pod, framework.ListPods(t, i.Namespace, proxies)[0].Name, "no Pod was replaced for it")
}
