package rules

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

const sidecarExample = "../../examples/proxy-sidecar/"

// TestSidecarIsTheExample takes out of the documented Deployment what is about
// Redis, and holds that rendering it brings all of that back.
func TestSidecarIsTheExample(t *testing.T) {
	text, err := os.ReadFile(sidecarExample + "deployment.yaml")
	require.NoError(t, err)
	var want, bare appsv1.Deployment
	require.NoError(t, yaml.UnmarshalStrict(text, &want))
	require.NoError(t, yaml.UnmarshalStrict(text, &bare))
	pod := &bare.Spec.Template
	require.Len(t, pod.Spec.InitContainers, 1)
	require.Len(t, pod.Spec.Volumes, 1)
	pod.Spec.InitContainers, pod.Spec.Volumes, pod.Spec.Containers[0].Env = nil, nil, nil
	delete(pod.Labels, "elastisys.io/redis-team-a-cache-access")
	require.Len(t, pod.Labels, 1)
	stream, err := yaml.Marshal(bare)
	require.NoError(t, err)

	output, err := render(read(t, sidecarExample+"tenant.yaml"), stream)
	require.NoError(t, err)
	var got appsv1.Deployment
	require.NoError(t, yaml.UnmarshalStrict(output, &got))
	delete(got.Spec.Template.Labels, tenant.Label)
	require.Equal(t, want.Spec, got.Spec)
}

// TestSidecarExampleIsLeftAlone holds that a chart which has the sidecar already
// only becomes the tenant's.
func TestSidecarExampleIsLeftAlone(t *testing.T) {
	text, err := os.ReadFile(sidecarExample + "deployment.yaml")
	require.NoError(t, err)
	for _, spec := range []string{"", "  images: [{from: docker.io, to: a.example}]\n", "  resources: {onExcess: clamp, limits: {memory: 32Mi}}\n"} {
		result, err := Render(teamA(t, sidecars("{target: {group: apps, kind: Deployment}, instance: team-a-cache}")+spec), text)
		require.NoError(t, err)
		for _, change := range result.Changes() {
			require.NotContains(t, change.Rule, "spec.sidecars")
		}
	}
}

// TestSidecarIsTheCharts holds that image and ports are those of the chart.
func TestSidecarIsTheCharts(t *testing.T) {
	const chart = "../../charts/tenant-redis/"
	text, err := os.ReadFile(chart + "values.yaml")
	require.NoError(t, err)
	var values struct{ Proxy struct{ Image string } }
	require.NoError(t, yaml.Unmarshal(text, &values))
	team := teamA(t, sidecars("{target: {kind: Pod}, instance: sessions}"))
	require.Equal(t, values.Proxy.Image, team.Spec.Sidecars[0].Image)

	text, err = os.ReadFile(chart + "templates/_proxy.tpl")
	require.NoError(t, err)
	var ports []string
	// A sidecar does not end TLS: its clients are in its own Pod.
	for _, match := range regexp.MustCompile(`(?:"plain" |bind "\$\{PROXY_ADDRESS\}:)(\d+)`).FindAllStringSubmatch(string(text), -1) {
		ports = append(ports, match[1])
	}
	require.Equal(t, ports, sidecarPorts)
}

// TestSidecarIsDocumented holds the documentation to the example.
func TestSidecarIsDocumented(t *testing.T) {
	text, err := os.ReadFile(sidecarExample + "tenant.yaml")
	require.NoError(t, err)
	_, spec, found := strings.Cut(string(text), "\nspec:\n")
	require.True(t, found)
	documentation, err := os.ReadFile("../../docs/proxy.md")
	require.NoError(t, err)
	require.Contains(t, string(documentation), "```yaml\nspec:\n"+spec+"```\n")
}

func sidecars(list string) string { return "  sidecars: [" + list + "]\n" }

// withSidecar is a Pod's init containers with the sidecar in them, one line.
func withSidecar(t *testing.T) string {
	t.Helper()
	output, err := render(teamA(t, sidecars("{target: {kind: Pod}, instance: sessions}")),
		[]byte("{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: []}}\n"))
	require.NoError(t, err)
	var got corev1.Pod
	require.NoError(t, yaml.Unmarshal(output, &got))
	require.Len(t, got.Spec.InitContainers, 1)
	_, list, found := strings.Cut(string(output), "initContainers: ")
	require.True(t, found)
	list, _, found = strings.Cut(list, ", containers: ")
	require.True(t, found)
	return list
}

