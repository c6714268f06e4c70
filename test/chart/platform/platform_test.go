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

// withTests is the tenant chart with the Jobs of helm test.
var withTests = render.Chart{Dir: tenantChart.Dir, Release: tenantChart.Release, Namespace: tenantChart.Namespace, Tests: true}

func TestRules(t *testing.T) {
	manifest, err := operatorChart.Template(t, nil)
	require.NoError(t, err)
	assert.Empty(t, platform.Check(parse(t, manifest)))

	for version := range operators {
		tests := map[string]render.Values{
			"default":     nil,
			"session":     {"purpose": `"session"`},
			"medium":      {"size": `"medium"`},
			"large":       {"size": `"large"`},
			"proxy":       {"proxy.enabled": "true", "proxy.sidecar": "true"},
			"writes":      {"monitoring.enabled": "true", "monitoring.probe.writes": "true"},
			"size of own": {"size": `"own"`, "redis.memory": `"128Mi"`, "redis.cpu": `"10m"`},
		}
		if operators[version].flavour == "spotahome-1.3" {
			// v1.2.4 has three of each, or is refused.
			tests["many"] = render.Values{"redis.replicas": "5", "sentinel.replicas": "7"}
		}
		for name, v := range tests {
			t.Run(version+"/"+name, func(t *testing.T) {
				chart := rendered(t, withTests, version, v)
				require.Len(t, chart.ofKind("Job"), 2)
				assert.Empty(t, platform.Check(chart))
				made := chart.operate(t, version)
				require.NotEmpty(t, made)
				assert.Empty(t, platform.Check(append(slices.Clone(chart), made...)))
			})
		}
	}
}

// TestJobsNeedTheirPolicy is the control of TestRules for the Jobs of helm test.
func TestJobsNeedTheirPolicy(t *testing.T) {
	chart := rendered(t, withTests, "v1.3.0-rc1", nil)
	var found []string
	for _, v := range platform.Check(slices.DeleteFunc(chart, func(u unstructured.Unstructured) bool {
		return u.GetName() == "cache-golive" && u.GetKind() == "NetworkPolicy"
	})) {
		found = append(found, v.Rule+" "+v.Object)
	}
	assert.Equal(t, []string{"network-policy Job/redis-system/cache-golive", "network-policy Job/redis-system/cache-stranger"}, found)
}

// TestBudgets holds that each component has one PodDisruptionBudget, the chart's
// or the operator's: no Pod of two could be evicted.
func TestBudgets(t *testing.T) {
	for version, want := range map[string]struct{ chart, operator []string }{
		"v1.3.0-rc1": {chart: []string{"rfr-cache", "rfs-cache"}},
		"v1.2.4":     {operator: []string{"rfr-cache", "rfs-cache"}},
	} {
		budgets := func(o objects) []string {
			var names []string
			for _, budget := range o.ofKind("PodDisruptionBudget") {
				names = append(names, budget.GetName())
			}
			return slices.Sorted(slices.Values(names))
		}
		chart := rendered(t, tenantChart, version, nil)
		for _, name := range want.chart {
			budget := get[policyv1.PodDisruptionBudget](t, chart, "PodDisruptionBudget", name).Spec
			require.NotNil(t, budget.UnhealthyPodEvictionPolicy, name)
			assert.Equal(t, policyv1.AlwaysAllow, *budget.UnhealthyPodEvictionPolicy, "%s: one that is broken must not hold up a drain", name)
		}
		assert.Equal(t, want.chart, budgets(chart), version)
		assert.Equal(t, want.operator, budgets(chart.operate(t, version)), version)
	}
}

