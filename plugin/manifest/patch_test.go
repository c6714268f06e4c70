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
	const braces = "m: {\n  a: 1, # one\n  # two\n  b: \"2, }\", # three\n  c: 3 # four\n}\n"
	const kept = "l:\n  - |+\n    x\n\n# about z\nz: 1\n"
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
		"a list behind a dash":    {"l:\n- - a\n  - b\n", "add", "/l/0/-", "c", "l:\n- - a\n  - b\n  - c\n"},
		"first behind a dash":     {"l:\n- - a\n  - b\n", "add", "/l/0/0", "{c: d, e: f}", "l:\n- - c: d\n    e: f\n  - a\n  - b\n"},
		"lines that are kept":     {kept, "add", "/l/-", "q", strings.Replace(kept, "# about", "  - q\n# about", 1)},
		"lines that go":           {kept, "replace", "/l/0", "q", "l:\n  - q\n# about z\nz: 1\n"},
		"first in braces":         {braces, "remove", "/m/a", "", strings.Replace(braces, "a: 1, # one\n  ", "", 1)},
		"in braces":               {braces, "remove", "/m/b", "", strings.Replace(braces, "  b: \"2, }\", # three\n", "", 1)},
		"last in braces":          {braces, "remove", "/m/c", "", strings.Replace(braces, ", # three\n  c: 3", " # three\n", 1)},
		"behind a comma":          {"m: {a: 1, b: 2,}\n", "remove", "/m/b", "", "m: {a: 1}\n"},
		"brackets over lines":     {"l: [\n  a, # one\n  b # two\n]\n", "add", "/l/-", "c", "l: [\n  a, # one\n  b, c # two\n]\n"},
		"a comma at the end":      {"l: [\n  a, # one\n]\n", "add", "/l/-", "c", "l: [\n  a, c # one\n]\n"},
		"JSON over lines":         {"{\"a\":{\n  \"b\":1,\n  \"c\":2\n}}", "remove", "/a/c", "", "{\"a\":{\n  \"b\":1\n}}"},
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