// TestSidecarRefusals holds that nothing is replaced that is not the sidecar's, and
// that no Pod gets one that cannot work there.
func TestSidecarRefusals(t *testing.T) {
	const target = "{target: {kind: Pod}, instance: sessions}"
	const mend = ", but is not what spec.sidecars[0] puts there; rename or remove it in the chart's values, or replace it by spec.patches"
	const ports = "the sidecar of spec.sidecars[0] listens; allowed are ports but 6379, 6380, 8404; change it in the chart's values, or connect to the shared proxy"
	of := func(spec string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {" + spec + "}\n"
	}
	there := withSidecar(t)
	changed := func(old, with string) string {
		require.Contains(t, there, old)
		return of("initContainers: " + strings.Replace(there, old, with, 1))
	}
	tests := map[string]struct{ list, stream, want string }{
		"no target": {
			"{target: {kind: Pod, name: q}, instance: sessions}", of("containers: []"),
			"tenant.yaml:6:14: spec.sidecars[0]: matches nothing: no object is its target; allowed are rules that the manifests need; mend or remove it, or say optional: true",
		},
		"no Pod template": {
			"{target: {kind: Service}, instance: sessions}", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
			"manifests: line 1: Service s: has no Pod template for the sidecar of spec.sidecars[0]; let its target be a Deployment or the like",
		},
		"an empty workload": {
			"{target: {group: apps, kind: Deployment}, instance: sessions}", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {}}\n",
			"manifests: line 1: Deployment d: has no Pod template for the sidecar of spec.sidecars[0]; let its target be a Deployment or the like",
		},
		"Redis itself": {
			"{target: {group: databases.spotahome.com, kind: RedisFailover}, instance: sessions}",
			"apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: r}\nspec: {redis: {}}\n",
			"manifests: line 1: RedisFailover r: has no Pod template for the sidecar of spec.sidecars[0]; let its target be a Deployment or the like",
		},
		"the node's network": {
			target, of("hostNetwork: true, containers: []"),
			"manifests: line 4: Pod p: .spec: has hostNetwork, with which the sidecar of spec.sidecars[0] would answer whatever runs on the node; remove hostNetwork, or connect to the shared proxy",
		},
		"a port that is taken": {
			target, of("containers: [{name: a, ports: [{containerPort: 80}, {containerPort: 6379}]}]"),
			"manifests: line 4: Pod p: .spec.containers[0].ports[1]: is 6379, where " + ports,
		},
		"a port that an init container takes": {
			target, of("initContainers: [{name: a, ports: [{containerPort: 8404, protocol: TCP}]}]"),
			"manifests: line 4: Pod p: .spec.initContainers[0].ports[0]: is 8404, where " + ports,
		},
		"another container of the name": {
			target, of("initContainers: [{name: redis-proxy, image: envoy:1}]"),
			"manifests: line 4: Pod p: .spec.initContainers[0]: has the name redis-proxy" + mend,
		},
		"one that is no init container": {
			target, of("containers: " + there), "manifests: line 4: Pod p: .spec.containers[0]: has the name redis-proxy" + mend,
		},
		"another image": {
			target, changed("haproxy:3.2.26", "haproxy:3.0.1"), "manifests: line 4: Pod p: .spec.initContainers[0]: has the name redis-proxy" + mend,
		},
		"a key more": {
			target, changed("name: redis-proxy,", "name: redis-proxy, stdin: true,"), "manifests: line 4: Pod p: .spec.initContainers[0]: has the name redis-proxy" + mend,
		},
		"a key less": {
			target, changed("restartPolicy: Always, ", ""), "manifests: line 4: Pod p: .spec.initContainers[0]: has the name redis-proxy" + mend,
		},
		"open to other Pods": {
			target, changed(`"127.0.0.1"`, `"0.0.0.0"`), "manifests: line 4: Pod p: .spec.initContainers[0]: has the name redis-proxy" + mend,
		},
		"two instances": {
			target + ", {target: {kind: Pod}, instance: cache}", of("containers: []"),
			"manifests: line 1: Pod p: is the target of spec.sidecars[0] and of spec.sidecars[1]; allowed is one sidecar for each Pod; narrow one of the targets",
		},
		"another volume of the name": {
			target, of("volumes: [{name: redis-proxy, emptyDir: {}}]"), "manifests: line 4: Pod p: .spec.volumes[0]: has the name redis-proxy" + mend,
		},
		"another Redis": {
			target, of("containers: [{name: a, env: [{name: REDIS_HOST, value: redis}]}]"),
			"manifests: line 4: Pod p: .spec.containers[0].env[0]: has the name REDIS_HOST" + mend,
		},
		"another Redis from elsewhere": {
			target, of("containers: [{name: a, env: [{name: REDIS_PORT, valueFrom: {configMapKeyRef: {name: c, key: k}}}]}]"),
			"manifests: line 4: Pod p: .spec.containers[0].env[0]: has the name REDIS_PORT" + mend,
		},
		"a shared list": {
			target, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  volumes: &v [{name: a, emptyDir: {}}]\n",
			"manifests: line 5: Pod p: .spec.volumes: cannot be edited: it carries an anchor; write the list out",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Render(teamA(t, sidecars(test.list)), []byte(test.stream))
			require.EqualError(t, err, test.want)
			require.Empty(t, got)
		})
	}
	// What all refusals begin with is fine.
	_, err := Render(teamA(t, sidecars(target)), []byte(of("initContainers: "+there)))
	require.NoError(t, err)
}

// TestSidecarInSpiteOfPatches holds the way out that the refusals name: all of the list, since
// what the sidecar adds comes before the item.
func TestSidecarInSpiteOfPatches(t *testing.T) {
	patch := "  patches: [{target: {kind: Pod}, operations: [{op: replace, path: /spec/containers/0/env, value: [{name: REDIS_HOST, value: 127.0.0.1}, {name: REDIS_PORT, value: '6379'}]}]}]\n"
	output, err := render(teamA(t, sidecars("{target: {kind: Pod}, instance: sessions}")+patch),
		[]byte("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - env:\n        - {name: REDIS_HOST, value: redis}\n"))
	require.NoError(t, err)
	require.Contains(t, string(output), "- name: REDIS_HOST\n          value: \"127.0.0.1\"\n")
	require.Equal(t, 1, strings.Count(string(output), "name: REDIS_HOST"))
}
