package krm_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/tenant-redis/tenant-redis/plugin/input"
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
		return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
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

func TestRender(t *testing.T) {
	l, ok := krm.Read([]byte(list(tenantFile, manifests)))
	require.True(t, ok)
	once, err := l.Render()
	require.NoError(t, err)
	require.Contains(t, string(once), "- name: web # kept\n")

	list, _, found := strings.Cut(string(once), "results:\n")
	require.True(t, found)

	// What a function returns is what the next one gets.
	l, ok = krm.Read(once)
	require.True(t, ok)
	twice, err := l.Render()
	require.NoError(t, err)
	require.Equal(t, list, string(twice), "there is nothing to tell any more")

	_, items, found := strings.Cut(list, "\nitems:\n")
	require.True(t, found)
	require.Equal(t, objects(t, plain(t)), objects(t, "apiVersion: v1\nkind: List\nitems:\n"+items))
}

func TestRefuses(t *testing.T) {
	for name, test := range map[string]struct{ list, want string }{
		"no Tenant":      {list("", manifests), "the ResourceList has no functionConfig; give it the Tenant"},
		"unknown key":    {list(strings.Replace(tenantFile, "labels", "label", 1), manifests), `functionConfig:7:3: spec.label: is not a known key`},
		"broken rule":    {list(tenantFile, strings.Replace(manifests, "library", "other", 1)), "no image comes from docker.io/library"},
		"items no list":  {strings.Replace(list(tenantFile, manifests), "items:\n", "items: {}\nothers:\n", 1), "items of the ResourceList is not a list"},
		"no object":      {list(tenantFile, "kind: x\n"), "is not a Kubernetes object"},
		"wrong location": {list(tenantFile, "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: other}\n"), "which is not the tenant's"},
	} {
		t.Run(name, func(t *testing.T) {
			l, ok := krm.Read([]byte(test.list))
			require.True(t, ok)
			text, err := l.Render()
			require.ErrorContains(t, err, test.want)
			rest, results := results(t, text)
			require.YAMLEq(t, test.list, rest)
			require.Len(t, results, 1)
			require.Equal(t, framework.Error, results[0].Severity)
			require.Contains(t, err.Error(), results[0].Message)
		})
	}
	for _, text := range []string{"", "a: [", manifests, "apiVersion: v1\nkind: ResourceList\n"} {
		_, ok := krm.Read([]byte(text))
		require.False(t, ok, text)
	}
}
