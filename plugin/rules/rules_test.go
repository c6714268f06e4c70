package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// exampleTenant is the tenant of the golden examples.
func exampleTenant(tb testing.TB) tenant.Tenant {
	tb.Helper()
	text, err := os.ReadFile("testdata/tenant.yaml")
	require.NoError(tb, err)
	t, err := tenant.Read("testdata/tenant.yaml", text)
	require.NoError(tb, err)
	return t
}

// examples returns the golden inputs by file name.
func examples(tb testing.TB) map[string][]byte {
	tb.Helper()
	names, err := filepath.Glob("testdata/*.in.yaml")
	require.NoError(tb, err)
	require.NotEmpty(tb, names)
	texts := map[string][]byte{}
	for _, name := range names {
		texts[name], err = os.ReadFile(name)
		require.NoError(tb, err)
	}
	return texts
}

func TestRenderExamples(t *testing.T) {
	team := exampleTenant(t)
	for name, in := range examples(t) {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(strings.Replace(name, ".in.", ".want.", 1))
			require.NoError(t, err)

			got, err := Render(team, in)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))

			again, err := Render(team, got)
			require.NoError(t, err)
			require.Equal(t, string(got), string(again), "the second rendering changes something")
		})
	}
}

// TestRenderKeepsLineEndings renders the examples with the line endings of
// Windows: the result is the same but for the line endings.
func TestRenderKeepsLineEndings(t *testing.T) {
	team := exampleTenant(t)
	for name, in := range examples(t) {
		t.Run(name, func(t *testing.T) {
			want, err := Render(team, in)
			require.NoError(t, err)
			got, err := Render(team, []byte(strings.ReplaceAll(string(in), "\n", "\r\n")))
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(string(want), "\n", "\r\n"), string(got))
		})
	}
}

// TestRenderOfWhatNeedsNoChange renders what is the tenant's already.
func TestRenderOfWhatNeedsNoChange(t *testing.T) {
	for name, stream := range map[string]string{
		"nothing":       "",
		"an empty line": "\n",
		"comments":      "# a\n---\n# b\r\n---\n",
		"a labelled object": "---\n# a\nkind: ConfigMap\napiVersion: v1\nmetadata:   {labels: {'tenant-redis.dev/tenant':   team-a}}\n" +
			"data: {a: 0777, b: 1.10, c: 1e3, d: yes}\n\n\n",
		"an image": "kind: Pod\napiVersion: v1\nmetadata:\n  labels: {tenant-redis.dev/tenant: team-a}\n" +
			"spec: {containers: [{image: 'not an image: no mapping is about it'}]}",
		"shared parts": "kind: ConfigMap\napiVersion: v1\nmetadata: &m\n  labels: &l {tenant-redis.dev/tenant: team-a}\nx: *m\ny: {<<: *l}\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Render(tenant.Tenant{Name: "team-a"}, []byte(stream))
			require.NoError(t, err)
			require.Equal(t, stream, string(got))
		})
	}
}

func TestRenderRefuses(t *testing.T) {
	const (
		configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n---\n"
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
			"line 4: List: .items[0]: is not a Kubernetes object: it has no apiVersion; each document needs apiVersion and kind",
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
			"line 6: Pod p: .spec.containers[0].image: holds \"Redis:7\", which is not an image reference: " +
				"invalid reference format: repository name (library/Redis) must be lowercase; write [registry/]repository[:tag][@digest]",
		},
		"image on two lines": {
			pod + "|-\n        redis:7\n",
			"line 6: Pod p: .spec.containers[0].image: cannot be edited in place; write it as a value on one line, without a tag",
		},
		"image that is an alias": {
			"x: &image redis:7\n" + pod + "*image\n",
			"line 1: Pod p: .spec.containers[0].image: cannot be edited: it is the alias *image; write the value out",
		},
		"image that a merge key brings in": {
			"x: &base {image: redis:7}\n" + strings.TrimSuffix(pod, "image: ") + "<<: *base\n",
			"line 7: Pod p: .spec.containers[0]: has a merge key (<<) that might bring image in; write the mapping out",
		},
		"image that would become another": {
			pod + "redis@sha256:abc\n",
			"line 6: Pod p: .spec.containers[0].image: holds \"redis@sha256:abc\", which is not an image reference: " +
				"invalid reference format; write [registry/]repository[:tag][@digest]",
		},
		"selector by a label of the tenant": {
			"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  selector:\n    matchLabels: {team: b}\n",
			"line 6: StatefulSet s: .spec.selector.matchLabels: selects Pods by the label team with another value than the tenant's; " +
				"remove the label from the tenant file or from the selector",
		},
		"labels that are a list": {
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: [a]}\n",
			"line 3: ConfigMap c: .metadata.labels: is a list; must be a mapping",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Render(exampleTenant(t), []byte(test.stream))
			require.EqualError(t, err, test.want)
			require.IsType(t, &manifest.Error{}, err)
			require.Nil(t, got)
		})
	}
}

func TestRenderRefusesAnImageThatWouldReadAsAnother(t *testing.T) {
	team := tenant.Tenant{Name: "team-a", Images: []tenant.ImageMapping{{From: "quay.io/acme", To: "docker.io"}}}
	_, err := Render(team, []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: quay.io/acme/redis:7}]}\n"))
	require.EqualError(t, err, "line 4: Pod p: .spec.containers[0].image: would become \"docker.io/redis:7\", "+
		"which names no repository; change the mapping of quay.io/acme/redis")
}

func FuzzRender(f *testing.F) {
	team := exampleTenant(f)
	for _, in := range examples(f) {
		f.Add(in)
		f.Add([]byte(strings.ReplaceAll(string(in), "\n", "\r\n")))
	}
	const object = "apiVersion: v1\nkind: Pod\n"
	for _, seed := range []string{
		"", "---", "\ufeff" + object + "metadata: {}\n", object + "metadata: {labels: , annotations}\n", object + "metadata: {labels}",
		object + "metadata:\n? labels\n: a: b\n", object + "metadata: &a\n  labels: *a\n", object + "metadata: !!map {labels: !!null }\n",
		object + "metadata:\n\tname: a\n", object + "metadata: {'labels': \"a\\\n b\"}\n", object + "metadata:\n  labels:\n    team: 'a\n\n      b'\n",
		"{apiVersion: v1,kind: Pod,metadata: {name: \"\u2028\",labels: {team: \"\\\"\"}},spec: {containers: [{image: redis}]}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		once, err := Render(team, stream)
		if err != nil {
			require.Empty(t, once)
			return
		}
		pieces := manifest.Split(once)
		require.Len(t, pieces, len(manifest.Split(stream)))
		for _, piece := range pieces {
			_, err := manifest.Parse(piece)
			require.NoError(t, err)
		}
		twice, err := Render(team, once)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}
