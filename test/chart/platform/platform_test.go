package platform

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/check"
	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

var platform = check.Platform{Registries: []string{"docker.io/", "quay.io/"}}

// refusals returns the violations that the platform denies or warns of by
// default.
func refusals(o objects) []check.Violation {
	return slices.DeleteFunc(platform.Check(o), func(v check.Violation) bool { return v.Severity == check.Note })
}

func TestRules(t *testing.T) {
	manifest, err := operatorChart.Template(t, nil)
	require.NoError(t, err)
	assert.Empty(t, refusals(parse(t, manifest)))

	for name, v := range map[string]render.Values{
		"default": nil,
		"large":   {"redis.replicas": "5", "sentinel.replicas": "7"},
	} {
		t.Run(name, func(t *testing.T) {
			chart := rendered(t, tenantChart, v)
			assert.Empty(t, refusals(chart))
			for version := range operators {
				t.Run(version, func(t *testing.T) {
					made := chart.operate(t, version)
					require.NotEmpty(t, made)
					assert.Empty(t, refusals(append(slices.Clone(chart), made...)))
				})
			}
		})
	}
}

// TestForecast breaks rules in the RedisFailover: what is said of it must be
// what is said of the objects that the operator makes of it.
func TestForecast(t *testing.T) {
	part := func(spec map[string]any, name string) map[string]any { return spec[name].(map[string]any) }
	without := func(component string, fields ...string) func(map[string]any) {
		return func(spec map[string]any) {
			for _, field := range fields {
				delete(part(spec, component), field)
			}
		}
	}
	set := func(component, field string, value any) func(map[string]any) {
		return func(spec map[string]any) { part(spec, component)[field] = value }
	}
	tests := map[string]struct {
		edit func(spec map[string]any)
		want []string
	}{
		"as rendered":                {func(map[string]any) {}, nil},
		"Redis without contexts":     {without("redis", "securityContext", "containerSecurityContext"), []string{"pod-security"}},
		"Sentinel without contexts":  {without("sentinel", "securityContext", "containerSecurityContext", "configCopy"), []string{"pod-security"}},
		"host network":               {set("redis", "hostNetwork", true), []string{"pod-security"}},
		"Redis without resources":    {without("redis", "resources"), []string{"resource-requests"}},
		"Sentinel without resources": {without("sentinel", "resources"), []string{"resource-requests"}},
		"latest Redis":               {set("redis", "image", "docker.io/library/redis:latest"), []string{"image-tag"}},
		"Sentinel from elsewhere":    {set("sentinel", "image", "example.com/redis:7"), []string{"image-registry"}},
		"one Redis":                  {set("redis", "replicas", int64(1)), []string{"disruption-budget"}},
		"two Redis, two Sentinels": {func(spec map[string]any) {
			set("redis", "replicas", int64(2))(spec)
			set("sentinel", "replicas", int64(2))(spec)
		}, nil},
		"three Redis, two Sentinels": {set("sentinel", "replicas", int64(2)), []string{"disruption-budget"}},
		"two Redis, one Sentinel": {func(spec map[string]any) {
			set("redis", "replicas", int64(2))(spec)
			set("sentinel", "replicas", int64(1))(spec)
		}, []string{"disruption-budget", "minimum-replicas"}},
		"a container without anything": {set("redis", "extraContainers", []any{map[string]any{"name": "x", "image": "x"}}), []string{"image-registry", "image-tag", "pod-security", "resource-requests"}},
	}
	rules := func(o objects) []string {
		found := map[string]bool{}
		for _, v := range refusals(o) {
			found[v.Rule] = true
		}
		return slices.Sorted(maps.Keys(found))
	}
	chart := rendered(t, tenantChart, nil)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			broken := chart.edited(t, test.edit)
			assert.Equal(t, test.want, rules(broken), "foretold")
			for version := range operators {
				t.Run(version, func(t *testing.T) {
					made := broken.operate(t, version)
					policies := slices.DeleteFunc(slices.Clone(broken), func(o unstructured.Unstructured) bool { return o.GetKind() != "NetworkPolicy" })
					assert.Equal(t, test.want, rules(append(policies, made...)), "made")
				})
			}
		})
	}
}

// templates returns the Pods that the operator makes, by component.
func templates(t *testing.T, made objects) map[string]corev1.PodTemplateSpec {
	t.Helper()
	return map[string]corev1.PodTemplateSpec{
		"redis":    get[appsv1.StatefulSet](t, made, "StatefulSet", "rfr-cache").Spec.Template,
		"sentinel": get[appsv1.Deployment](t, made, "Deployment", "rfs-cache").Spec.Template,
	}
}

