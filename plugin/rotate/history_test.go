package rotate

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const manifest = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: lab}\ndata:\n  REDIS_PASSWORD: %\n  password: %\n"

// with returns the manifest with a password.
func with(password string) string {
	encoded := base64.StdEncoding.EncodeToString([]byte(password))
	return string(bytes.ReplaceAll([]byte(manifest), []byte("%"), []byte(encoded)))
}

// packed is a revision as Helm keeps it.
func packed(t *testing.T, name, manifest string) string {
	t.Helper()
	text, err := json.Marshal(release.Release{
		Name: name, Namespace: namespace, Version: 1, Manifest: manifest,
		Info:   &release.Info{Status: release.StatusDeployed},
		Chart:  &chart.Chart{Metadata: &chart.Metadata{Name: "tenant-redis", Version: "0.1.0", APIVersion: "v2"}},
		Config: map[string]any{"monitoring": map[string]any{"thresholds": map[string]any{"replicationLagBytes": 1073741824}}},
	})
	require.NoError(t, err)
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, err = writer.Write(text)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return base64.StdEncoding.EncodeToString(buffer.Bytes())
}

func kept(release string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: "sh.helm.release.v1." + release + ".v1",
		Labels: map[string]string{"owner": "helm", "name": release, "version": "1", "status": "deployed"},
	}
}

// TestHistory holds that Helm finds the new password in each revision, and all else
// as it was, and that other releases are left alone.
func TestHistory(t *testing.T) {
	own := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app.kubernetes.io/instance": "team-a"}, Annotations: map[string]string{"meta.helm.sh/release-name": "release"}}}
	revision := &corev1.Secret{ObjectMeta: kept("release"), Type: "helm.sh/release.v1", Data: map[string][]byte{"release": []byte(packed(t, "release", with(old)))}}
	foreign := &corev1.Secret{ObjectMeta: kept("other"), Type: "helm.sh/release.v1", Data: map[string][]byte{"release": []byte(packed(t, "other", with(old)))}}
	configMap := &corev1.ConfigMap{ObjectMeta: kept("release"), Data: map[string]string{"release": packed(t, "release", with(old))}}
	i := Instance{Client: fake.NewClientset(own, revision, foreign, configMap), Namespace: namespace, Name: name}
	for range 2 {
		require.NoError(t, i.changeHistory(t.Context(), state{turn: turn{current: "new-secret", previous: old}}))
	}

	secret, err := i.Client.CoreV1().Secrets(namespace).Get(t.Context(), revision.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(with("new-secret")), strings.TrimSpace(helmGet(t, *secret, "manifest")))
	require.Contains(t, helmGet(t, *secret, "values"), "replicationLagBytes: 1073741824\n")
	changed, err := i.Client.CoreV1().ConfigMaps(namespace).Get(t.Context(), configMap.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, string(secret.Data["release"]), changed.Data["release"])
	untouched, err := i.Client.CoreV1().Secrets(namespace).Get(t.Context(), foreign.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, foreign, untouched)
}

// helmGet returns what both majors of Helm read out of a revision.
func helmGet(t *testing.T, revision corev1.Secret, what string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var answer any = corev1.SecretList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "SecretList"}, Items: []corev1.Secret{revision}}
		if r.URL.Path == "/version" {
			answer = version.Info{Major: "1", Minor: "37", GitVersion: "v1.37.0"}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: server.URL}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	config.CurrentContext = "c"
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, kubeconfig))
	var read []string
	for _, helm := range []string{"helm", "helm4"} {
		//nolint:gosec // G204: the pinned Helm
		out, err := exec.CommandContext(t.Context(), "../../bin/"+helm, "get", what, "release", "--namespace", namespace, "--kubeconfig", kubeconfig).CombinedOutput()
		require.NoError(t, err, "%s", out)
		read = append(read, string(bytes.TrimSuffix(out, []byte("\n"))))
	}
	require.Equal(t, read[0], read[1])
	return read[0] + "\n"
}
