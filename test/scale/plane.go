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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tokens are the passwords of the API server's users. The operator has its own
// ServiceAccount's name and groups, so that the chart's rights, and the API server's
// priorities, are those of a cluster.
const tokens = `admin,admin,admin,"system:masters"
operator,system:serviceaccount:redis-system:redis-operator,operator,"system:serviceaccounts,system:serviceaccounts:redis-system"
`

// plane is a Kubernetes of etcd and an API server alone.
type plane struct {
	etcd, api *process
	config    *rest.Config
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
	// kubeconfig is the operator's.
	kubeconfig, admin string
}

func newPlane(t *testing.T) *plane {
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
	p := &plane{}
	// Its disk is not what is measured.
	p.etcd = start(t, "etcd", "etcd/server", nil, "--data-dir", filepath.Join(folder, "etcd"), "--listen-client-urls", etcdURL, "--advertise-client-urls", etcdURL,
		"--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL, "--initial-cluster", "default="+peerURL, "--unsafe-no-fsync")
	p.api = start(t, "kube-apiserver", "kubernetes/kube-apiserver", nil, "--etcd-servers", etcdURL,
		"--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(secure), "--cert-dir", filepath.Join(folder, "certs"),
		"--token-auth-file", write("tokens.csv", []byte(tokens)), "--authorization-mode", "RBAC",
		"--service-account-issuer", "https://scale.local", "--service-account-key-file", signer, "--service-account-signing-key-file", signer,
		"--service-cluster-ip-range", "10.96.0.0/12", "--disable-admission-plugins", "ServiceAccount", "--v", "1")

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
	p.kubeconfig, p.admin = kubeconfig("operator"), kubeconfig("admin")
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

// install applies what Helm renders of the operator's chart but for its Pods, and waits
// until RedisFailovers are known.
func (p *plane) install(t *testing.T) {
	t.Helper()
	p.namespace(t, "redis-system")
	manifests, err := exec.CommandContext(t.Context(), repository+"/bin/helm", "template", "redis-operator", repository+"/charts/redis-operator", "--namespace", "redis-system").Output()
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

func (p *plane) namespace(t *testing.T, name string) {
	t.Helper()
	apply := exec.CommandContext(t.Context(), repository+"/bin/kubectl", "--kubeconfig", p.admin, "create", "namespace", name)
	out, err := apply.CombinedOutput()
	require.NoError(t, err, string(out))
}
