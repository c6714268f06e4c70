package manifest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// operation is one of a patch; value is YAML.
func operation(t *testing.T, op, path, value string) Operation {
	t.Helper()
	o := Operation{Op: op, Path: path}
	if value != "" {
		var document yaml.Node
		require.NoError(t, yaml.Unmarshal([]byte(value), &document))
		o.Value = document.Content[0]
	}
	return o
}

// TestPatchLeavesTheRest holds that a patch keeps the comments and the style of what
// it is not about, and is not refused for the style of what it is.
func TestPatchLeavesTheRest(t *testing.T) {
	const data = "data:\n  # about a\n  a: \"1\"\n  # about b\n  b: |\n    x\n    # x\n  # about c\n  c: \"3\"\n"
	const script = "s:\n- name: a\n  args:\n  - |\n    true\n    # end of script\n- name: b\n...\n"
	tests := map[string]struct{ text, op, path, value, want string }{
		"the first key":           {data, "remove", "/data/a", "", "data:\n  # about a\n  # about b\n  b: |\n    x\n    # x\n  # about c\n  c: \"3\"\n"},
		"a block text":            {data, "replace", "/data/b", "z", strings.Replace(data, "|\n    x\n    # x", "z", 1)},
		"a block text goes":       {data, "remove", "/data/b", "", strings.Replace(data, "  b: |\n    x\n    # x\n", "", 1)},
		"the last key":            {data, "remove", "/data/c", "", strings.Replace(data, "  c: \"3\"\n", "", 1)},
		"the key behind a dash":   {"l:\n- a: 1\n  # about b\n  b: 2\n", "remove", "/l/0/a", "", "l:\n- # about b\n  b: 2\n"},
		"an unindented list":      {"r:\n- a: 1\n  b: [c]\n# about z\nz: 1\n", "replace", "/r", "[]", "r:\n  []\n# about z\nz: 1\n"},
		"by a list":               {"r:\n- a\n# about z\nz: 1\n", "replace", "/r", "[b, c]", "r:\n- b\n- c\n# about z\nz: 1\n"},
		"by a mapping":            {"x:\n  r:\n  - a\n  z: 1\n", "replace", "/x/r", "{b: c}", "x:\n  r:\n    b: c\n  z: 1\n"},
		"an indented list":        {"r:\n  - a\nz: 1\n", "replace", "/r", "[]", "r:\n  []\nz: 1\n"},
		"an item before another":  {script, "add", "/s/1", "{name: c}", strings.Replace(script, "- name: b", "- name: c\n- name: b", 1)},
		"an item at the end":      {script, "add", "/s/-", "{name: c}", strings.Replace(script, "- name: b\n", "- name: b\n- name: c\n", 1)},
		"JSON":                    {`{"a":{"b":"c"}}`, "add", "/a/d", `{e: "f\x1b", g: [yes, 1]}`, `{"a":{"d": {"e": "f\u001b", "g": ["yes", 1]}, "b":"c"}}`},
		"JSON, an item":           {`{"a":[{"b":"c"}]}`, "add", "/a/-", "{d: e}", `{"a":[{"b":"c"}, {"d": "e"}]}`},
		"JSON, a value":           {`{"a":{"b":1}}`, "replace", "/a/b", "{c: d}", `{"a":{"b":{"c": "d"}}}`},
		"JSON of more than ASCII": {`{"é":"ü","a":{"b":1}}`, "replace", "/a/b", "é", `{"é":"ü","a":{"b":"é"}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := []byte("kind: x\n" + test.text)
			if strings.HasPrefix(name, "JSON") {
				text = []byte(test.text)
			}
			doc, err := Parse(Piece{Text: text, Line: 1})
			require.NoError(t, err)
			require.NoError(t, Patch(doc, []int{0}, []Operation{operation(t, test.op, test.path, test.value)}))
			got, err := doc.Bytes()
			require.NoError(t, err)
			require.Equal(t, test.want, strings.TrimPrefix(string(got), "kind: x\n"))
		})
	}
}
