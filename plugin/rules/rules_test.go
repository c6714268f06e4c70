package rules

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// read returns the tenant of a file.
func read(tb testing.TB, name string) *tenant.Tenant {
	tb.Helper()
	text, err := os.ReadFile(name)
	require.NoError(tb, err)
	t, err := tenant.Read(name, text)
	require.NoError(tb, err)
	return t
}

// exampleTenant is the tenant of the golden examples.
func exampleTenant(tb testing.TB) *tenant.Tenant {
	tb.Helper()
	return read(tb, "testdata/tenant.yaml")
}

// teamA is a tenant of the least.
func teamA(tb testing.TB, spec string) *tenant.Tenant {
	tb.Helper()
	t, err := tenant.Read("tenant.yaml", []byte("apiVersion: tenant-redis.dev/v1alpha1\nkind: Tenant\nmetadata: {name: team-a}\n"+
		"spec:\n  namespace: redis-system\n"+spec))
	require.NoError(tb, err)
	return t
}

// example is a golden example; those without a tenant file of their own share
// one.
type example struct {
	tenant   *tenant.Tenant
	in, want []byte
}

func examples(tb testing.TB) map[string]example {
	tb.Helper()
	names, err := filepath.Glob("testdata/*.in.yaml")
	require.NoError(tb, err)
	require.NotEmpty(tb, names)
	all := map[string]example{}
	for _, name := range names {
		e := example{tenant: exampleTenant(tb)}
		if own := strings.Replace(name, ".in.", ".tenant.", 1); fileExists(own) {
			e.tenant = read(tb, own)
		}
		e.in, err = os.ReadFile(name)
		require.NoError(tb, err)
		e.want, err = os.ReadFile(strings.Replace(name, ".in.", ".want.", 1))
		require.NoError(tb, err)
		e.want = bytes.ReplaceAll(e.want, []byte("RENDERED-BY"), []byte(e.tenant.RenderedBy()))
		all[name] = e
	}
	return all
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func render(t *tenant.Tenant, stream []byte) ([]byte, error) {
	result, err := Render(t, stream)
	return result.Bytes(), err
}

func TestRenderExamples(t *testing.T) {
	for name, e := range examples(t) {
		t.Run(name, func(t *testing.T) {
			got, err := render(e.tenant, e.in)
			require.NoError(t, err)
			require.Equal(t, string(e.want), string(got))

			again, err := Render(e.tenant, got)
			require.NoError(t, err)
			require.Equal(t, string(got), string(again.Bytes()), "the second rendering changes something")
			require.Empty(t, again.Changes())
		})
	}
}

// TestRenderKeepsLineEndings renders the examples with the line endings of
// Windows: the result is the same but for the line endings.
func TestRenderKeepsLineEndings(t *testing.T) {
	for name, e := range examples(t) {
		t.Run(name, func(t *testing.T) {
			got, err := render(e.tenant, bytes.ReplaceAll(e.in, []byte("\n"), []byte("\r\n")))
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(string(e.want), "\n", "\r\n"), string(got))
		})
	}
}

// TestRenderOfWhatNeedsNoChange renders what is the tenant's already.
func TestRenderOfWhatNeedsNoChange(t *testing.T) {
	team := teamA(t, "")
	metadata := "namespace: redis-system, annotations: {tenant-redis.dev/rendered-by: '" + team.RenderedBy() + "'}"
	for name, stream := range map[string]string{
		"nothing":       "",
		"an empty line": "\n",
		"comments":      "# a\n---\n# b\r\n---\n",
		"a labelled object": "---\n# a\nkind: ConfigMap\napiVersion: v1\nmetadata:   {" + metadata + ", labels: {'tenant-redis.dev/tenant':   team-a}}\n" +
			"data: {a: 0777, b: 1.10, c: 1e3, d: yes}\n\n\n",
		"an image": "kind: Pod\napiVersion: v1\nmetadata:\n  labels: {tenant-redis.dev/tenant: team-a}\n  " +
			strings.ReplaceAll(metadata, ", ", "\n  ") + "\nspec: {containers: [{image: 'not an image: no mapping is about it'}]}",
		"shared parts": "kind: ConfigMap\napiVersion: v1\nmetadata: &m\n  labels: &l {tenant-redis.dev/tenant: team-a}\n  " +
			strings.ReplaceAll(metadata, ", ", "\n  ") + "\nx: *m\nz: {k: *l}\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := render(team, []byte(stream))
			require.NoError(t, err)
			require.Equal(t, stream, string(got))
		})
	}
}

