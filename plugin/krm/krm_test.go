package krm_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/input"
	"github.com/tenant-redis/tenant-redis/plugin/internal/costtest"
	"github.com/tenant-redis/tenant-redis/plugin/krm"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

const (
	tenantFile = "apiVersion: tenant-redis.dev/v1alpha1\nkind: Tenant\nmetadata:\n  name: team-a\nspec:\n  namespace: redis-system\n" +
		"  labels: {team: \"1.10\"}\n  images: [{from: docker.io/library, to: mirror.example/library}]\n"

	manifests = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n" +
		"    spec:\n      containers:\n        - name: web # kept\n          image: docker.io/library/nginx:1\n          args: [\"0777\", \"yes\", 'a: b']\n" +
		"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  text: |\n    two\n    lines\n"
)

// objects are those of a stream, without what the digest of the tenant file
// makes different: the function sees the file as kustomize writes it.
func objects(t *testing.T, stream string) []map[string]any {
	t.Helper()
	nodes, err := kio.ParseAll(stream)
	require.NoError(t, err)
	var all []map[string]any
	for _, node := range nodes {
		object, err := node.Map()
		require.NoError(t, err)
		annotations := object["metadata"].(map[string]any)["annotations"].(map[string]any)
		require.Contains(t, annotations[tenant.Provenance], " team-a sha256:")
		delete(annotations, tenant.Provenance)
		// kyaml counts what it reads.
		maps.DeleteFunc(annotations, func(key string, _ any) bool { return strings.HasSuffix(key, "config.kubernetes.io/index") })
		all = append(all, object)
	}
	return all
}

// plain is what tenant-post --tenant makes of the manifests.
func plain(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tenant.yaml")
	require.NoError(t, os.WriteFile(file, []byte(tenantFile), 0o600))
	team, err := input.Tenant(file)
	require.NoError(t, err)
	result, err := rules.Render(team, []byte(manifests))
	require.NoError(t, err)
	return string(result.Bytes())
}

// build returns a folder with the program.
func build(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, "tenant-post"), "../cmd/tenant-post").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return folder
}

// TestLikePlainInKustomize runs the program as a function of kustomize itself.
func TestLikePlainInKustomize(t *testing.T) {
	folder := build(t)
	function := strings.Replace(tenantFile, "  name: team-a\n", "  name: team-a\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./tenant-post}\n", 1)
	for name, text := range map[string]string{
		"kustomization.yaml": "resources: [manifests.yaml]\ntransformers: [tenant.yaml]\n",
		"manifests.yaml":     manifests, "tenant.yaml": function,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	options := krusty.MakeDefaultOptions()
	options.PluginConfig = types.EnabledPluginConfig(types.BploUseStaticallyLinked)
	options.PluginConfig.FnpLoadingOptions.EnableExec = true
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), folder)
	require.NoError(t, err)
	text, err := built.AsYaml()
	require.NoError(t, err)
	require.ElementsMatch(t, objects(t, plain(t)), objects(t, string(text)))
}

func list(config string, items string) string {
	indented := func(text string) string {
		lines := "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
		return strings.ReplaceAll(strings.ReplaceAll(lines, "\n  \n", "\n\n"), "\n  \n", "\n\n")
	}
	var text strings.Builder
	text.WriteString("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n")
	if config != "" {
		text.WriteString("functionConfig:\n" + indented(config))
	}
	text.WriteString("items:\n")
	for item := range strings.SplitSeq(items, "---\n") {
		text.WriteString("- " + strings.TrimPrefix(indented(item), "  "))
	}
	return text.String()
}

// render returns what the function writes.
func render(l *krm.List) ([]byte, error) {
	output, err := l.Render()
	if output == nil {
		return nil, err
	}
	var text bytes.Buffer
	_, failed := output.WriteTo(&text)
	return text.Bytes(), errors.Join(err, failed)
}

func TestRender(t *testing.T) {
	l, ok := krm.Read([]byte(list(tenantFile, manifests)))
	require.True(t, ok)
	once, err := render(l)
	require.NoError(t, err)
	require.Contains(t, string(once), "- name: web # kept\n")

	list, _, found := strings.Cut(string(once), "results:\n")
	require.True(t, found)

	// What a function returns is what the next one gets.
	l, ok = krm.Read(once)
	require.True(t, ok)
	twice, err := render(l)
	require.NoError(t, err)
	require.Equal(t, list, string(twice), "there is nothing to tell any more")

	_, items, found := strings.Cut(list, "\nitems:\n")
	require.True(t, found)
	require.Equal(t, objects(t, plain(t)), objects(t, "apiVersion: v1\nkind: List\nitems:\n"+items))
}

