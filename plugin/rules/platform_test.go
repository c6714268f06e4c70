package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

const (
	pod           = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - "
	networkPolicy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec:\n  podSelector: {matchLabels: {tenant-redis.dev/tenant: team-a}}\n  ingress:\n    - "
	connection    = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: team-a}\ndata: {REDIS_SENTINEL_HOST: h}\n---\n"
	access        = "  namespaces: [team-a]\n  access: {podLabels: {in: allow}, platformNamespaces: [monitoring]}\n"
)

// TestRefusals holds that a rule which cannot be kept, or is about nothing,
// stops everything.
func TestRefusals(t *testing.T) {
	patch := func(operations string) string {
		return "  patches: [{target: {kind: Pod}, operations: [" + operations + "]}]\n"
	}
	const refuse = "  resources: {onExcess: refuse, requests: {cpu: 500m}, limits: {memory: 1Gi}}\n"
	const clamp = "  resources: {onExcess: clamp, limits: {memory: 1Gi}}\n"
	tests := map[string]struct{ spec, stream, want string }{
		"limit above the ceiling": {
			refuse, pod + "resources: {limits: {memory: 1025Mi}}\n",
			"manifests: line 6: Pod p: .spec.containers[0]: has 1025Mi as resources.limits.memory; the tenant's ceiling is 1Gi (spec.resources.limits.memory); lower it in the chart's values, or raise the ceiling",
		},
		"request above the ceiling of the limit": {
			refuse, pod + "resources: {limits: {memory: 1Gi}, requests: {memory: 2e9}}\n",
			"manifests: line 6: Pod p: .spec.containers[0]: has 2e9 as resources.requests.memory; the tenant's ceiling is 1Gi (spec.resources.limits.memory); lower it in the chart's values, or raise the ceiling",
		},
		"request above its ceiling": {
			refuse, pod + "resources: {limits: {memory: 1Gi}, requests: {cpu: 0.6}}\n",
			"manifests: line 6: Pod p: .spec.containers[0]: has 0.6 as resources.requests.cpu; the tenant's ceiling is 500m (spec.resources.requests.cpu); lower it in the chart's values, or raise the ceiling",
		},
		"no limit": {
			refuse, pod + "name: a\n",
			"manifests: line 6: Pod p: .spec.containers[0]: has no resources.limits.memory; the tenant's ceiling is 1Gi (spec.resources.limits.memory); set it in the chart's values",
		},
		"no quantity": {
			refuse, pod + "resources: {limits: {memory: lots}}\n",
			"manifests: line 6: Pod p: .spec.containers[0]: has \"lots\" as limits of memory, which is not a quantity; write one such as 100m or 64Mi",
		},
		"the memory of Redis is not clamped": {
			clamp, "apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: r}\nspec: {redis: {resources: {limits: {memory: 2Gi}}}}\n",
			"manifests: line 4: RedisFailover r: .spec.redis: has 2Gi as resources.limits.memory; the tenant's ceiling is 1Gi (spec.resources.limits.memory); lower it in the chart's values, or raise the ceiling",
		},
		"no container": {
			refuse, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
			"tenant.yaml:6:14: spec.resources: matches nothing: there is no container; allowed are rules that the manifests need; mend or remove it, or say optional: true",
		},
		"no image": {
			"  images: [{from: quay.io, to: a.example}]\n", pod + "image: redis\n",
			"tenant.yaml:6:12: spec.images[0]: matches nothing: no image comes from quay.io; allowed are rules that the manifests need; mend or remove it, or say optional: true",
		},
		"no alert": {
			"  alerts: {labels: {a: b}}\n", pod + "image: redis\n",
			"tenant.yaml:6:11: spec.alerts: matches nothing: there is no alert in a PrometheusRule; allowed are rules that the manifests need; mend or remove it, or say optional: true",
		},
		"no Pod": {
			"  placement: {nodeSelector: {a: b}}\n", connection,
			"manifests: line 1: ConfigMap team-a/c: is in the namespace team-a, which is not the tenant's; allowed are redis-system; change the chart's values, or add it to spec.namespaces of the tenant file",
		},
		"no Pod to place": {
			"  placement: {nodeSelector: {a: b}}\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
			"tenant.yaml:6:14: spec.placement: matches nothing: there is no Pod; allowed are rules that the manifests need; mend or remove it, or say optional: true",
		},
		"no target": {
			patch("{op: remove, path: /spec}"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
			"tenant.yaml:6:13: spec.patches[0]: matches nothing: no object is its target; allowed are rules that the manifests need; mend or remove it, or say optional: true",
		},

		"no client": {
			access, connection + networkPolicy + "from: [{podSelector: {matchLabels: {a: b}}}]\n",
			"tenant.yaml:7:11: spec.access: matches nothing: no NetworkPolicy has a peer of another namespace that is not the platform's; allowed are rules that the manifests need; mend or remove it, or say optional: true",
		},
		"no connection": {
			access, networkPolicy + "from: [{namespaceSelector: {}}]\n",
			"tenant.yaml:6:16: spec.namespaces[0]: team-a gets no connection ConfigMap; allowed are namespaces that the chart makes one in; add it to the chart's tenantNamespaces",
		},
		"everyone": {
			access, connection + networkPolicy + "ports: [{port: 6379}]\n",
			"manifests: line 12: NetworkPolicy n: .spec.ingress[0]: lets everyone in; name the peers in from",
		},
		"addresses": {
			access, connection + networkPolicy + "from: [{ipBlock: {cidr: 10.0.0.0/8}}]\n",
			"manifests: line 12: NetworkPolicy n: .spec.ingress[0].from[0]: lets addresses in, which belong to no tenant; select Pods",
		},

		"a path that is not there": {
			patch("{op: replace, path: /spec/hostNetwork, value: false}"), pod + "image: redis\n",
			"manifests: line 5: Pod p: .spec: has no hostNetwork, which spec.patches[0].operations[0] wants to replace; look at the path",
		},
		"a path through nothing": {
			patch("{op: add, path: /spec/affinity/a, value: 1}"), pod + "image: redis\n",
			"manifests: line 5: Pod p: .spec: has no affinity, which the path of spec.patches[0].operations[0] goes through; add it first",
		},
		"a test that fails": {
			patch("{op: test, path: /metadata/name, value: q}, {op: add, path: /spec/a, value: 1}"), pod + "image: redis\n",
			"manifests: line 3: Pod p: .metadata.name: is not what spec.patches[0].operations[0] tests for; the patch is not carried out",
		},
		"an index that is not there": {
			patch("{op: add, path: /spec/containers/2, value: {}}"), pod + "image: redis\n",
			"manifests: line 6: Pod p: .spec.containers: has 1 items, and \"2\" of spec.patches[0].operations[0] names none; allowed are 0 and up, and - to add at the end",
		},
		"a patch that undoes itself": {
			patch("{op: add, path: /spec/a, value: 1}, {op: remove, path: /spec/a}"), pod + "image: redis\n",
			"manifests: line 1: Pod p: cannot be patched by spec.patches[0].operations[0]: a second run would change it again; write operations that hold together after they are carried out",
		},
		"a patch of what its target names": {
			"  patches: [{target: {kind: Pod, name: p}, operations: [{op: replace, path: /metadata/name, value: q}]}]\n", pod + "image: redis\n",
			"manifests: line 1: Pod p: is not the target of spec.patches[0] any more after it: a second run would not find it; leave what the target names as it is",
		},
		"tolerations that are no list": {
			"  placement: {tolerations: [{key: a}]}\n", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {tolerations: none}\n",
			"manifests: line 4: Pod p: .spec.tolerations: is a single value; must be a list",
		},
		"a patch of what an object is": {
			patch("{op: remove, path: /kind}"), pod + "image: redis\n",
			"manifests: line 1: Pod p: is not a Kubernetes object: it has no kind; each document needs apiVersion and kind",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Render(teamA(t, test.spec), []byte(test.stream))
			require.EqualError(t, err, test.want)
			require.Empty(t, got)
		})
	}
}

