package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTwice holds that what would change in a second run is refused in the first, naming
// the patch and the place, and that all else is not.
func TestTwice(t *testing.T) {
	const (
		pod    = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels:\n    a: b\nspec:\n  containers:\n  - name: a\n    image: redis:6\n"
		config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {l: [a]}\n"
		list   = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {l: [a]}}\n"
		grows  = "{op: replace, path: /data/l/0, value: x}]}\n  - {target: {kind: ConfigMap}, operations: [{op: add, path: /data/l/0, value: y}"
	)
	for name, test := range map[string]struct{ stream, kind, operations, want string }{
		"an item whose image is mapped": {
			pod, "Pod", "{op: add, path: /spec/containers/-, value: {name: s, image: redis:7}}",
			"manifests: line 1: Pod redis-system/p: .spec.containers[2]: cannot be patched by spec.patches[0].operations[0]: a second run would change it again",
		},
		"an item as it is mapped": {pod, "Pod", "{op: add, path: /spec/containers/-, value: {name: s, image: m.test/library/redis:7}}", ""},
		"an image that is mapped": {pod, "Pod", "{op: replace, path: /spec/containers/0/image, value: redis:7}", ""},
		"two patches":             {config, "ConfigMap", grows, ".data.l[0]: cannot be patched by spec.patches[0].operations[0]"},
		"two patches, in a list":  {list, "ConfigMap", grows, ".data.l[0]: cannot be patched by spec.patches[0].operations[0]"},
		"labels that are set":     {pod, "Pod", "{op: remove, path: /metadata/labels}", ".metadata.labels: cannot be patched by spec.patches[0].operations[0]"},
		"a test of what it was": {
			pod, "Pod", "{op: test, path: /spec/containers/0/image, value: redis:6}, {op: replace, path: /spec/containers/0/image, value: redis:7}",
			".spec.containers[0].image: would be refused in a second run: is not what spec.patches[0].operations[0] tests for",
		},
	} {
		t.Run(name, func(t *testing.T) {
			team := teamA(t, "  images: [{from: docker.io, to: m.test, optional: true}]\n"+
				"  patches:\n  - {target: {kind: "+test.kind+"}, operations: ["+test.operations+"]}\n")
			_, err := Output(team, []byte(test.stream))
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
		})
	}
}

// TestTwiceIsBounded holds that one patch of many objects is told as often as other problems.
func TestTwiceIsBounded(t *testing.T) {
	team := teamA(t, "  images: [{from: docker.io, to: m.test}]\n  patches: [{target: {kind: Pod}, operations: [{op: add, path: /spec/containers/-, value: {name: s, image: redis:7}}]}]\n")
	_, err := Output(team, []byte(strings.Repeat("---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: redis}]}\n", maxProblems+7)))
	require.Equal(t, maxProblems, strings.Count(err.Error(), "a second run would change it again"))
	require.ErrorContains(t, err, "and 7 objects more")
}