// TestNothingToRender holds that a list without items stays as it is.
func TestNothingToRender(t *testing.T) {
	head, _, _ := strings.Cut(list(tenantFile, manifests), "items:\n")
	head = strings.Replace(head, "    images: [{from: docker.io/library, to: mirror.example/library}]\n", "", 1)
	for _, items := range []string{"", "items:\n", "items: ~\n", "items: []\n"} {
		l, ok := krm.Read([]byte(head + items))
		require.True(t, ok)
		text, err := render(l)
		require.NoError(t, err)
		require.Equal(t, head+items, string(text))
	}
}

// TestAnnotationsOfTheFunction holds that those by which kustomize finds the function are
// left out of the Tenant, and those that objects are to get are not.
func TestAnnotationsOfTheFunction(t *testing.T) {
	config := strings.Replace(tenantFile, "  name: team-a\n", "  name: team-a\n  annotations: {config.kubernetes.io/function: x}\n", 1) + "  annotations: {own: mine}\n"
	l, ok := krm.Read([]byte(list(config, manifests)))
	require.True(t, ok)
	text, err := render(l)
	require.NoError(t, err)
	require.Contains(t, string(text), "own: mine\n")
}

func TestRefuses(t *testing.T) {
	for name, test := range map[string]struct{ list, want string }{
		"no Tenant":        {list("", manifests), "the ResourceList has no functionConfig; give it the Tenant"},
		"unknown key":      {list(strings.Replace(tenantFile, "labels", "label", 1), manifests), `functionConfig:7:3: spec.label: is not a known key`},
		"broken rule":      {list(tenantFile, strings.Replace(manifests, "library", "other", 1)), "no image comes from docker.io/library"},
		"items no list":    {strings.Replace(list(tenantFile, manifests), "items:\n", "items: {}\nothers:\n", 1), "items of the ResourceList is not a list"},
		"items on a line":  {"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig: {apiVersion: tenant-redis.dev/v1alpha1, kind: Tenant, metadata: {name: a}, spec: {namespace: b}}\nitems: [{kind: x}]\n", "cannot be told apart"},
		"an item is empty": {strings.Replace(list(tenantFile, manifests), "items:\n", "items:\n-\n", 1), ".items[0]: is not a Kubernetes object"},
		"another version":  {strings.Replace(list(tenantFile, manifests), "config.kubernetes.io/v1", "config.kubernetes.io/v1beta1", 1), "the ResourceList has the version \"config.kubernetes.io/v1beta1\"; allowed is config.kubernetes.io/v1"},
		"no object":        {list(tenantFile, "kind: x\n"), "is not a Kubernetes object"},
		"wrong location":   {list(tenantFile, "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: other}\n"), "which is not the tenant's"},
	} {
		t.Run(name, func(t *testing.T) {
			l, ok := krm.Read([]byte(test.list))
			require.True(t, ok)
			text, err := render(l)
			require.ErrorContains(t, err, test.want)
			rest, results := results(t, text)
			require.YAMLEq(t, test.list, rest)
			require.Len(t, results, 1)
			require.Equal(t, framework.Error, results[0].Severity)
			require.Contains(t, err.Error(), results[0].Message)
		})
	}
	for _, text := range []string{
		"", "a: [", manifests, "apiVersion: v1\nkind: ResourceList\n", "apiVersion: config.kubernetes.io/v1\nkind: List\n",
		// Lines that only some readers count.
		"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\rother: a\n", "# a\u2028b\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\n",
	} {
		_, ok := krm.Read([]byte(text))
		require.False(t, ok, text)
	}
}

// TestNoPlaceForResults holds that nothing is written where results would not be read, or
// would be a part of a value.
func TestNoPlaceForResults(t *testing.T) {
	plain := list(tenantFile, manifests)
	for name, text := range map[string]string{
		"in braces":                  `{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [], "results": []}`,
		"indented":                   "  apiVersion: config.kubernetes.io/v1\n  kind: ResourceList\n",
		"ended":                      plain + "...\n",
		"an item's text without end": strings.TrimSuffix(plain, "\n"),
		"a text without end":         plain + "other: |+\n  a\n\n  ",
		"items without end":          "apiVersion: config.kubernetes.io/0\nkind: ResourceList\nitems: |\n 0",
	} {
		t.Run(name, func(t *testing.T) {
			l, ok := krm.Read([]byte(text))
			require.True(t, ok)
			output, err := l.Render()
			require.ErrorContains(t, err, "there is no place for results behind the ResourceList")
			require.Nil(t, output)
		})
	}
	for _, end := range []string{"", "other: a", "other: a\n  b", "other: |\n  a\n", "other: >+\n  a\n\n"} {
		l, ok := krm.Read([]byte(plain + end))
		require.True(t, ok)
		text, err := render(l)
		require.NoError(t, err)
		rest, _ := results(t, text)
		require.True(t, strings.HasSuffix(rest, end) || strings.HasSuffix(rest, end+"\n"), rest)
	}
}

