package check

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// good returns the objects of testdata/good.yaml, which breaks no rule.
func good(t *testing.T) []unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile("testdata/good.yaml")
	require.NoError(t, err)
	var objects []unstructured.Unstructured
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		objects = append(objects, parse(t, document))
	}
	return objects
}

func parse(t *testing.T, document []byte) unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSONStrict(document)
	require.NoError(t, err)
	var object unstructured.Unstructured
	require.NoError(t, object.UnmarshalJSON(data))
	return object
}

// set changes the field at a path such as "spec.containers.0.image"; null
// removes it.
func set(t *testing.T, tree any, path, value string) {
	t.Helper()
	key, rest, nested := strings.Cut(path, ".")
	if list, ok := tree.([]any); ok {
		require.Equal(t, "0", key)
		set(t, list[0], rest, value)
		return
	}
	node := tree.(map[string]any)
	switch {
	case nested:
		if node[key] == nil {
			node[key] = map[string]any{}
		}
		set(t, node[key], rest, value)
	case value == "null":
		delete(node, key)
	default:
		decoded := parse(t, []byte(`{"apiVersion": "v1", "kind": "Value", "value": `+value+`}`))
		node[key] = decoded.Object["value"]
	}
}

var platform = Platform{Registries: []string{"registry.example"}}

func TestGoodObjects(t *testing.T) {
	objects := good(t)
	assert.Empty(t, platform.Check(objects))
	var kinds []string
	for _, object := range objects {
		kinds = append(kinds, object.GetKind())
	}
	for _, kind := range []string{"Deployment", "StatefulSet", "Job", "CronJob", "Pod", "RedisFailover", "Service"} {
		assert.Contains(t, kinds, kind, "what is not there is not judged")
	}
}

