package tenantredis

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// tenants names the release's own namespace, too, and one that YAML would take
// for a number.
const tenants = `["team-a", "` + namespace + `", "123"]`

var served = []string{"123", namespace, "team-a"}

// namespacesOf returns where there are objects of a kind and name. Of other
// names, only the scripts' is allowed.
func namespacesOf(t *testing.T, objects map[string]render.Object, kind, name string) []string {
	t.Helper()
	var found []string
	for _, o := range objects {
		if o.GetKind() != kind || o.GetName() == name+"-scripts" {
			continue
		}
		assert.Equal(t, name, o.GetName())
		found = append(found, o.GetNamespace())
	}
	slices.Sort(found)
	return found
}

func TestConfigMap(t *testing.T) {
	for setting, name := range map[string]string{`""`: release, `"orders"`: "orders", `"no"`: "no"} {
		t.Run(name, func(t *testing.T) {
			objects := chart.Objects(t, values{"name": setting, "tenantNamespaces": tenants})
			require.Equal(t, served, namespacesOf(t, objects, "ConfigMap", name))
			for _, in := range served {
				configMap := render.Get[corev1.ConfigMap](t, objects, "ConfigMap/"+in+"/"+name)
				assert.Equal(t, map[string]string{
					"REDIS_CLUSTER_NAME":    name,
					"REDIS_SENTINEL_HOST":   "rfs-" + name + "." + namespace,
					"REDIS_SENTINEL_PORT":   "26379",
					"REDIS_SENTINEL_MASTER": "mymaster",
				}, configMap.Data)
				assert.Empty(t, configMap.BinaryData)
			}
			assert.Contains(t, objects, "RedisFailover/"+namespace+"/"+name)
		})
	}
}

// TestConfigMapOfProxiesAlone holds that nobody is told of what cannot be reached.
func TestConfigMapOfProxiesAlone(t *testing.T) {
	objects := chart.Objects(t, values{"access.sentinel": "false", "proxy.enabled": "true", "tenantNamespaces": tenants})
	for _, in := range served {
		assert.Equal(t, map[string]string{
			"REDIS_CLUSTER_NAME": release, "REDIS_HOST": release + "-proxy." + namespace, "REDIS_PORT": "6379", "REDIS_READ_PORT": "6380",
		}, render.Get[corev1.ConfigMap](t, objects, "ConfigMap/"+in+"/"+release).Data)
	}
}

// TestOwnSecret holds that with a Secret of the administrator's the chart renders
// the same every time and knows no password.
func TestOwnSecret(t *testing.T) {
	first, err := chart.Template(t, values{"tenantNamespaces": tenants})
	require.NoError(t, err)
	second, err := chart.Template(t, values{"tenantNamespaces": tenants})
	require.NoError(t, err)
	assert.Equal(t, first, second)
	assert.NotContains(t, first, "kind: Secret\n")
	assert.Equal(t, "mine", failover(t, nil).Spec.Auth.SecretPath)
}

func TestNoPassword(t *testing.T) {
	objects := chart.Objects(t, withoutPassword)
	assert.Empty(t, namespacesOf(t, objects, "Secret", release))
	spec := objects[chart.ID("RedisFailover")].Object["spec"]
	assert.NotContains(t, spec, "auth", "the operator would look for a Secret")
}

func TestNamespacesOfAllObjects(t *testing.T) {
	for id, o := range awkward.Objects(t, values{"tenantNamespaces": tenants}) {
		if o.GetKind() == "ConfigMap" || o.GetKind() == "Secret" {
			continue
		}
		assert.Equal(t, namespace, o.GetNamespace(), id)
		name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(o.GetName(), "-redis"), "-sentinel"), "-golive")
		if o.GetKind() == "PodDisruptionBudget" {
			name = strings.TrimPrefix(strings.TrimPrefix(name, "rfr-"), "rfs-")
		}
		assert.Equal(t, awkward.Release, name, id)
	}
}