// TestPorts holds the names and numbers that PodMonitors, policies and clients
// rely on.
func TestPorts(t *testing.T) {
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			chart := rendered(t, tenantChart, nil)
			made := chart.operate(t, version)
			for component, want := range map[string]map[string]int32{
				"redis":    {"redis": 6379, "metrics": 9121},
				"sentinel": {"sentinel": 26379, "metrics": 9355},
			} {
				ports := map[string]int32{}
				for _, container := range templates(t, made)[component].Spec.Containers {
					for _, port := range container.Ports {
						ports[port.Name] = port.ContainerPort
					}
				}
				assert.Equal(t, want, ports, component)

				policy := get[networkingv1.NetworkPolicy](t, chart, "NetworkPolicy", "cache-"+component)
				for _, rule := range policy.Spec.Ingress {
					for _, port := range rule.Ports {
						assert.Contains(t, slices.Collect(maps.Values(ports)), port.Port.IntVal, "%s lets in to a port that nobody has", component)
					}
				}
			}
			service := get[corev1.Service](t, made, "Service", "rfs-cache")
			assert.EqualValues(t, 26379, service.Spec.Ports[0].Port, "REDIS_SENTINEL_HOST names this Service")
		})
	}
}

// TestSelectors holds that each selector selects the Pods of one component of
// this instance, and none of another's.
func TestSelectors(t *testing.T) {
	other := tenantChart
	other.Release = "sessions"
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			chart := rendered(t, tenantChart, nil)
			made := chart.operate(t, version)
			sessions := rendered(t, other, nil).operate(t, version)
			foreign := get[appsv1.StatefulSet](t, sessions, "StatefulSet", "rfr-sessions").Spec.Template.Labels

			pods := templates(t, made)
			selects := func(selector *metav1.LabelSelector, component, name string) {
				parsed, err := metav1.LabelSelectorAsSelector(selector)
				require.NoError(t, err)
				for of, template := range pods {
					assert.Equal(t, of == component, parsed.Matches(labels.Set(template.Labels)), "%s selects %s", name, of)
				}
				assert.False(t, parsed.Matches(labels.Set(foreign)), "%s selects another instance", name)
			}
			for component, prefix := range map[string]string{"redis": "rfr-cache", "sentinel": "rfs-cache"} {
				policy := get[networkingv1.NetworkPolicy](t, chart, "NetworkPolicy", "cache-"+component)
				selects(&policy.Spec.PodSelector, component, "NetworkPolicy")
				service := get[corev1.Service](t, made, "Service", prefix)
				selects(&metav1.LabelSelector{MatchLabels: service.Spec.Selector}, component, "Service")
				selects(get[policyv1.PodDisruptionBudget](t, made, "PodDisruptionBudget", prefix).Spec.Selector, component, "PodDisruptionBudget")
				for _, constraint := range pods[component].Spec.TopologySpreadConstraints {
					selects(constraint.LabelSelector, component, "spread")
				}
				if affinity := pods[component].Spec.Affinity; affinity.PodAntiAffinity != nil {
					for _, term := range affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
						selects(term.LabelSelector, component, "anti-affinity")
					}
				}
			}
		})
	}
}

// TestNewChartRestartsNothing gives the chart another version: what decides
// whether the operator restarts a Pod stays the same to the byte. Without
// labelWhitelist it would not.
func TestNewChartRestartsNothing(t *testing.T) {
	newer := tenantChart
	newer.Dir = filepath.Join(t.TempDir(), "tenant-redis")
	require.NoError(t, os.CopyFS(newer.Dir, os.DirFS(tenantChart.Dir)))
	file := filepath.Join(newer.Dir, "Chart.yaml")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	data = regexp.MustCompile(`(?m)^(version|appVersion): .*$`).ReplaceAll(data, []byte("$1: 99.9.9"))
	require.NoError(t, os.WriteFile(file, data, 0o600))

	before, after := rendered(t, tenantChart, nil), rendered(t, newer, nil)
	all := func(spec map[string]any) { delete(spec, "labelWhitelist") }
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			encoded := func(o objects) string {
				text, err := yaml.Marshal(templates(t, o.operate(t, version)))
				require.NoError(t, err)
				return string(text)
			}
			assert.Equal(t, encoded(before), encoded(after))
			assert.NotEqual(t, encoded(before.edited(t, all)), encoded(after.edited(t, all)), "the version must be able to show")
		})
	}
}

// TestPasswordStaysOutOfPods holds where the operator writes the password in
// clear: into redis.conf, and nowhere else.
func TestPasswordStaysOutOfPods(t *testing.T) {
	const password = "correct-horse"
	secret := parse(t, "{apiVersion: v1, kind: Secret, metadata: {name: cache, namespace: redis-system}, data: {password: Y29ycmVjdC1ob3JzZQ==}}")
	chart := rendered(t, tenantChart, nil).edited(t, func(spec map[string]any) {
		spec["auth"] = map[string]any{"secretPath": "cache"}
	})
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			var holders []string
			for _, object := range append(chart, secret...).operate(t, version) {
				data, err := yaml.Marshal(object.Object)
				require.NoError(t, err)
				if strings.Contains(string(data), password) {
					holders = append(holders, object.GetKind()+" "+object.GetName())
				}
			}
			assert.Equal(t, []string{"ConfigMap rfr-cache"}, holders)
		})
	}
}

// TestUnknownFieldIsRefused is the control of the strict reading: a field that
// the operator would drop is refused.
func TestUnknownFieldIsRefused(t *testing.T) {
	chart := rendered(t, tenantChart, nil).edited(t, func(spec map[string]any) { spec["sentinels"] = int64(3) })
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			_, problem := chart.run(t, version)
			assert.Contains(t, problem, `unknown field "spec.sentinels"`)
		})
	}
}