// TestOptionalRulesMayMatchNothing holds the other way out.
func TestOptionalRulesMayMatchNothing(t *testing.T) {
	team := teamA(t, "  namespaces: [team-a]\n  images: [{from: quay.io, to: a.example, optional: true}]\n"+
		"  access: {podLabels: {in: allow}, optional: true}\n  resources: {onExcess: refuse, optional: true}\n"+
		"  alerts: {labels: {a: b}, optional: true}\n  placement: {nodeSelector: {a: b}, optional: true}\n"+
		"  sidecars: [{target: {kind: Pod}, instance: a, optional: true}]\n"+
		"  patches: [{target: {kind: Pod}, operations: [{op: remove, path: /spec}], optional: true}]\n")
	_, err := Render(team, []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"))
	require.NoError(t, err)
}

// TestIdentityHoldsInSpiteOfPatches holds that the rules have the last word.
func TestIdentityHoldsInSpiteOfPatches(t *testing.T) {
	team := teamA(t, "  patches: [{target: {kind: Pod}, operations: [{op: add, path: /metadata/labels, value: {tenant-redis.dev/tenant: other}}]}]\n")
	got, err := render(team, []byte(pod+"image: redis\n"))
	require.NoError(t, err)
	require.Contains(t, string(got), "tenant-redis.dev/tenant: team-a")
	require.NotContains(t, string(got), "other")
}

// TestSecretsStayHidden patches a Secret and holds that no change and no error
// tells a value.
func TestSecretsStayHidden(t *testing.T) {
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2\n"
	for _, stream := range []string{secret, "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(secret, "\n", "\n  ") + "\n"} {
		team := teamA(t, "  patches: [{target: {kind: Secret}, operations: [{op: replace, path: /stringData/password, value: hunter3}, {op: add, path: /stringData/new, value: hunter4}]}]\n")
		result, err := Render(team, []byte(stream))
		require.NoError(t, err)
		require.Contains(t, string(result.Bytes()), "hunter3")
		for _, change := range result.Changes() {
			require.NotContains(t, change.Old+change.New, "hunter")
		}
	}
	team := teamA(t, "  patches: [{target: {kind: Secret}, operations: [{op: test, path: /stringData/password, value: hunter3}, {op: add, path: /a, value: b}]}]\n")
	_, err := Render(team, []byte(secret))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter")
}

func TestChangesSayWhatAndWhy(t *testing.T) {
	team := teamA(t, "  images: [{from: docker.io, to: a.example}]\n")
	result, err := Render(team, []byte("# one\n---\n"+pod+"image: redis:7\n"))
	require.NoError(t, err)
	head := manifest.Change{Line: 2, Object: "Pod p"}
	change := func(path, old, value, rule string, line int) manifest.Change {
		c := head
		c.Path, c.Old, c.New, c.Cause = path, old, value, manifest.Cause{Rule: rule, Line: line}
		return c
	}
	require.Equal(t, []manifest.Change{
		change(".metadata.namespace", "", "redis-system", "spec.namespace", 5),
		change(".metadata.labels.tenant-redis.dev/tenant", "", "team-a", "metadata.name", 3),
		change(".metadata.annotations.tenant-redis.dev/rendered-by", "", `"`+team.RenderedBy()+`"`, "provenance", 0),
		change(".spec.containers[0].image", "redis:7", "a.example/library/redis:7", "spec.images[0]", 6),
	}, result.Changes())
}

func TestLimits(t *testing.T) {
	_, err := Render(teamA(t, ""), []byte(strings.Repeat("---\n", 100_001)))
	require.EqualError(t, err, "there are 100001 documents; allowed are 100000; split the chart")
	_, err = Render(teamA(t, ""), []byte("a: "+strings.Repeat("[", 300)+strings.Repeat("]", 300)+"\n"))
	require.EqualError(t, err, "manifests: line 1: document: is nested deeper than 200 levels; no Kubernetes object is")
}
