package tenantredis

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// cluster has an API server that knows what the chart looks up. All else is
// forbidden, as it is to one who has rights in the release's and the tenant's
// namespaces alone.
type cluster map[string]any

const (
	accounts = "/api/v1/namespaces/" + namespace + "/serviceaccounts"
	sets     = "/apis/apps/v1/namespaces/" + namespace + "/statefulsets/"
)

// with returns a cluster in which the namespace has a Secret with this password.
func with(name, password string) cluster {
	return cluster{"/api/v1/namespaces/" + namespace + "/secrets/" + name: corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		// Helm 4 looks whose it is.
		ObjectMeta: metav1.ObjectMeta{
			Labels:      map[string]string{"app.kubernetes.io/managed-by": "Helm"},
			Annotations: map[string]string{"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace},
		},
		Data: map[string][]byte{"password": []byte(password)},
	}}
}

func (c cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := map[string]any{
		"/version": version.Info{Major: "1", Minor: "37", GitVersion: "v1.37.0"},
		"/api":     metav1.APIVersions{Versions: []string{"v1"}},
		"/apis":    metav1.APIGroupList{},
		"/api/v1": metav1.APIResourceList{GroupVersion: "v1", APIResources: []metav1.APIResource{
			{Name: "namespaces", Kind: "Namespace"},
			{Name: "secrets", Kind: "Secret", Namespaced: true},
			{Name: "serviceaccounts", Kind: "ServiceAccount", Namespaced: true},
		}},
		"/apis/apps/v1": metav1.APIResourceList{GroupVersion: "apps/v1", APIResources: []metav1.APIResource{
			{Name: "deployments", Kind: "Deployment", Namespaced: true},
			{Name: "statefulsets", Kind: "StatefulSet", Namespaced: true},
		}},
		accounts: corev1.ServiceAccountList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccountList"}},
	}
	maps.Copy(found, c)
	object, ok := found[r.URL.Path]
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		status := metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status:   metav1.StatusFailure, Reason: metav1.StatusReasonForbidden, Code: http.StatusForbidden, Message: r.URL.Path + " is forbidden",
		}
		if strings.Contains(r.URL.Path, "/namespaces/"+namespace+"/") || strings.Contains(r.URL.Path, "/namespaces/team-a/") || strings.HasPrefix(r.URL.Path, "/openapi") {
			status.Reason, status.Code = metav1.StatusReasonNotFound, http.StatusNotFound
		}
		w.WriteHeader(int(status.Code))
		object = status
	}
	_ = json.NewEncoder(w).Encode(object)
}

// helms are the versions of Helm that the chart is for.
var helms = []string{"helm", "helm4"}

// template renders, in the cluster's sight, what of the chart looks there.
func (c cluster) template(t *testing.T, helm string, flags ...string) (string, error) {
	t.Helper()
	own := changed(t, func(dir string) {
		files, err := filepath.Glob(dir + "/templates/*")
		require.NoError(t, err)
		for _, file := range files {
			if name := filepath.Base(file); filepath.Ext(name) != ".tpl" && name != "secret.yaml" && name != "validate" {
				require.NoError(t, os.RemoveAll(file))
			}
		}
	})
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: server.URL}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	config.CurrentContext = "c"
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, kubeconfig))

	flags = slices.Concat([]string{
		"template", release, own.Dir, "--namespace", namespace, "--kubeconfig", kubeconfig,
		"--dry-run=server", "--disable-openapi-validation",
	}, flags)
	//nolint:gosec // G204: the pinned Helm
	out, err := exec.CommandContext(t.Context(), filepath.Join(render.Repository, "bin", helm), flags...).CombinedOutput()
	return string(out), err
}

// passwords returns those in the rendered Secrets, by their namespace and key.
func passwords(t *testing.T, manifest string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, o := range render.Split(t, manifest) {
		data, _, err := unstructured.NestedStringMap(o.Object, "data")
		require.NoError(t, err)
		for _, key := range []string{"password", "REDIS_PASSWORD"} {
			if value, ok := data[key]; ok {
				decoded, err := base64.StdEncoding.DecodeString(value)
				require.NoError(t, err)
				found[o.GetNamespace()+"/"+o.GetName()+" "+key] = string(decoded)
			}
		}
	}
	return found
}

