package tenantredis

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

var proxied = values{"proxy.enabled": "true"}

// proxyLabels are those of the proxy's Pods.
var proxyLabels = map[string]string{
	"app.kubernetes.io/name": release, "app.kubernetes.io/component": "proxy", "app.kubernetes.io/part-of": "tenant-redis",
}

func proxyDeployment(t *testing.T, v values) appsv1.DeploymentSpec {
	t.Helper()
	all := values{"proxy.enabled": "true"}
	maps.Copy(all, v)
	return render.Get[appsv1.Deployment](t, chart.Objects(t, all), chart.ID("Deployment")+"-proxy").Spec
}

func TestProxyIsOffByDefault(t *testing.T) {
	for id, object := range chart.Objects(t, nil) {
		assert.NotContains(t, id, "proxy")
		assert.NotContains(t, []string{"Deployment", "Service"}, object.GetKind())
		assert.NotContains(t, string(object.Raw), "component: proxy", "%s", id)
	}
}

// TestProxyContract holds that what it adds to the connection ConfigMap leads to
// it.
func TestProxyContract(t *testing.T) {
	objects := chart.Objects(t, values{"proxy.enabled": "true", "tenantNamespaces": tenants})
	service := render.Get[corev1.Service](t, objects, chart.ID("Service")+"-proxy")
	ports := map[string]int32{}
	for _, port := range service.Spec.Ports {
		ports[port.Name] = port.Port
		assert.Equal(t, port.Name, port.TargetPort.StrVal)
	}
	assert.Equal(t, map[string]int32{"redis": 6379, "redis-read": 6380}, ports)
	for _, in := range served {
		data := render.Get[corev1.ConfigMap](t, objects, "ConfigMap/"+in+"/"+release).Data
		assert.Equal(t, service.Name+"."+namespace, data["REDIS_HOST"])
		assert.Equal(t, "6379", data["REDIS_PORT"])
		assert.Equal(t, "6380", data["REDIS_READ_PORT"])
		assert.Equal(t, "mymaster", data["REDIS_SENTINEL_MASTER"])
	}

	spec := proxyDeployment(t, nil)
	assert.Equal(t, proxyLabels, service.Spec.Selector)
	assert.Equal(t, proxyLabels, spec.Selector.MatchLabels)
	assert.Equal(t, proxyLabels, spec.Template.Labels)
	assert.Equal(t, proxyLabels, render.Get[policyv1.PodDisruptionBudget](t, objects, chart.ID("PodDisruptionBudget")+"-proxy").Spec.Selector.MatchLabels)
	have := map[string]int32{}
	for _, port := range spec.Template.Spec.Containers[0].Ports {
		have[port.Name] = port.ContainerPort
	}
	assert.Equal(t, map[string]int32{"redis": 6379, "redis-read": 6380, "metrics": 8404}, have)
}

// TestProxyKnowsItsSentinels holds that the Service whose address it takes from
// its environment is the chart's own, which is there before it.
func TestProxyKnowsItsSentinels(t *testing.T) {
	for name, variable := range map[string]string{"cache": "$(CACHE_SENTINEL_SERVICE_HOST)", "team-a-cache": "$(TEAM_A_CACHE_SENTINEL_SERVICE_HOST)"} {
		objects := chart.Objects(t, values{"proxy.enabled": "true", "name": text(name)})
		pod := render.Get[appsv1.Deployment](t, objects, "Deployment/"+namespace+"/"+name+"-proxy").Spec.Template.Spec
		require.True(t, *pod.EnableServiceLinks)
		assert.Contains(t, pod.Containers[0].Env, corev1.EnvVar{Name: "REDIS_SENTINEL_HOST", Value: variable})
		service := render.Get[corev1.Service](t, objects, "Service/"+namespace+"/"+name+"-sentinel")
		assert.Equal(t, "sentinel", service.Spec.Selector["app.kubernetes.io/component"])
		assert.EqualValues(t, 26379, service.Spec.Ports[0].Port)
	}
}

// TestProxyPassword holds that it comes from the Secret and stands nowhere.
func TestProxyPassword(t *testing.T) {
	env := func(v values) map[string]corev1.EnvVar {
		found := map[string]corev1.EnvVar{}
		for _, variable := range proxyDeployment(t, v).Template.Spec.Containers[0].Env {
			found[variable.Name] = variable
		}
		return found
	}
	reference := env(nil)["REDIS_PASSWORD"].ValueFrom.SecretKeyRef
	assert.Equal(t, "mine", reference.Name)
	assert.Equal(t, "password", reference.Key)
	assert.NotContains(t, env(withoutPassword), "REDIS_PASSWORD")

	config := func(v values) string {
		return render.Get[corev1.ConfigMap](t, chart.Objects(t, v), chart.ID("ConfigMap")+"-proxy").Data["haproxy.cfg"]
	}
	assert.Contains(t, config(proxied), "AUTH ${REDIS_USERNAME} ${REDIS_PASSWORD}")
	assert.NotContains(t, config(values{"proxy.enabled": "true", "auth.enabled": "false", "auth.existingSecret": `""`}), "AUTH")
}

