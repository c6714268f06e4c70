package krm_test

import (
	"fmt"
	"maps"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/krm"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// FuzzLikeKubernetes holds that each item, as the API server reads it, is rendered, or is
// about the package and stays as it was, or that there is an error.
func FuzzLikeKubernetes(f *testing.F) {
	for seed := range int64(100) {
		f.Add(listOf(seed))
	}
	f.Fuzz(func(t *testing.T, text string) { holdItems(t, text) })
}

// TestLikeKubernetes is FuzzLikeKubernetes with lists that are written in many ways.
// Enough of them must be rendered for the test to say something.
func TestLikeKubernetes(t *testing.T) {
	const all = 2000
	rendered := 0
	for seed := range int64(all) {
		if holdItems(t, listOf(seed)) {
			rendered++
		}
	}
	require.Greater(t, rendered, all/10)
	require.Less(t, rendered, all*9/10)
}

// holdItems tells whether a list is rendered.
func holdItems(t *testing.T, text string) bool {
	t.Helper()
	l, ok := krm.Read([]byte(text))
	var ignored any
	if !ok || yaml.Unmarshal([]byte(text), &ignored) != nil {
		return false
	}
	given := itemsOf(t, text)
	output, err := render(l)
	if err != nil {
		if output != nil {
			require.Equal(t, given, itemsOf(t, string(output)), text)
		}
		return false
	}
	before, _ := given.([]any)
	after, _ := itemsOf(t, string(output)).([]any)
	require.Len(t, after, len(before), text)
	for i := range after {
		was, _ := before[i].(map[string]any)
		is, _ := after[i].(map[string]any)
		if isOfThePackage(was) && reflect.DeepEqual(was, is) {
			continue
		}
		meta, _ := is["metadata"].(map[string]any)
		labels, _ := meta["labels"].(map[string]any)
		require.Equal(t, "team-a", labels["tenant-redis.dev/tenant"], text)
		require.Equal(t, "redis-system", meta["namespace"], text)
		require.Equal(t, withoutIdentity(was), withoutIdentity(is), text)
	}
	return len(after) > 0
}

// itemsOf are the items as the API server reads them, in whatever form.
func itemsOf(t *testing.T, text string) any {
	t.Helper()
	var list struct {
		Items any `json:"items"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &list), text)
	return list.Items
}

func isOfThePackage(item map[string]any) bool {
	version, _ := item["apiVersion"].(string)
	meta, _ := item["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	return fmt.Sprint(annotations["config.kubernetes.io/local-config"]) == "true" ||
		strings.HasPrefix(version, "kpt.dev/") || version == tenant.APIVersion && item["kind"] == tenant.Kind
}

// withoutIdentity is an item without what each item gets.
func withoutIdentity(item map[string]any) map[string]any {
	rest := maps.Clone(item)
	meta, _ := item["metadata"].(map[string]any)
	left := maps.Clone(meta)
	delete(left, "namespace")
	for field, own := range map[string]string{"labels": "tenant-redis.dev/tenant", "annotations": tenant.Provenance} {
		entries, _ := meta[field].(map[string]any)
		entries = maps.Clone(entries)
		delete(entries, own)
		if left[field] = entries; len(entries) == 0 {
			delete(left, field)
		}
	}
	rest["metadata"] = left
	return rest
}

// writer writes ResourceLists in many ways.
type writer struct{ *rand.Rand }

func (w writer) one(texts ...string) string { return texts[w.Intn(len(texts))] }

// often is a text, and now and then another.
func (w writer) often(text string, others ...string) string {
	if w.Intn(8) > 0 {
		return text
	}
	return w.one(others...)
}

// listOf is a ResourceList that is written in one of many ways.
func listOf(seed int64) string {
	w := writer{rand.New(rand.NewSource(seed))}
	config, _, _ := strings.Cut(tenantFile, "  labels:")
	parts := []string{
		"apiVersion: config.kubernetes.io/v1\n",
		"kind: ResourceList\n",
		"functionConfig:\n  " + strings.ReplaceAll(strings.TrimSpace(config), "\n", "\n  ") + "\n",
		w.one("", "# about nothing\n", "results: []\n", "results:\n- message: a\n", "other: \"\n\n  items:\n  - b\"\n", "other: |\n  items:\n  - a\n", "other:\n  items:\n  - a: b\n"),
		w.often("items:\n", "items: # the items\n", "items:   \n\n# about the first\n", "items :\n", "\"items\":\n", "items: &a\n", "Items: []\nitems:\n") + w.items(),
	}
	w.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	text := w.often("", "---\n", "%YAML 1.1\n---\n", "# x\n") + strings.Join(parts, "") + w.often("", "...\n", "# end\n", "---\n", "items: []\n", "---\napiVersion: v1\nkind: Pod\n")
	if w.Intn(8) == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if w.Intn(8) == 0 {
		text = strings.TrimRight(text, "\r\n")
	}
	return text
}

// items are up to three items of a list.
func (w writer) items() string {
	indent, dash := w.one("", "  ", "    "), w.one("- ", "-   ", "-\n", "- # x\n")
	var b strings.Builder
	for range 1 + w.Intn(3) {
		b.WriteString(w.often("", indent+w.one("- null\n", "-\n", "- a\n", "- - b: c\n", "- *a\n", "-\ta: b\n", "- {apiVersion: v1, kind: Pod}\n", "# c\n", "x: y\n")))
		column := indent + strings.Repeat(" ", max(2, len(strings.TrimRight(dash, "# x\n"))))
		if dash == "-   " {
			column = indent + "    "
		}
		text := strings.ReplaceAll(w.item(), "\n", "\n"+column)
		if strings.HasSuffix(dash, "\n") {
			text = column + text
		}
		b.WriteString(indent + dash + text + w.one("\n", "\n\n", "\n# after\n", "\n"+column+"# deep\n"))
	}
	return b.String()
}

// item is an object that is about the package, seems to be, or is not.
func (w writer) item() string {
	const local = "config.kubernetes.io/local-config: "
	annotation := w.one("a: b", "a: b", local+"'true'", local+"'false'", local+"true", local+`"tr\x75e"`, local+"yes", `"config.kubernetes.io/local\u002dconfig": 'true'`, "'"+local+"true': b")
	if w.Intn(3) == 0 {
		return fmt.Sprintf(`{%q: "v1", "kind": "ConfigMap", "metadata": {"name": "x", "annotations": {%s}}}`, w.often("apiVersion", "kind"), annotation)
	}
	return "apiVersion: " + w.often("v1", "'v1'", "kpt.dev/v1", tenant.APIVersion, `"kpt.d\x65v/v1"`) + "\nkind: " + w.often("ConfigMap", "Service", "Kptfile", "Tenant", "Namespace") +
		"\nmetadata:\n  name: x\n  " + w.often("namespace: redis-system", "namespace: other", "labels: {a: b}", "labels: {tenant-redis.dev/tenant: b}", "generateName: z") +
		"\n  annotations: {" + annotation + "}\n" +
		w.one("data: {a: b}", "data:\n    a: |\n      - b\n     # no comment\n", "data:\n    a: |\n      b", "data: {a: >-\n    b}", "data:\n- a\n- b", "data:\n  - - a", "# - c",
			w.one("data: {a: \"\n- b\"}", "items: []", "kind: Pod", "x: &a 1"))
}