// everywhere is where the password belongs, for a tenant in the namespace team-a.
func everywhere(password string) map[string]string {
	return map[string]string{
		"team-a/cache REDIS_PASSWORD":         password,
		"team-a/cache-binding password":       password,
		namespace + "/cache REDIS_PASSWORD":   password,
		namespace + "/cache password":         password,
		namespace + "/cache-binding password": password,
	}
}

var tenantWithBinding = []string{"--set", "tenantNamespaces={team-a},auth.serviceBinding=true"}

func TestPasswordIsMadeOnceAndKept(t *testing.T) {
	for _, helm := range helms {
		t.Run(helm, func(t *testing.T) {
			t.Parallel()
			kept, err := with(release, "kept").template(t, helm, tenantWithBinding...)
			require.NoError(t, err, kept)
			assert.Equal(t, everywhere("kept"), passwords(t, kept))

			var made []string
			for range 2 {
				out, err := cluster{}.template(t, helm, tenantWithBinding...)
				require.NoError(t, err, out)
				found := passwords(t, out)
				password := found[namespace+"/cache password"]
				assert.Regexp(t, "^[A-Za-z0-9]{32}$", password)
				assert.Equal(t, everywhere(password), found)
				made = append(made, password)
			}
			assert.NotEqual(t, made[0], made[1])
		})
	}
}

// TestServiceBinding holds the keys from which Spring Boot configures itself.
func TestServiceBinding(t *testing.T) {
	out, err := with(release, "kept").template(t, "helm", tenantWithBinding...)
	require.NoError(t, err, out)
	found := 0
	for _, o := range render.Split(t, out) {
		if o.GetName() != release+"-binding" {
			continue
		}
		found++
		secret := render.Get[corev1.Secret](t, map[string]render.Object{"binding": o}, "binding")
		assert.EqualValues(t, "servicebinding.io/redis", secret.Type)
		data := map[string]string{}
		for key, value := range secret.Data {
			data[key] = string(value)
		}
		assert.Equal(t, map[string]string{
			"type": "redis", "provider": "tenant-redis", "password": "kept",
			"sentinel.master": "mymaster", "sentinel.nodes": "rfs-cache." + namespace + ":26379",
		}, data)
	}
	assert.Equal(t, 2, found, "in the tenant's namespace and in the release's")
}

// TestServiceBindingOfProxiesAlone holds that it leads to what can be reached.
func TestServiceBindingOfProxiesAlone(t *testing.T) {
	c := with(release, "kept")
	maps.Copy(c, keeps("certificate", map[string]string{"tls.crt": "x", "tls.key": "x"}))
	for flags, want := range map[string]map[string]string{
		"": {"host": release + "-proxy." + namespace, "port": "6379"},
		",proxy.tls.existingSecret=certificate,proxy.tls.only=true": {"host": release + "-proxy." + namespace, "port": "6381", "ssl": "true"},
	} {
		out, err := c.template(t, "helm", "--set", "auth.serviceBinding=true,access.sentinel=false,proxy.enabled=true"+flags)
		require.NoError(t, err, out)
		data := secrets(t, out)[namespace+"/"+release+"-binding"]
		for key, value := range want {
			assert.Equal(t, value, data[key], key)
		}
		assert.Len(t, data, len(want)+3)
	}
}

func TestOwnSecretIsLookedAt(t *testing.T) {
	for _, helm := range helms {
		t.Run(helm, func(t *testing.T) {
			t.Parallel()
			own := []string{"--set", "auth.existingSecret=mine"}
			out, err := with("mine", "a#$%/+=").template(t, helm, own...)
			require.NoError(t, err, out)
			assert.Empty(t, passwords(t, out), "the chart makes none")

			for _, c := range []cluster{{}, with("mine", ""), with("mine", "to be"), with("mine", "tobe\n"), with("mine", `"quoted"`)} {
				out, err := c.template(t, helm, own...)
				require.Error(t, err)
				assert.Contains(t, out, "auth.existingSecret: Secret redis-system/mine must be there with a key password of ASCII characters without spaces, line breaks, quotes and \\: make it first")
				assert.NotContains(t, out, "to be")
				assert.NotContains(t, out, "tobe")
			}
		})
	}
}