func TestRenderRefuses(t *testing.T) {
	const (
		configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: team-a}\n---\n"
		pod       = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - image: "
	)
	tests := map[string]struct{ stream, want string }{
		"no kind": {
			configMap + "apiVersion: v1\nmetadata: {name: c}\n",
			"line 5: document c: is not a Kubernetes object: it has no kind; each document needs apiVersion and kind",
		},
		"no apiVersion": {
			configMap + "kind: ConfigMap\n",
			"line 5: ConfigMap: is not a Kubernetes object: it has no apiVersion; each document needs apiVersion and kind",
		},
		"no metadata": {
			"apiVersion: v1\nkind: ConfigMap\nmetadata:\n", "line 1: ConfigMap: has no metadata; an object needs metadata.name",
		},
		"item that is no object": {
			"apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n",
			"line 4: ConfigMap: .items[0]: is not a Kubernetes object: it has no apiVersion; each document needs apiVersion and kind",
		},
		"items that are no list": {
			"apiVersion: v1\nkind: List\nitems: {a: b}\n", "line 3: List: .items: is a mapping; must be a list",
		},
		"duplicate key": {
			configMap + "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  key: c2VjcmV0\n  key: c2VjcmV0\n",
			"line 10: Secret s: .data.key: is there twice; remove one of the two",
		},
		"image that is no string": {pod + "7\n", "line 6: Pod p: .spec.containers[0].image: must be a string; put it in quotes"},
		"image that is none": {
			pod + "Redis:7\n",
			"line 6: Pod p: .spec.containers[0].image: holds \"Redis:7\", which is not an image reference; " +
				"write [registry/]repository[:tag][@digest]",
		},
		"image with a tag of YAML": {
			pod + "!!str redis:7\n",
			"line 6: Pod p: .spec.containers[0].image: carries a tag, about which readers disagree; remove it, and put a string in quotes",
		},
		"another namespace": {
			configMap + "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\n",
			"line 5: Secret shop/s: is in the namespace shop, which is not the tenant's; allowed are redis-system, team-a; " +
				"change the chart's values, or add it to spec.namespaces of the tenant file",
		},
		"unknown scope": {
			configMap + "apiVersion: acme.example/v1\nkind: Widget\nmetadata: {name: w}\n",
			"line 5: Widget w: is of a kind whose scope is not known; declare it in spec.kinds of the tenant file: " +
				"{group: \"acme.example\", kind: Widget, scope: Namespaced}, or scope: Cluster",
		},
		"image that is an alias": {
			"x: &image redis:7\n" + pod + "*image\n",
			"line 1: Pod p: .spec.containers[0].image: cannot be edited: it is an alias; write the value out",
		},
		"image that a merge key brings in": {
			"x: &base {image: redis:7}\n" + strings.TrimSuffix(pod, "image: ") + "<<: *base\n",
			"line 7: Pod p: .spec.containers[0]: has a merge key (<<), about which readers disagree; write the mapping out",
		},
		"image that would become another": {
			pod + "redis@sha256:abc\n",
			"line 6: Pod p: .spec.containers[0].image: holds \"redis@sha256:abc\", which is not an image reference; " +
				"write [registry/]repository[:tag][@digest]",
		},
		"selector by a label of the tenant": {
			"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  selector:\n    matchLabels: {team: b}\n",
			"line 6: StatefulSet s: .spec.selector.matchLabels: selects Pods by the label team with another value than the tenant's; " +
				"remove the label from the tenant file or from the selector",
		},
		"labels that pass on by no expression": {
			"apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: r}\nspec:\n  labelWhitelist: ['[']\n",
			"line 5: RedisFailover r: .spec.labelWhitelist[0]: is not a regular expression; the operator would not start",
		},
		"labels that are a list": {
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: [a]}\n",
			"line 3: ConfigMap c: .metadata.labels: is a list; must be a mapping",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Render(exampleTenant(t), []byte(test.stream))
			require.EqualError(t, err, "manifests: "+test.want)
			require.IsType(t, &manifest.Error{}, err)
			require.Empty(t, got)
		})
	}
}

func TestRenderRefusesAnImageThatWouldReadAsAnother(t *testing.T) {
	team := teamA(t, "  images: [{from: quay.io/acme, to: docker.io}]\n")
	_, err := Render(team, []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: quay.io/acme/redis:7}]}\n"))
	require.EqualError(t, err, "manifests: line 4: Pod p: .spec.containers[0].image: would become \"docker.io/redis:7\", "+
		"which names no repository; change the mapping of quay.io/acme/redis")
}

// TestAllProblemsAtOnce holds that an error names all documents, and the
// template that Helm 3 or Helm 4 names.
func TestAllProblemsAtOnce(t *testing.T) {
	const widget = "apiVersion: acme.example/v1\nkind: Widget\nmetadata: {name: w}\n"
	_, err := Render(teamA(t, ""), []byte("---\n# Source: shop/templates/a.yaml\n"+widget+"---\n"+
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: other, annotations: {postrenderer.helm.sh/postrender-filename: shop/templates/b.yaml}}\n"))
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], "manifests: line 3: shop/templates/a.yaml: Widget w: is of a kind whose scope is not known")
	require.Contains(t, lines[1], "manifests: line 7: shop/templates/b.yaml: Secret other/s: is in the namespace other")

	_, err = Render(teamA(t, ""), []byte(strings.Repeat("---\n"+widget, 23)))
	require.ErrorContains(t, err, "\nand 3 objects more")
	require.Len(t, strings.Split(err.Error(), "\n"), maxProblems+1)

	// A List that is read as a whole, and what is only seen at the end.
	_, err = Render(teamA(t, ""), []byte("{apiVersion: v1, kind: List, items: ["+
		"{apiVersion: a/v1, kind: A, metadata: {}}, {apiVersion: v1, kind: ConfigMap, metadata: {}}, {apiVersion: b/v1, kind: B, metadata: {}}]}\n"))
	lines = strings.Split(err.Error(), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], ".items[0]: is of a kind whose scope is not known")
	require.Contains(t, lines[1], ".items[2]: is of a kind whose scope is not known")
	_, err = Render(teamA(t, ""), []byte(podAs+"x}\n---\n"+podAs+"z}\n"))
	require.Len(t, strings.Split(err.Error(), "\n"), 2)
	require.Len(t, Refusals(err), 2)
}