// TestTwoMeanings holds that what is about the package to one reader, and for the
// cluster to another, is not left alone.
func TestTwoMeanings(t *testing.T) {
	for _, item := range []string{
		"apiVersion: kpt.dev/v1\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: other}\n",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {config.kubernetes.io/local-config: 'true', 'config.kubernetes.io/local-config': 'false'}}\n",
	} {
		l, ok := krm.Read([]byte(list(tenantFile, item)))
		require.True(t, ok)
		_, err := render(l)
		require.ErrorContains(t, err, "is there twice")
	}
}

// leftAlone are items that are about the package, as kpt hands them over.
const leftAlone = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: pkg}\n---\n" +
	"apiVersion: tenant-redis.dev/v1alpha1\nkind: Tenant\nmetadata: {name: team-a}\nspec: {namespace: b}\n---\n" +
	"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations: {config.kubernetes.io/local-config: 'true'}\n"

// TestItemsKeepTheirBytes holds that all but what is edited stays as it was, which
// no encoder does: texts over several lines, comments, quotes, and what is about
// the package.
func TestItemsKeepTheirBytes(t *testing.T) {
	const texts = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: redis-system}\ndata:\n" +
		"  expr: >-\n    a ?\n      b\n    : c\n\n\n    d\n  kept: |+\n    a\n\n\n  # about b\n  b: \"c\\\n   d\"\n  'e': 0777\n"
	config, _, _ := strings.Cut(tenantFile, "  labels:")
	in := list(config, texts+"---\n"+leftAlone+"---\n"+texts)
	l, ok := krm.Read([]byte(in))
	require.True(t, ok)
	once, err := render(l)
	require.NoError(t, err)
	rest, _, _ := strings.Cut(string(once), "results:\n")
	require.Equal(t, 2, strings.Count(rest, provenance))
	require.Equal(t, in, identity.ReplaceAllString(rest, ""), "only what identifies the tenant is new")

	l, ok = krm.Read(once)
	require.True(t, ok)
	twice, err := render(l)
	require.NoError(t, err)
	require.Equal(t, rest, string(twice))
}

const provenance = "tenant-redis.dev/rendered-by: "

// identity is what each object gets.
var identity = regexp.MustCompile(`annotations: \{` + provenance + `"[^"]*"\}, |labels: \{tenant-redis.dev/tenant: team-a\}, `)

// TestCostIsLinear holds that what is left alone does not cost the square of its size.
func TestCostIsLinear(t *testing.T) {
	kptfile, _, _ := strings.Cut(leftAlone, "---\n")
	head, item, found := strings.Cut(list(tenantFile, kptfile), "items:\n")
	require.True(t, found)
	costtest.Linear(t, 4000, func(n int) {
		l, ok := krm.Read([]byte(head + "items:\n" + strings.Repeat(item, n)))
		require.True(t, ok)
		_, err := render(l)
		require.NoError(t, err)
	})
}

// FuzzRender holds that a function never panics, writes YAML with as many items as it
// was given, leaves them as they were if it fails, and has nothing to do the second
// time.
func FuzzRender(f *testing.F) {
	config, _, _ := strings.Cut(tenantFile, "  labels:")
	for _, seed := range []string{manifests, leftAlone, "a: |\n  b\n\n", "x: &x 1\ny: *x\n", "\"a\": >-\n  b\n\n  c\n", "# a\n\n"} {
		f.Add(list(config, seed))
		f.Add(strings.ReplaceAll(list(config, seed), "\n", "\r\n"))
	}
	items := func(t *testing.T, text []byte) any {
		t.Helper()
		var read struct {
			Items any `yaml:"items"`
		}
		require.NoError(t, kyaml.Unmarshal(text, &read))
		return read.Items
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, ok := krm.Read([]byte(text))
		var ignored any
		if !ok || kyaml.Unmarshal([]byte(text), &ignored) != nil {
			return
		}
		once, err := render(l)
		if err != nil {
			if len(once) > 0 {
				require.Equal(t, items(t, []byte(text)), items(t, once))
			}
			return
		}
		before, _ := items(t, []byte(text)).([]any)
		after, _ := items(t, once).([]any)
		require.Len(t, after, len(before))
		l, ok = krm.Read(once)
		require.True(t, ok)
		twice, err := render(l)
		require.NoError(t, err)
		require.Equal(t, items(t, once), items(t, twice))
	})
}
