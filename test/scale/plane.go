//go:build scale

package scale

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// systems are the namespaces that may have an operator.
var systems = []string{"redis-system", "redis-system-a", "redis-system-b", "redis-system-c", "redis-system-d"}

// account is the API server's name of the operator in a namespace.
func account(system string) string { return "system:serviceaccount:" + system + ":redis-operator" }

// tokens are the passwords of the API server's users. Operators have their own
// ServiceAccount's name and groups, so that the chart's rights, and the API server's
// priorities, are those of a cluster.
func tokens() []byte {
	var lines bytes.Buffer
	lines.WriteString("admin,admin,admin,\"system:masters\"\n")
	for _, system := range systems {
		fmt.Fprintf(&lines, "%s,%s,%[1]s,\"system:serviceaccounts,system:serviceaccounts:%[1]s\"\n", system, account(system))
	}
	return lines.Bytes()
}

// plane is a Kubernetes of etcd and an API server alone.
type plane struct {
	etcd, api *process
	config    *rest.Config
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
	// kubeconfigs are the operators', by namespace.
	kubeconfigs map[string]string
	admin       string
}

// newPlane starts one, with more arguments of the API server.
func newPlane(t *testing.T, arguments ...string) *plane {
	t.Helper()
	folder := t.TempDir()
	client, peer, secure := freePort(t), freePort(t), freePort(t)
	write := func(name string, data []byte) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	signer := write("sa.key", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))

	etcdURL := fmt.Sprintf("http://127.0.0.1:%d", client)
	peerURL := fmt.Sprintf("http://127.0.0.1:%d", peer)
	p := &plane{kubeconfigs: map[string]string{}}
	// Its disk is not what is measured.
	p.etcd = start(t, "etcd", "etcd/server", nil, "--data-dir", filepath.Join(folder, "etcd"), "--listen-client-urls", etcdURL, "--advertise-client-urls", etcdURL,
		"--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL, "--initial-cluster", "default="+peerURL, "--unsafe-no-fsync")
	p.api = start(t, "kube-apiserver", "kubernetes/kube-apiserver", nil, append(arguments, "--etcd-servers", etcdURL,
		"--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(secure), "--cert-dir", filepath.Join(folder, "certs"),
		"--token-auth-file", write("tokens.csv", tokens()), "--authorization-mode", "RBAC",
		"--service-account-issuer", "https://scale.local", "--service-account-key-file", signer, "--service-account-signing-key-file", signer,
		"--service-cluster-ip-range", "10.96.0.0/12", "--disable-admission-plugins", "ServiceAccount", "--v", "1")...)

	kubeconfig := func(user string) string {
		config := clientcmdapi.NewConfig()
		config.Clusters["c"] = &clientcmdapi.Cluster{Server: fmt.Sprintf("https://127.0.0.1:%d", secure), InsecureSkipTLSVerify: true}
		config.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: user}
		config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
		config.CurrentContext = "c"
		path := filepath.Join(folder, user+".kubeconfig")
		require.NoError(t, clientcmd.WriteToFile(*config, path))
		return path
	}
	for _, system := range systems {
		p.kubeconfigs[system] = kubeconfig(system)
	}
	p.admin = kubeconfig("admin")
	p.config, err = clientcmd.BuildConfigFromFlags("", p.admin)
	require.NoError(t, err)
	p.config.QPS = -1
	p.typed, err = kubernetes.NewForConfig(p.config)
	require.NoError(t, err)
	p.dynamic, err = dynamic.NewForConfig(p.config)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := p.typed.CoreV1().Namespaces().Get(t.Context(), "kube-system", metav1.GetOptions{})
		return err == nil
	}, 3*time.Minute, time.Second, "the API server serves")
	return p
}

// install applies what Helm renders of the operator's chart, which makes no Pods here, and
// waits until RedisFailovers are known.
func (p *plane) install(t *testing.T, system string, arguments ...string) {
	t.Helper()
	p.namespace(t, system)
	manifests, err := exec.CommandContext(t.Context(), repository+"/bin/helm", append([]string{"template", "redis-operator", repository + "/charts/redis-operator", "--namespace", system}, arguments...)...).Output()
	require.NoError(t, err)
	apply := exec.CommandContext(t.Context(), repository+"/bin/kubectl", "--kubeconfig", p.admin, "apply", "--server-side", "--force-conflicts", "-f", "-")
	apply.Stdin = bytes.NewReader(manifests)
	out, err := apply.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Eventually(t, func() bool {
		_, err := discovery.NewDiscoveryClientForConfigOrDie(p.config).ServerResourcesForGroupVersion("databases.spotahome.com/v1")
		return err == nil
	}, time.Minute, time.Second)
}

// namespace makes one that is not there yet.
func (p *plane) namespace(t *testing.T, name string) {
	t.Helper()
	_, err := p.typed.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		require.NoError(t, err)
	}
}

// freeLead has the next operator in a namespace lead at once, and not only when the
// killed one's lock has run out.
func (p *plane) freeLead(t *testing.T, system string) {
	t.Helper()
	const lock = "redis-failover-lease"
	for _, err := range []error{
		p.typed.CoordinationV1().Leases(system).Delete(t.Context(), lock, metav1.DeleteOptions{}),
		p.typed.CoreV1().ConfigMaps(system).Delete(t.Context(), lock, metav1.DeleteOptions{}),
	} {
		if !apierrors.IsNotFound(err) {
			require.NoError(t, err)
		}
	}
}
