// Package bench compares tenant-post with the tools that platforms use for the
// same edits: kustomize (krusty) and kyaml's stream of objects (kio).
package bench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/tenant-redis/tenant-redis/plugin/bench/peers"
)

// must runs one of the peers.
func must(t *testing.T, render func([]byte) ([]byte, error), stream []byte) []byte {
	t.Helper()
	text, err := render(stream)
	require.NoError(t, err)
	return text
}

// objects reads a stream into maps, without what tenant-post alone sets.
func objects(t *testing.T, stream []byte) []map[string]any {
	t.Helper()
	nodes, err := kio.ParseAll(string(stream))
	require.NoError(t, err)
	var all []map[string]any
	for _, node := range nodes {
		object, err := node.Map()
		require.NoError(t, err)
		delete(object["metadata"].(map[string]any), "annotations")
		all = append(all, object)
	}
	return all
}

// TestAllMakeTheSame holds that the benchmark compares the same edits.
func TestAllMakeTheSame(t *testing.T) {
	in := manifests(3)
	want := objects(t, must(t, peers.Krusty, in))
	require.Equal(t, want, objects(t, withRules(t, in)))
	require.Equal(t, want, objects(t, must(t, peers.Kio, in)))
}

// FuzzLikeKrusty holds that tenant-post and kustomize mean the same where
// kustomize is right: other names, values and images in plain objects.
func FuzzLikeKrusty(f *testing.F) {
	f.Add("web", "team", "b", "docker.io/library/nginx:1", "info")
	f.Add("a", "tenant-redis.dev/tenant", "", "nginx", "yes: no # x")
	f.Add("a.b", "x/y", "1.10", "docker.io/library/nginx2@sha256:"+strings.Repeat("a", 64), "0777")
	f.Fuzz(func(t *testing.T, name, label, value, image, text string) {
		if len(validation.IsDNS1123Subdomain(name)) > 0 || len(validation.IsQualifiedName(label)) > 0 || len(validation.IsValidLabelValue(value)) > 0 {
			return
		}
		// Kustomize takes a short name and docker.io's for two images, and what
		// is no reference as it comes.
		if !strings.HasPrefix(image, "docker.io/library/nginx:") || strings.Trim(image[24:], "abcdefghijklmnopqrstuvwxyz0123456789") != "" || image[24:] == "" || len(image) > 100 {
			image = "docker.io/library/other:1"
		}
		for _, r := range text {
			if r < ' ' || r > '~' {
				return
			}
		}
		in := fmt.Appendf(nil, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %q\n  labels: {%q: %q}\nspec:\n  template:\n    metadata: {labels: {%[2]q: %[3]q}}\n"+
			"    spec:\n      containers:\n        - {name: a, image: %[4]q, args: [%[5]q]}\n---\n"+
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %[1]q}\ndata: {text: %[5]q}\n", name, label, value, image, text)
		require.ElementsMatch(t, objects(t, must(t, peers.Krusty, in)), objects(t, withRules(t, in)))
	})
}