func TestViolations(t *testing.T) {
	tests := map[string]struct {
		object  string
		changes map[string]string
		// want are the rules that the object breaks, with what the message must
		// name.
		want map[string]string
	}{
		"privileged":                       {"Deployment/web", fields("spec.template.spec.containers.0.securityContext.privileged", "true"), fields("pod-security", "privileged")},
		"host network":                     {"StatefulSet/db", fields("spec.template.spec.hostNetwork", "true"), fields("pod-security", "hostNetwork")},
		"no seccomp profile":               {"CronJob/nightly", fields("spec.jobTemplate.spec.template.spec.securityContext.seccompProfile", "null"), fields("pod-security", "seccompProfile")},
		"Redis without a context":          {"RedisFailover/cache", fields("spec.redis.securityContext", "null", "spec.redis.containerSecurityContext", "null"), fields("pod-security", "redis")},
		"exporter without a context":       {"RedisFailover/cache", fields("spec.redis.exporter.containerSecurityContext", "null"), fields("pod-security", "redis-exporter")},
		"copy of the config as root":       {"RedisFailover/cache", fields("spec.sentinel.configCopy.containerSecurityContext", "null"), fields("pod-security", "sentinel-config-copy")},
		"no CPU request":                   {"Deployment/web", fields("spec.template.spec.containers.0.resources.requests.cpu", "null"), fields("resource-requests", "cpu")},
		"no memory request":                {"Job/once", fields("spec.template.spec.containers.0.resources.requests.memory", "null"), fields("resource-requests", "memory")},
		"Sentinel without requests":        {"RedisFailover/cache", fields("spec.sentinel.resources", "null"), fields("resource-requests", "sentinel")},
		"latest":                           {"Deployment/web", fields("spec.template.spec.containers.0.image", `"registry.example/web:latest"`), fields("image-tag", "web:latest")},
		"no tag":                           {"Deployment/web", fields("spec.template.spec.containers.0.image", `"registry.example/web"`), fields("image-tag", "example/web")},
		"no tag, but a port":               {"Deployment/web", fields("spec.template.spec.containers.0.image", `"registry.example/:5000/web"`), fields("image-tag", "5000")},
		"latest in an init container":      {"RedisFailover/cache", fields("spec.sentinel.image", `"registry.example/redis:latest"`), fields("image-tag", "sentinel")},
		"other registry":                   {"StatefulSet/db", fields("spec.template.spec.containers.0.image", `"docker.io/db:1"`), fields("image-registry", "registry.example")},
		"image of a volume's driver":       {"StatefulSet/db", fields("spec.template.spec.volumes", `[{"name": "data", "emptyDir": {}}, {"name": "v", "csi": {"driver": "d", "volumeAttributes": {"rootImage": "docker.io/db:1"}}}]`), fields("image-registry", "rootImage")},
		"registry that begins like it":     {"StatefulSet/db", fields("spec.template.spec.containers.0.image", `"registry.example.evil/db:1"`), fields("image-registry", "registry.example")},
		"registry in the middle":           {"RedisFailover/cache", fields("spec.redis.exporter.image", `"evil.example/registry.example/x:1"`), fields("image-registry", "evil.example")},
		"budget without slack":             {"PodDisruptionBudget/web", fields("spec.maxUnavailable", "0"), fields("disruption-budget", "0 blocks")},
		"budget of no percent":             {"PodDisruptionBudget/web", fields("spec.maxUnavailable", `"0%"`), fields("disruption-budget", "0% blocks")},
		"budget of all":                    {"PodDisruptionBudget/db", fields("spec.minAvailable", "2"), fields("disruption-budget", "StatefulSet/a/db")},
		"budget of all percent":            {"PodDisruptionBudget/db", fields("spec.minAvailable", `"51%"`), fields("disruption-budget", "StatefulSet/a/db")},
		"one Redis":                        {"RedisFailover/cache", fields("spec.redis.replicas", "1"), fields("disruption-budget", "1")},
		"fewer Sentinels than are kept":    {"RedisFailover/cache", fields("spec.sentinel.replicas", "2"), fields("disruption-budget", "2")},
		"Pods that no policy selects":      {"Deployment/web", fields("spec.template.metadata.labels.app", `"other"`), fields("network-policy", "no NetworkPolicy")},
		"policy elsewhere":                 {"Job/once", fields("metadata.namespace", `"b"`), fields("network-policy", "no NetworkPolicy")},
		"load balancer":                    {"Service/web", fields("spec.type", `"LoadBalancer"`), fields("load-balancer-service", "ClusterIP")},
		"one replica":                      {"Deployment/single", fields("metadata.annotations", "null"), fields("minimum-replicas", "1 is less than 2")},
		"replicas left out":                {"Deployment/single", fields("metadata.annotations", "null", "spec.replicas", "null"), fields("minimum-replicas", "1 is less than 2")},
		"Pod of nobody":                    {"Pod/owned", fields("metadata.ownerReferences", "null"), fields("pod-without-controller", "Job")},
		"emptyDir":                         {"StatefulSet/db", fields("spec.template.metadata.annotations", "null"), fields("empty-dir", "data")},
		"emptyDir of Redis":                {"RedisFailover/cache", fields("spec.redis.podAnnotations", "null"), fields("empty-dir", "redis-data")},
		"volume instead":                   {"RedisFailover/cache", fields("spec.redis.podAnnotations", "null", "spec.redis.storage", `{"persistentVolumeClaim": {}}`), nil},
		"budget that allows one, of three": {"PodDisruptionBudget/db", fields("spec.minAvailable", "1"), nil},
		"digest alone":                     {"Deployment/web", fields("spec.template.spec.containers.0.image", `"registry.example/web@sha256:`+strings.Repeat("0", 64)+`"`), nil},
		"budget that the operator leaves":  {"RedisFailover/cache", fields("spec.sentinel.replicas", "2", "spec.sentinel.disablePodDisruptionBudget", "true"), nil},
		"not readable":                     {"Deployment/web", fields("spec.template.spec.containers", `"none"`), fields("readable", "slice")},
		"replicas that are no number":      {"Deployment/web", fields("spec.replicas", `"two"`), fields("readable", "replicas")},
		"selector that is none":            {"PodDisruptionBudget/web", fields("spec.selector", `{"matchExpressions": [{"key": "a", "operator": "Like"}]}`), fields("readable", "Like")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			objects := good(t)
			kind, object, _ := strings.Cut(test.object, "/")
			i := slices.IndexFunc(objects, func(o unstructured.Unstructured) bool { return o.GetKind() == kind && o.GetName() == object })
			require.GreaterOrEqual(t, i, 0)
			for path, value := range test.changes {
				set(t, objects[i].Object, path, value)
			}
			found := map[string][]string{}
			for _, v := range platform.Check(objects) {
				assert.NotEmpty(t, v.Severity)
				if v.Object == idOf(&objects[i]) {
					found[v.Rule] = append(found[v.Rule], v.Message)
				}
			}
			assert.ElementsMatch(t, slices.Collect(maps.Keys(test.want)), slices.Collect(maps.Keys(found)))
			for rule, text := range test.want {
				assert.Contains(t, strings.Join(found[rule], "\n"), text)
			}
		})
	}
}

