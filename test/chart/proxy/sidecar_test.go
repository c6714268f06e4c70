package proxy

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/check"
	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// variable is one that the configuration reads, in HAProxy or in Lua.
var variable = regexp.MustCompile(`\$\{(\w+)\}|os\.getenv\("(\w+)"\)`)

// TestSidecarExample holds the example to what the chart renders and to the
// platform's rules.
func TestSidecarExample(t *testing.T) {
	t.Parallel()
	manifest, err := os.ReadFile(render.Repository + "/examples/proxy-sidecar/deployment.yaml")
	require.NoError(t, err)
	var deployment appsv1.Deployment
	require.NoError(t, yaml.UnmarshalStrict(manifest, &deployment))
	data, err := yaml.YAMLToJSON(manifest)
	require.NoError(t, err)
	var object unstructured.Unstructured
	require.NoError(t, object.UnmarshalJSON(data))
	for _, violation := range (check.Platform{Registries: []string{"docker.io/"}}).Check([]unstructured.Unstructured{object}) {
		assert.Equal(t, "network-policy", violation.Rule, "the tenant's own: %v", violation)
	}

	tenant := render.Chart{Dir: chart.Dir, Release: "team-a-cache", Namespace: "redis-system", Values: chart.Values}
	objects := tenant.Objects(t, render.Values{"proxy.enabled": "false", "proxy.sidecar": "true", "tenantNamespaces": `["team-a"]`})
	connection := render.Get[corev1.ConfigMap](t, objects, "ConfigMap/team-a/team-a-cache")
	template := deployment.Spec.Template
	assert.Equal(t, "allow", template.Labels["elastisys.io/redis-team-a-cache-access"])
	require.Len(t, template.Spec.Volumes, 1)
	configuration := render.Get[corev1.ConfigMap](t, objects, "ConfigMap/team-a/"+template.Spec.Volumes[0].ConfigMap.Name)

	sidecar := template.Spec.InitContainers[0]
	require.Equal(t, corev1.ContainerRestartPolicyAlways, *sidecar.RestartPolicy)
	assert.Equal(t, "/etc/haproxy", sidecar.VolumeMounts[0].MountPath)
	assert.Equal(t, corev1.EnvVar{Name: "PROXY_ADDRESS", Value: "127.0.0.1"}, sidecar.Env[0])
	assert.Equal(t, connection.Name, sidecar.EnvFrom[0].ConfigMapRef.Name)
	assert.Equal(t, connection.Name, sidecar.EnvFrom[1].SecretRef.Name)

	// Alone it meets Pod Security, as the shared proxy does with its Pod's help.
	shared := render.Get[appsv1.Deployment](t, tenant.Objects(t, render.Values{"proxy.enabled": "true"}), "Deployment/redis-system/team-a-cache-proxy").Spec.Template.Spec
	context := shared.Containers[0].SecurityContext
	context.RunAsUser = shared.SecurityContext.RunAsUser
	assert.Equal(t, context, sidecar.SecurityContext)
	assert.Equal(t, shared.Containers[0].Command, sidecar.Command)

	given := append(slices.Collect(maps.Keys(connection.Data)), "PROXY_ADDRESS", "REDIS_USERNAME", "REDIS_PASSWORD",
		// set by the configuration itself
		"SENTINEL_MAJORITY", "SENTINEL_DETECTION")
	found := 0
	for _, content := range configuration.Data {
		for _, match := range variable.FindAllStringSubmatch(content, -1) {
			assert.Contains(t, given, match[1]+match[2])
			found++
		}
	}
	assert.Greater(t, found, 5)
}

// TestTenantUser holds that a sidecar, which has the tenant's user, finds the master as that, and
// that its clients have the bounds of that user.
func TestTenantUser(t *testing.T) {
	t.Parallel()
	const user, word = "app", "secret-of-the-tenant"
	i := running(t)
	setUser := []any{"ACL", "SETUSER", user, "on", ">" + word}
	for _, right := range chart.Users(t, render.Values{"auth.tenantUser": `"` + user + `"`})[4:] {
		setUser = append(setUser, right)
	}
	for _, p := range i.Redis {
		i.Do(p, setUser...)
	}
	i.login = []string{"REDIS_USERNAME=" + user, "REDIS_PASSWORD=" + word}
	i.start(nil)
	i.ready()
	options := i.client(writePort).Options()
	options.Username, options.Password = user, word
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	require.NoError(t, client.Set(t.Context(), "key", "value", 0).Err())
	require.ErrorContains(t, client.ConfigGet(t.Context(), "*").Err(), "NOPERM")
	for _, p := range i.Redis {
		require.NotContains(t, fmt.Sprint(i.Do(p, "ACL", "LOG")), "auth", "nobody was refused a login")
	}
}