// TestMigration holds that the operator makes no Sentinels and no Service for them
// while it copies another Redis, and the same Redis Pods as without: the end of the
// migration must not replace them.
func TestMigration(t *testing.T) {
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			made := rendered(t, tenantChart, version, render.Values{"migrateFrom": `"10.1.2.3"`}).operate(t, version)
			serving := rendered(t, tenantChart, version, nil).operate(t, version)
			names := func(o objects) (all []string) {
				for _, object := range o {
					all = append(all, object.GetKind()+" "+object.GetName())
				}
				return all
			}
			for _, sentinels := range []string{"Deployment rfs-cache", "Service rfs-cache"} {
				assert.NotContains(t, names(made), sentinels)
				assert.Contains(t, names(serving), sentinels)
			}
			assert.Equal(t, get[appsv1.StatefulSet](t, serving, "StatefulSet", "rfr-cache"), get[appsv1.StatefulSet](t, made, "StatefulSet", "rfr-cache"))
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
		// operatorsBudget tells that the operator's budget breaks a rule too; the
		// chart's fit any number.
		operatorsBudget bool
	}{
		"as rendered":                {func(map[string]any) {}, nil, false},
		"Redis without contexts":     {without("redis", "securityContext", "containerSecurityContext"), []string{"pod-security"}, false},
		"Sentinel without contexts":  {without("sentinel", "securityContext", "containerSecurityContext", "configCopy"), []string{"pod-security"}, false},
		"host network":               {set("redis", "hostNetwork", true), []string{"pod-security"}, false},
		"Redis without resources":    {without("redis", "resources"), []string{"resource-requests"}, false},
		"Sentinel without resources": {without("sentinel", "resources"), []string{"resource-requests"}, false},
		"latest Redis":               {set("redis", "image", "docker.io/library/redis:latest"), []string{"image-tag"}, false},
		"Sentinel from elsewhere":    {set("sentinel", "image", "example.com/redis:7"), []string{"image-registry"}, false},
		"one Redis":                  {set("redis", "replicas", int64(1)), nil, true},
		"two Redis, two Sentinels": {func(spec map[string]any) {
			set("redis", "replicas", int64(2))(spec)
			set("sentinel", "replicas", int64(2))(spec)
		}, nil, false},
		"three Redis, two Sentinels": {set("sentinel", "replicas", int64(2)), nil, true},
		"two Redis, one Sentinel": {func(spec map[string]any) {
			set("redis", "replicas", int64(2))(spec)
			set("sentinel", "replicas", int64(1))(spec)
		}, []string{"minimum-replicas"}, true},
		"a container without anything": {set("redis", "extraContainers", []any{map[string]any{"name": "x", "image": "x"}}), []string{"image-registry", "image-tag", "pod-security", "resource-requests"}, false},
	}
	rules := func(o objects) []string {
		found := map[string]bool{}
		for _, v := range platform.Check(o) {
			found[v.Rule] = true
		}
		return slices.Sorted(maps.Keys(found))
	}
	for version := range operators {
		chart := rendered(t, tenantChart, version, nil)
		for name, test := range tests {
			t.Run(version+"/"+name, func(t *testing.T) {
				want := test.want
				if test.operatorsBudget && operators[version].flavour == "spotahome-1.2" {
					want = slices.Sorted(slices.Values(append([]string{"disruption-budget"}, want...)))
				}
				broken := chart.edited(t, test.edit)
				assert.Equal(t, want, rules(broken), "foretold")
				made := slices.Concat(broken.ofKind("NetworkPolicy"), broken.ofKind("PodDisruptionBudget"), broken.operate(t, version))
				assert.Equal(t, want, rules(made), "made")
			})
		}
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
			chart := rendered(t, tenantChart, version, nil)
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
			chart := rendered(t, tenantChart, version, nil)
			made := chart.operate(t, version)
			sessions := rendered(t, other, version, nil).operate(t, version)
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
				selects(get[policyv1.PodDisruptionBudget](t, append(chart, made...), "PodDisruptionBudget", prefix).Spec.Selector, component, "PodDisruptionBudget")
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

	all := func(spec map[string]any) { delete(spec, "labelWhitelist") }
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			before, after := rendered(t, tenantChart, version, nil), rendered(t, newer, version, nil)
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

// TestNodesCanBeRemoved holds that no Pod keeps the cluster autoscaler from removing its node,
// as one with a local volume does unless the volume is named.
func TestNodesCanBeRemoved(t *testing.T) {
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			all := rendered(t, tenantChart, version, render.Values{"proxy.enabled": "true", "monitoring.enabled": "true", "monitoring.probe.writes": "true"})
			pods := templates(t, all.operate(t, version))
			for _, deployment := range all.ofKind("Deployment") {
				pods[deployment.GetName()] = get[appsv1.Deployment](t, all, "Deployment", deployment.GetName()).Spec.Template
			}
			require.Len(t, pods, 4)
			local := 0
			for name, pod := range pods {
				named := strings.Split(pod.Annotations["cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"], ",")
				for _, volume := range pod.Spec.Volumes {
					if volume.EmptyDir != nil || volume.HostPath != nil {
						local++
						assert.Contains(t, named, volume.Name, name)
					}
				}
			}
			assert.GreaterOrEqual(t, local, 2, "Redis and Sentinel have one")
		})
	}
}

// TestPasswordStaysOutOfPods holds where the operator writes the password in
// clear: into redis.conf, and nowhere else.
func TestPasswordStaysOutOfPods(t *testing.T) {
	const password = "correct-horse"
	secret := parse(t, "{apiVersion: v1, kind: Secret, metadata: {name: cache, namespace: redis-system}, data: {password: Y29ycmVjdC1ob3JzZQ==}}")
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			chart := rendered(t, tenantChart, version, nil).edited(t, func(spec map[string]any) {
				spec["auth"] = map[string]any{"secretPath": "cache"}
			})
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
	for version := range operators {
		t.Run(version, func(t *testing.T) {
			chart := rendered(t, tenantChart, version, nil).edited(t, func(spec map[string]any) { spec["sentinels"] = int64(3) })
			_, problem := chart.run(t, version)
			assert.Contains(t, problem, `unknown field "spec.sentinels"`)
		})
	}
}
