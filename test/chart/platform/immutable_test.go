package platform

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// mutable is what Kubernetes lets change of a StatefulSet.
var mutable = []string{"replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds", "revisionHistoryLimit"}

// frozen returns what Kubernetes lets nobody change of an object. Whoever tries is refused,
// the operator at each reconcile.
func frozen(t *testing.T, object unstructured.Unstructured) map[string]any {
	t.Helper()
	field := func(path ...string) any {
		value, _, err := unstructured.NestedFieldNoCopy(object.Object, path...)
		require.NoError(t, err)
		return value
	}
	switch object.GetKind() {
	case "StatefulSet":
		spec := maps.Clone(field("spec").(map[string]any))
		maps.DeleteFunc(spec, func(name string, _ any) bool { return slices.Contains(mutable, name) })
		return spec
	case "Deployment":
		return map[string]any{"selector": field("spec", "selector")}
	case "RoleBinding", "ClusterRoleBinding":
		return map[string]any{"roleRef": field("roleRef")}
	case "ConfigMap":
		return map[string]any{"immutable": field("immutable")}
	case "Service":
		return map[string]any{"clusterIP": field("spec", "clusterIP")}
	}
	return nil
}

// TestNothingImmutableChanges upgrades an instance from some values to others, and to the
// other version of the operator: nothing that is there already has to be another one.
func TestNothingImmutableChanges(t *testing.T) {
	upgrades := map[string]render.Values{
		"nothing":      nil,
		"purpose":      {"purpose": `"session"`},
		"size":         {"size": `"large"`},
		"namespaces":   {"tenantNamespaces": `["team-a", "team-b"]`},
		"access":       {"access.allNamespaces": "true", "access.label": `"example.com/redis"`, "tenantSubjects": `[{"kind": "Group", "name": "team-a"}]`},
		"image":        {"image": `"docker.io/valkey/valkey:9.1.3"`, "imagePullSecrets": `[{"name": "registry"}]`},
		"user":         {"runAsUser": "0"},
		"settings":     {"redis.config": `{"timeout": "60"}`, "redis.terminationGracePeriodSeconds": "120", "sentinel.downAfterMilliseconds": "3000"},
		"proxy":        {"proxy.enabled": "true", "proxy.sidecar": "true"},
		"password":     {"auth.enabled": "true", "auth.existingSecret": `"mine"`},
		"users":        {"auth.enabled": "true", "auth.existingSecret": `"mine"`, "auth.tenantUser": `"app"`, "auth.readOnlyUser": `"viewer"`},
		"placement":    {"placement.nodeSelector": `{"type": "redis"}`, "placement.priorityClassName": `"high"`, "placement.tolerations": `[{"key": "type", "operator": "Exists"}]`},
		"monitoring":   {"monitoring.enabled": "true", "monitoring.probe.writes": "true", "monitoring.labels": `{"release": "prometheus"}`},
		"all in all":   {"purpose": `"session"`, "size": `"medium"`, "proxy.enabled": "true", "monitoring.enabled": "true", "tenantSubjects": `[{"kind": "User", "name": "somebody"}]`},
		"more of each": {"redis.replicas": "5", "sentinel.replicas": "5", "proxy.enabled": "true", "proxy.replicas": "3"},
	}
	secret := parse(t, "{apiVersion: v1, kind: Secret, metadata: {name: mine, namespace: redis-system}, data: {password: bWluZQ==, tenant-password: dGVuYW50, read-only-password: cmVhZGVy}}")
	kinds := map[string]bool{}
	for version := range operators {
		before := rendered(t, tenantChart, version, nil)
		before = append(before, before.operate(t, version)...)
		// Half of these have their objects already, too.
		rich := rendered(t, tenantChart, version, upgrades["all in all"])
		before = append(before, rich...)
		for to := range operators {
			for name, v := range upgrades {
				if name == "more of each" && operators[to].flavour != "spotahome-1.3" {
					continue // v1.2.4 has three of each
				}
				t.Run(version+"/"+to+"/"+name, func(t *testing.T) {
					after := rendered(t, tenantChart, to, v)
					after = append(after, append(slices.Clone(after), secret...).operate(t, to)...)
					for _, object := range after {
						for _, old := range before {
							if old.GetKind() == object.GetKind() && old.GetName() == object.GetName() && old.GetNamespace() == object.GetNamespace() {
								kinds[object.GetKind()] = true
								assert.Equal(t, frozen(t, old), frozen(t, object), "%s %s", object.GetKind(), object.GetName())
							}
						}
					}
				})
			}
		}
	}
	for _, kind := range []string{"StatefulSet", "Deployment", "Service", "RoleBinding", "ConfigMap"} {
		assert.True(t, kinds[kind], "no %s is upgraded", kind)
	}
}

// TestImmutableChangeIsFound is its control.
func TestImmutableChangeIsFound(t *testing.T) {
	const version = "v1.3.0-rc1"
	made := rendered(t, tenantChart, version, nil).operate(t, version)
	set := made.ofKind("StatefulSet")[0]
	other := *set.DeepCopy()
	require.NoError(t, unstructured.SetNestedField(other.Object, "another", "spec", "template", "spec", "priorityClassName"))
	require.Equal(t, frozen(t, set), frozen(t, other))
	require.NoError(t, unstructured.SetNestedField(other.Object, "another", "spec", "serviceName"))
	require.NotEqual(t, frozen(t, set), frozen(t, other))
}
