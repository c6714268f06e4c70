package rules

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// seeds are streams that fuzzing begins with: the golden examples, with both
// line endings, and what once broke a reader or a writer.
func seeds(f *testing.F) {
	f.Helper()
	for _, e := range examples(f) {
		f.Add(e.in)
		f.Add(e.want)
		f.Add(bytes.ReplaceAll(e.in, []byte("\n"), []byte("\r\n")))
	}
	names, err := filepath.Glob("../cmd/tenant/testdata/chart/templates/*")
	require.NoError(f, err)
	require.NotEmpty(f, names)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text)
	}
	const object = "apiVersion: v1\nkind: Pod\n"
	for _, seed := range []string{
		"", "---", "\ufeff" + object + "metadata: {}\n", object + "metadata: {labels: , annotations}\n", object + "metadata: {labels}",
		object + "metadata:\n? labels\n: a: b\n", object + "metadata: &a\n  labels: *a\n", object + "metadata: !!map {labels: !!null }\n",
		object + "metadata:\n\tname: a\n", object + "metadata: {'labels': \"a\\\n b\"}\n", object + "metadata:\n  labels:\n    team: 'a\n\n      b'\n",
		"{apiVersion: v1,kind: Pod,metadata: {name: \"\u2028\",labels: {team: \"\\\"\"}},spec: {containers: [{image: redis}]}}",
		object + "metadata: {}\nspec:\n  tolerations:\n  - key: a\n  # end\n\n  containers:\n  -\n    image: redis\n",
		object + "metadata: {}\nspec: {tolerations: [{key: \"]\"}, {key: a # ]\n}], containers: [ ]}\n",
		object + "metadata: {}\nspec:\n  nodeSelector: |\n   a\n  tolerations: null\n...\n",
	} {
		f.Add([]byte(seed))
	}
}

// fuzzTenants are tenants whose rules touch all kinds of places.
func fuzzTenants(f *testing.F) []*tenant.Tenant {
	f.Helper()
	return []*tenant.Tenant{
		exampleTenant(f),
		teamA(f, "  placement: {nodeSelector: {a: b}, tolerations: [{key: a}, {key: b, operator: Exists}], optional: true}\n"+
			"  resources: {onExcess: clamp, requests: {cpu: 100m}, limits: {memory: 1Gi}, optional: true}\n"+
			"  access: {podLabels: {in: allow}, optional: true}\n  namespaces: [team-a]\n  alerts: {labels: {a: b}, optional: true}\n"),
		teamA(f, "  images: [{from: docker.io, to: a.example, optional: true}]\n  resources: {onExcess: clamp, limits: {memory: 64Mi}, optional: true}\n"+
			"  sidecars: [{target: {kind: Pod}, instance: a, optional: true}, {target: {group: apps, kind: Deployment}, instance: b, optional: true}]\n"),
		teamA(f, "  patches: [{target: {kind: Pod}, optional: true, operations: [{op: add, path: /spec/x, value: [1, {a: b}]}, "+
			"{op: add, path: /spec/containers/-, value: {image: redis}}, {op: add, path: /spec/tolerations/0, value: {key: z}}, {op: replace, path: /metadata/labels, value: {}}]},"+
			" {target: {kind: ConfigMap}, optional: true, operations: [{op: remove, path: /data}, {op: add, path: /metadata/finalizers, value: []}]}]\n"),
	}
}

// FuzzRender holds that rendering never panics, loses no document, writes what
// can be read, and that the second rendering changes nothing.
func FuzzRender(f *testing.F) {
	seeds(f)
	tenants := fuzzTenants(f)
	f.Fuzz(func(t *testing.T, stream []byte) {
		for _, team := range tenants {
			once, err := Render(team, stream)
			if err != nil {
				require.Empty(t, once)
				continue
			}
			output := once.Bytes()
			require.Len(t, manifest.Split(output), len(once.Documents))
			for _, doc := range once.Documents {
				_, err := manifest.Parse(doc.Before.With(doc.After))
				require.NoError(t, err)
				require.Equal(t, !doc.HasChanged(), bytes.Equal(doc.Before.Text, doc.After))
			}
			twice, err := Render(team, output)
			require.NoError(t, err)
			require.Equal(t, string(output), string(twice.Bytes()))
			require.Empty(t, twice.Changes())
		}
	})
}

// fileAnnotation is how Helm 4 finds an object's file again.
const fileAnnotation = "postrenderer.helm.sh/postrender-filename"

// FuzzHelm4 holds that what Helm 4 does around a post-renderer works: it reads
// the chart's output, annotates each object, and takes the annotation off what
// comes back.
func FuzzHelm4(f *testing.F) {
	seeds(f)
	team := exampleTenant(f)
	f.Fuzz(func(t *testing.T, stream []byte) {
		sent, err := kio.ParseAll(string(stream))
		if err != nil || len(sent) == 0 {
			return
		}
		for _, object := range sent {
			if object.YNode().Kind != yaml.MappingNode || object.PipeE(yaml.SetAnnotation(fileAnnotation, "shop/templates/a.yaml")) != nil {
				return
			}
		}
		text, err := kio.StringAll(sent)
		if err != nil {
			return
		}
		result, err := Render(team, []byte(text))
		if err != nil {
			return
		}
		back, err := kio.ParseAll(string(result.Bytes()))
		require.NoError(t, err)
		require.Len(t, back, len(sent))
		for _, object := range back {
			require.Equal(t, "shop/templates/a.yaml", object.GetAnnotations()[fileAnnotation])
			require.Equal(t, 1, strings.Count(object.MustString(), fileAnnotation))
		}
	})
}
