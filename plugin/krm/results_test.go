package krm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/fn/runtime/exec"
	"sigs.k8s.io/kustomize/kyaml/fn/runtime/runtimeutil"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/krm"
)

// results parts a ResourceList and its results, as kyaml reads them.
func results(t *testing.T, list []byte) (string, []framework.Result) {
	t.Helper()
	rest, text, _ := strings.Cut(string(list), "\nresults:\n")
	var all []framework.Result
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &all))
	return rest + "\n", all
}

const (
	annotated = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations: {internal.config.kubernetes.io/path: a.yaml, internal.config.kubernetes.io/index: '2', config.kubernetes.io/path: old.yaml}\n" +
		"stringData: {password: hunter2}\n"
	patching = "  patches: [{target: {kind: Secret}, operations: [{op: replace, path: /stringData/password, value: hunter3}]}, {target: {kind: ConfigMap}, operations: [{op: remove, path: /data}]}]\n"
)

func reference(kind, namespace, name string) *kyaml.ResourceIdentifier {
	return &kyaml.ResourceIdentifier{
		TypeMeta: kyaml.TypeMeta{APIVersion: "v1", Kind: kind}, NameMeta: kyaml.NameMeta{Namespace: namespace, Name: name},
	}
}

// TestResultsTellChanges holds that each changed field is told, with the rule, and
// no Secret.
func TestResultsTellChanges(t *testing.T) {
	least, _, _ := strings.Cut(tenantFile, "  labels:")
	config := least + patching
	l, ok := krm.Read([]byte(list(config, annotated+"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: redis-system}\ndata: {a: b}\n") +
		"results:\n- {message: of another function}\n"))
	require.True(t, ok)
	text, err := render(l)
	require.NoError(t, err)
	_, all := results(t, text)
	require.NotContains(t, string(text), "of another function")

	var told []framework.Result
	for _, r := range all {
		require.Equal(t, framework.Info, r.Severity)
		if r.Message != "set by provenance" && r.Message != "set by metadata.name" {
			told = append(told, r)
		}
	}
	file := &framework.File{Path: "a.yaml", Index: 2}
	require.Equal(t, []framework.Result{
		{
			Message: "set by spec.patches[0].operations[0]", Severity: framework.Info, ResourceRef: reference("Secret", "redis-system", "s"), File: file,
			Field: &framework.Field{Path: "stringData.password", CurrentValue: `"***"`, ProposedValue: `"***"`},
		},
		{
			Message: "set by spec.namespace", Severity: framework.Info, ResourceRef: reference("Secret", "redis-system", "s"), File: file,
			Field: &framework.Field{Path: "metadata.namespace", ProposedValue: "redis-system"},
		},
		{
			Message: "removed by spec.patches[1].operations[0]", Severity: framework.Info, ResourceRef: reference("ConfigMap", "redis-system", "c"),
			Field: &framework.Field{Path: "data", CurrentValue: "{a: b}"},
		},
	}, told)
	require.Len(t, all, len(told)+2*2)
}

// TestResultsOfOthers holds that those of whoever had the list before go, wherever they are.
func TestResultsOfOthers(t *testing.T) {
	const others = "results:\n- {message: of another function}\n"
	plain := list(tenantFile, manifests)
	l, ok := krm.Read([]byte(plain))
	require.True(t, ok)
	want, err := render(l)
	require.NoError(t, err)
	for _, text := range []string{others + plain, strings.Replace(plain, "items:\n", others+"items:\n", 1), plain + others} {
		l, ok := krm.Read([]byte(text))
		require.True(t, ok)
		got, err := render(l)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

// TestResultsTellErrors holds that an error names the item that it is about, or the
// key of the Tenant.
func TestResultsTellErrors(t *testing.T) {
	const other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: other}\ndata:\n  text: |\n    two\n    lines\n"
	const third = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: third}\n"
	located := strings.Replace(other, "namespace: other}", "namespace: other, annotations: {config.kubernetes.io/path: b.yaml}}", 1)
	config, _, _ := strings.Cut(tenantFile, "  labels:")
	tests := map[string]struct {
		config, items string
		want          []framework.Result
	}{
		"an item": {config, third + "---\n" + located + "---\n" + third, []framework.Result{{
			Message:  "is in the namespace other, which is not the tenant's; allowed are redis-system; change the chart's values, or add it to spec.namespaces of the tenant file",
			Severity: framework.Error, ResourceRef: reference("ConfigMap", "other", "c"), File: &framework.File{Path: "b.yaml"},
		}}},
		"the last item": {config, third + "---\n" + other, []framework.Result{{
			Message:  "is in the namespace other, which is not the tenant's; allowed are redis-system; change the chart's values, or add it to spec.namespaces of the tenant file",
			Severity: framework.Error, ResourceRef: reference("ConfigMap", "other", "c"),
		}}},
		"a field": {config, third + "---\n" + strings.Replace(third, "third}", "third, labels: [a]}", 1), []framework.Result{{
			Message: "is a list; must be a mapping", Severity: framework.Error, ResourceRef: reference("ConfigMap", "", "third"),
			Field: &framework.Field{Path: "metadata.labels"},
		}}},
		"half an object": {config, "kind: ConfigMap\nmetadata: {name: c}\n", []framework.Result{{
			Message: "is not a Kubernetes object: it has no apiVersion; each document needs apiVersion and kind", Severity: framework.Error,
		}}},
		"an item as a whole": {
			config + "  patches: [{target: {kind: ConfigMap, name: third}, operations: [{op: replace, path: /kind, value: List}, {op: add, path: /items, value: []}]}]\n",
			strings.ReplaceAll(third, "third", "first") + "---\n" + third,
			[]framework.Result{{
				Message:  "is not the same list of objects any more; a patch must not change what an object is",
				Severity: framework.Error, ResourceRef: reference("ConfigMap", "", "third"),
			}},
		},
		"the Tenant": {config + "  alerts: {labels: {a: b}}\n", third, []framework.Result{{
			Message:  "matches nothing: there is no alert in a PrometheusRule; allowed are rules that the manifests need; mend or remove it, or say optional: true",
			Severity: framework.Error, Field: &framework.Field{Path: "spec.alerts"},
			ResourceRef: &kyaml.ResourceIdentifier{TypeMeta: kyaml.TypeMeta{APIVersion: "tenant-redis.dev/v1alpha1", Kind: "Tenant"}, NameMeta: kyaml.NameMeta{Name: "team-a"}},
		}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l, ok := krm.Read([]byte(list(test.config, test.items)))
			require.True(t, ok)
			text, err := render(l)
			require.Error(t, err)
			_, all := results(t, text)
			require.Equal(t, test.want, all)
		})
	}
}

// TestResultsReachTheCaller runs the program as kyaml does, which keeps the results
// for whoever asked, after an error too.
func TestResultsReachTheCaller(t *testing.T) {
	folder := build(t)
	for config, severity := range map[string]string{tenantFile: "info", tenantFile + "  alerts: {labels: {a: b}}\n": "error"} {
		nodes, err := kio.ParseAll(manifests)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "results.yaml")
		function := exec.Filter{Path: filepath.Join(folder, "tenant-post"), WorkingDir: folder, FunctionFilter: runtimeutil.FunctionFilter{
			FunctionConfig: kyaml.MustParse(config), GlobalScope: true, ResultsFile: file,
		}}
		_, err = function.Filter(nodes)
		require.Equal(t, severity == "error", err != nil, "%v", err)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(text), "severity: "+severity)
	}
}