// TestProxyConfiguration holds what depends on values, and that a change of it
// restarts the proxies.
func TestProxyConfiguration(t *testing.T) {
	config := func(v values) string {
		return render.Get[corev1.ConfigMap](t, chart.Objects(t, v), chart.ID("ConfigMap")+"-proxy").Data["haproxy.cfg"]
	}
	large := values{"proxy.enabled": "true", "sentinel.replicas": "5", "redis.replicas": "5", "sentinel.downAfterMilliseconds": "3000", "proxy.maxConnections": "400"}
	for _, line := range []string{"setenv SENTINEL_MAJORITY 3", "setenv SENTINEL_DETECTION 3000", "timeout check 3000ms", "maxconn 400", "server replica5 "} {
		assert.Contains(t, config(large), line)
		assert.NotContains(t, config(proxied), line)
	}
	assert.Equal(t, 5, strings.Count(config(large), "server replica"))

	revision := func(v values) string {
		return proxyDeployment(t, v).Template.Annotations["tenant-redis.dev/configuration"]
	}
	assert.Equal(t, revision(nil), revision(values{"proxy.replicas": "3"}))
	assert.NotEqual(t, revision(nil), revision(values{"proxy.maxConnections": "400"}))
}

// TestProxySidecar holds where the configuration is.
func TestProxySidecar(t *testing.T) {
	for name, test := range map[string]struct {
		values values
		in     []string
	}{
		"off":     {nil, nil},
		"proxy":   {proxied, []string{namespace}},
		"sidecar": {values{"proxy.sidecar": "true"}, served},
		"both":    {values{"proxy.sidecar": "true", "proxy.enabled": "true"}, served},
	} {
		t.Run(name, func(t *testing.T) {
			v := values{"tenantNamespaces": tenants}
			maps.Copy(v, test.values)
			objects := chart.Objects(t, v)
			for _, in := range served {
				if id := "ConfigMap/" + in + "/" + release + "-proxy"; slices.Contains(test.in, in) {
					assert.Contains(t, objects, id)
				} else {
					assert.NotContains(t, objects, id)
				}
			}
		})
	}
}

// TestProxyPods holds how they are placed, ended, and what they get.
func TestProxyPods(t *testing.T) {
	spec := proxyDeployment(t, values{
		"proxy.replicas": "3", "proxy.maxConnections": "1024", "proxy.cpu": `"250m"`, "proxy.image": `"mirror.example/haproxy:2.8.1"`,
		"imagePullSecrets": `[{"name": "mirror"}]`, "placement.nodeSelector": `{"type": "redis"}`, "placement.priorityClassName": `"high"`,
		"placement.tolerations": `[{"key": "type", "operator": "Exists"}]`,
	})
	assert.EqualValues(t, 3, *spec.Replicas)
	pod, container := spec.Template.Spec, spec.Template.Spec.Containers[0]
	assert.Equal(t, "mirror.example/haproxy:2.8.1", container.Image)
	assert.Equal(t, []corev1.LocalObjectReference{{Name: "mirror"}}, pod.ImagePullSecrets)
	assert.Equal(t, map[string]string{"type": "redis"}, pod.NodeSelector)
	assert.Equal(t, "high", pod.PriorityClassName)
	assert.Equal(t, []corev1.Toleration{{Key: "type", Operator: "Exists"}}, pod.Tolerations)
	term := pod.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0]
	assert.Equal(t, corev1.LabelHostname, term.TopologyKey)
	assert.Equal(t, proxyLabels, term.LabelSelector.MatchLabels)
	assert.Equal(t, "250m", container.Resources.Requests.Cpu().String())
	assert.NotContains(t, container.Resources.Limits, corev1.ResourceCPU)
	assert.Equal(t, "112Mi", container.Resources.Requests.Memory().String())
	assert.Equal(t, "288Mi", container.Resources.Limits.Memory().String())
	encrypted := proxyDeployment(t, values{"proxy.maxConnections": "1024", "proxy.tls.existingSecret": `"a"`}).Template.Spec.Containers[0].Resources
	assert.Equal(t, "160Mi", encrypted.Requests.Memory().String())
	assert.Equal(t, "336Mi", encrypted.Limits.Memory().String())

	// The hook, and one second in which HAProxy ends.
	assert.Equal(t, []string{"sleep", "10"}, container.Lifecycle.PreStop.Exec.Command)
	assert.Greater(t, *pod.TerminationGracePeriodSeconds, int64(11))
	assert.Zero(t, spec.Strategy.RollingUpdate.MaxSurge.IntValue(), "on two nodes, a third Pod would stay Pending")
}