func fields(pairs ...string) map[string]string {
	m := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		m[pair[0]] = pair[1]
	}
	return m
}

// TestBothSidesOfABudget holds that the workload is reported as well: whichever
// comes second is refused.
func TestBothSidesOfABudget(t *testing.T) {
	objects := good(t)
	for i := range objects {
		if objects[i].GetKind() == "PodDisruptionBudget" && objects[i].GetName() == "db" {
			set(t, objects[i].Object, "spec.minAvailable", "3")
		}
	}
	var refused []string
	for _, v := range platform.Check(objects) {
		refused = append(refused, v.Object+" "+v.Field)
	}
	assert.Equal(t, []string{"PodDisruptionBudget/a/db spec.minAvailable", "StatefulSet/a/db spec.replicas"}, refused)
}

func TestPolicyComesFirst(t *testing.T) {
	objects := good(t)
	require.Equal(t, "NetworkPolicy", objects[0].GetKind())
	found := platform.Check(append(objects[1:], objects[0]))
	require.NotEmpty(t, found)
	for _, v := range found {
		assert.Equal(t, "network-policy", v.Rule)
		assert.Contains(t, v.Message, "comes after")
	}
}

func TestAnyRegistry(t *testing.T) {
	objects := good(t)
	assert.NotEmpty(t, Platform{Registries: []string{"other.example/"}}.Check(objects))
	assert.Empty(t, Platform{Registries: []string{"other.example/", "registry.example/"}}.Check(objects))
	assert.Empty(t, Platform{}.Check(objects))
}

// TestImagesEverywhere holds that images are found where tenant-post finds them.
func TestImagesEverywhere(t *testing.T) {
	kinds := []tenant.ScopedKind{{Group: "argoproj.io", Kind: "Rollout", Scope: "Namespaced", Pods: []string{"spec.jobs[].template"}, Images: []string{"spec.agent.image"}}}
	const podSpec = `{containers: [{name: a, image: evil/a}], ephemeralContainers: [{name: b, image: evil/b}], volumes: [{name: c, image: {reference: evil/c}}]}`
	for document, want := range map[string]int{
		`{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: ` + podSpec + `}`:                                                                                   3,
		`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: x}, spec: {agent: {image: evil/d}, jobs: [{template: {spec: ` + podSpec + `}}, null]}}`: 4,
		`{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {name: x}, spec: {image: evil/a, containers: [{image: evil/b}]}}`:                       2,
	} {
		found := Platform{Registries: []string{"registry.example/"}, Kinds: kinds}.Check([]unstructured.Unstructured{parse(t, []byte(document))})
		found = slices.DeleteFunc(found, func(v Violation) bool { return v.Rule != "image-registry" })
		assert.Len(t, found, want, "%s: %s", document, found)
	}
}

func TestString(t *testing.T) {
	v := Violation{"image-tag", Deny, "Pod/a/b", "spec", "message"}
	assert.Equal(t, "deny image-tag: Pod/a/b: spec: message", v.String())
}
