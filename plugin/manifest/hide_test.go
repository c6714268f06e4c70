package manifest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	secretHead = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: ns\n  generateName: g\n"
	shownHead  = "apiVersion: v1\nkind: Secret\nmetadata:\n  generateName: g\n  name: s\n  namespace: ns\n"
)

// TestHideSecrets holds what is shown of a Secret: what it is called, what it is for, and
// where two versions differ.
func TestHideSecrets(t *testing.T) {
	tests := map[string]struct{ before, after, shownBefore, shownAfter string }{
		"no Secret": {"kind: Pod # x\nx: a\n", "kind: Pod\nx:   b\n", "kind: Pod # x\nx: a\n", "kind: Pod\nx:   b\n"},
		"comments":  {"# a\n", "# b\n", "# a\n", "# b\n"},
		"a Secret that is new": {
			"# a\n", secretHead + "data: {a: b}\n", "", shownHead[:len("apiVersion: v1\n")] + "data:\n  a: \"*** (after)\"\n" + shownHead[len("apiVersion: v1\n"):],
		},
		"a value that stays": {secretHead + "x: [a]\n", secretHead + "x:\n- a # b\n", shownHead + "x: \"***\"\n", shownHead + "x: \"***\"\n"},
		"values that change": {
			secretHead + "stringData: {a: 1, b: 2}\n", secretHead + "stringData: {b: 3, c: 4}\n",
			shownHead + "stringData:\n  a: \"*** (before)\"\n  b: \"*** (before)\"\n", shownHead + "stringData:\n  b: \"*** (after)\"\n  c: \"*** (after)\"\n",
		},
		"a list that grows": {secretHead + "x: [a]\n", secretHead + "x: [a, b]\n", shownHead + "x: \"*** (before)\"\n", shownHead + "x: \"*** (after)\"\n"},
		"a list that is no list any more": {
			secretHead + "x: [a]\n", secretHead + "x: {a: b}\n", shownHead + "x: \"*** (before)\"\n", shownHead + "x: \"*** (after)\"\n",
		},
		"what is public": {
			"kind: Secret\nimmutable: true\ntype: Opaque\nmetadata: {labels: {a: b}, annotations: {a: b, tenant-redis.dev/x: c}, finalizers: [d]}\n", "kind: Secret\n",
			"immutable: true\nkind: Secret\nmetadata:\n  annotations:\n    a: \"*** (before)\"\n    tenant-redis.dev/x: c\n  finalizers: \"*** (before)\"\n  labels:\n    a: b\ntype: Opaque\n",
			"kind: Secret\n",
		},
		"a value in braces":     {secretHead + "data: {a: {b: c}}\nx: [{d: e}]\n", "# a\n", shownHead[:len("apiVersion: v1\n")] + "data:\n  a: \"*** (before)\"\n" + shownHead[len("apiVersion: v1\n"):] + "x: \"*** (before)\"\n", ""},
		"what is empty":         {"kind: Secret\ndata: {}\nx: []\n", "kind: Secret\n", "data: \"*** (before)\"\nkind: Secret\nx: \"*** (before)\"\n", "kind: Secret\n"},
		"a Secret in a List":    {"items: [{kind: Pod, x: {}, z: a}, {kind: Secret, x: b}]\n", "# a\n", "items:\n  - kind: Pod\n    x: {}\n    z: a\n  - kind: Secret\n    x: \"*** (before)\"\n", ""},
		"a Secret by an alias":  {"x: &k Secret\nkind: *k\nz: a\n", "# a\n", "kind: \"*** (before)\"\nx: \"*** (before)\"\nz: \"*** (before)\"\n", ""},
		"an anchor and aliases": {"x: &a b\nz: {kind: Secret, data: *a}\n", "x: &a b\nz: {kind: Secret, data: *a}\n", "x: \"***\"\nz:\n  data: \"***\"\n  kind: Secret\n", "x: \"***\"\nz:\n  data: \"***\"\n  kind: Secret\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before, after, ok := HideSecrets(Piece{Text: []byte(test.before)}, Piece{Text: []byte(test.after)})
			require.True(t, ok)
			require.Equal(t, test.shownBefore, string(before))
			require.Equal(t, test.shownAfter, string(after))
		})
	}
	const good, bad = "kind: Pod\n", "kind: ["
	for _, versions := range [][2]string{{good, bad}, {bad, good}} {
		before, after, ok := HideSecrets(Piece{Text: []byte(versions[0])}, Piece{Text: []byte(versions[1])})
		require.False(t, ok)
		require.Empty(t, string(before)+string(after))
	}
}

// TestEqual holds what counts when an edited text is read back: all but the order of keys.
func TestEqual(t *testing.T) {
	tree := func(text string) *yaml.Node {
		root, err := decodeOne([]byte(text))
		require.NoError(t, err)
		return root
	}
	for other, want := range map[string]bool{
		"a: 1\nb: [x, {c: d, e: f}]\n":            true,
		"b: [x, {c: d, e: f}]\na: 1\n":            true,
		"{\"b\": ['x', {e: f, c: d}], a: 1}\n":    true,
		"a: 2\nb: [x, {c: d, e: f}]\n":            false,
		"a: '1'\nb: [x, {c: d, e: f}]\n":          false,
		"a: &a 1\nb: [x, {c: d, e: f}]\n":         false,
		"a: 1\nb: [{c: d, e: f}, x]\n":            false,
		"a: 1\nb: [x, {c: d}]\n":                  false,
		"a: 1\nb: [x, {c: d, e: g}]\n":            false,
		"a: 1\nb: [x, {e: d, c: f}]\n":            false,
		"a: 1\nb: {x: {c: d, e: f}}\n":            false,
		"a: 1\nc: [x, {c: d, e: f}]\n":            false,
		"a: 1\nb: [x, {c: d, e: f}]\nz: 1\n":      false,
		"a: 1\nb: [x, {c: d, e: f}, {}]\n":        false,
		"a: 1\nb: [x, [c, d, e, f]]\n":            false,
		"b: [x, {c: d, e: f}]\na: 1.0\n":          false,
		"b: &b [x, {c: d, e: f}]\na: 1\n":         false,
		"b: [x, {c: d, e: f}]\n\"1\": a\n":        false,
		"b: [y, {c: d, e: f}]\na: 1\n":            false,
		"a: 1\nb:\n- x\n- c: d\n  e: |-\n    f\n": true,
	} {
		require.Equal(t, want, equal(tree("a: 1\nb: [x, {c: d, e: f}]\n"), tree(other)), other)
	}
}
