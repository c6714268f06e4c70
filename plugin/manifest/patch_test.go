package manifest

import (
	"encoding/json"
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
		"a comment on a block":    {"b: | # cb\n  x # x\nz: 1\n", "replace", "/b", "q", "b: q # cb\nz: 1\n"},
		"on a folded block":       {"b: >-\t# #cb\r\n  x\r\nz: 1\r\n", "replace", "/b", "{c: d}", "b: {c: d} # #cb\r\nz: 1\r\n"},
		"on a block without text": {"b: | # cb\n\nz: 1\n", "replace", "/b", "q", "b: q # cb\n\nz: 1\n"},
		"on two plain lines":      {"b: x#\n  y # ce\n# about z\nz: 1\n", "replace", "/b", "q", "b: q # ce\n# about z\nz: 1\n"},
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
		"a list that stays":       {"l: [a, {b: 1, c: 2}]\n", "replace", "/l", "[a, {c: 2, b: 1}]", "l: [a, {b: 1, c: 2}]\n"},
		"a list of another order": {"l: [a, b]\n", "replace", "/l", "[b, a]", "l: [b, a]\n"},
		"the only key":            {"m:\n  a: 1\nz: 1\n", "remove", "/m/a", "", "m:\n  {}\nz: 1\n"},
		"the only key in braces":  {"m: {a: 1}\nz: 1\n", "remove", "/m/a", "", "m: {}\nz: 1\n"},
		"an explicit first key":   {"m:\n  ? a\n  : 1\n  ? b\n  : 2\n", "remove", "/m/a", "", "m:\n  ? b\n  : 2\n"},
		"an explicit last key":    {"m:\n  ? a\n  : 1\n  ? b\n  : 2\n", "remove", "/m/b", "", "m:\n  ? a\n  : 1\n"},
		"behind a dash, a blank":  {"l:\n- a: 1\n\n  b: 2\n", "remove", "/l/0/a", "", "l:\n- b: 2\n"},
		"behind a dash, comments": {"l:\n- a: 1\n\n  # about b\n\n  # more\n  b: 2\n", "remove", "/l/0/a", "", "l:\n- # about b\n\n  # more\n  b: 2\n"},
		"lists in braces, first":  {"m: {a: [1, {z: 2}], b: [3, 4]}\n", "remove", "/m/a", "", "m: {b: [3, 4]}\n"},
		"lists in braces, last":   {"m: {a: [1, {z: 2}], b: [3, 4]}\n", "remove", "/m/b", "", "m: {a: [1, {z: 2}]}\n"},
		"second behind a dash":    {"l:\n- - a\n  - b\n", "add", "/l/0/1", "{c: d, e: f}", "l:\n- - a\n  - c: d\n    e: f\n  - b\n"},
		"an item with a comment":  {"l:\n  # about a\n  - a\n", "add", "/l/0", "b", "l:\n  - b\n  # about a\n  - a\n"},
		"no item yet":             {"l: []\n", "add", "/l/-", "a", "l: [a]\n"},
		"no item yet, blanks":     {"l: [ ] # x\n", "add", "/l/-", "{a: b}", "l: [{a: b} ] # x\n"},
		"the first item":          {"l: []\n", "add", "/l/0", "a", "l: [a]\n"},
		"behind the last item":    {script, "add", "/s/2", "{name: c}", strings.Replace(script, "- name: b\n", "- name: b\n- name: c\n", 1)},
		"behind all in brackets":  {"l: [a]\n", "add", "/l/1", "b", "l: [a, b]\n"},
		"an indented mapping":     {"m:\n    a: 1\nz: 1\n", "replace", "/m", "[]", "m:\n    []\nz: 1\n"},
		"a plus sign":             {"m:\n    b: 1+1\n\nz: 1\n", "replace", "/m", "x", "m:\n    x\n\nz: 1\n"},
		"by a value":              {"m:\n    a: 1\n    b:\n    - c\nz: 1\n", "replace", "/m", "x", "m:\n    x\nz: 1\n"},
		"by a mapping in braces":  {"m: [a, # b\n  c]\nz: 1\n", "replace", "/m", "{a: {b: c}}", "m: {a: {b: c}}\nz: 1\n"},
		"an end within a text":    {"b: |\n  x\n  ...\nz: 1\n", "replace", "/b", "q", "b: q\nz: 1\n"},
		"blanks above a text":     {"b: |+\n\n    # x\n\nz: 1\n", "replace", "/b", "q", "b: q\nz: 1\n"},
		"a text in a list":        {"m:\n  l:\n  - |\n    x\n    # y\n# about z\nz: 1\n", "replace", "/m", "q", "m:\n  q\n# about z\nz: 1\n"},
		"a kept text in a list":   {"m:\n  l:\n  - |+\n    x\n    # y\n\n# about z\nz: 1\n", "replace", "/m/l", "[]", "m:\n  l:\n    []\n# about z\nz: 1\n"},
		"JSON over lines":         {"{\"a\":{\n  \"b\":1,\n  \"c\":2\n}}", "remove", "/a/c", "", "{\"a\":{\n  \"b\":1\n}}"},
		"JSON":                    {`{"a":{"b":"c"}}`, "add", "/a/d", `{e: "f\x1b", g: [yes, 1]}`, `{"a":{"d": {"e": "f\u001b", "g": ["yes", 1]}, "b":"c"}}`},
		"JSON, an item":           {`{"a":[{"b":"c"}]}`, "add", "/a/-", "{d: e}", `{"a":[{"b":"c"}, {"d": "e"}]}`},
		"JSON, a value":           {`{"a":{"b":1}}`, "replace", "/a/b", "{c: d}", `{"a":{"b":{"c": "d"}}}`},
		"JSON, a text":            {`{"a":{"b":"c"}}`, "replace", "/a/b", `"\a"`, `{"a":{"b":"\u0007"}}`},
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

// TestPatchOfJSON holds that what is patched in JSON is JSON, which has the value that
// Kubernetes reads in the patch, and that patching twice is patching once.
func TestPatchOfJSON(t *testing.T) {
	const document = `{"kind":"x","data":{"a":"b"}}`
	for value, want := range map[string]string{
		"010": "8", "0644": "420", "0o17": "15", "0x1F": "31", "0b11": "3", "1_000": "1000", "+1": "1", "-0x10": "-16",
		"TRUE": "true", "False": "false", ".5": "0.5", "1.": "1", "1.10": "1.10", "1e3": "1e3", "18446744073709551615": "18446744073709551615",
		"2001-01-01": `"2001-01-01"`, ".inf": `".inf"`, ".NaN": `".NaN"`, "~": "null", "yes": `"yes"`, "'010'": `"010"`, "a": `"a"`,
		"[0x1, {m: 0644}]": `[1, {"m": 420}]`, "{}": "{}",
	} {
		for _, op := range []string{"add", "replace"} {
			path := map[string]string{"add": "/data/c", "replace": "/data/a"}[op]
			doc, err := Parse(Piece{Text: []byte(document), Line: 1})
			require.NoError(t, err)
			operations := []Operation{operation(t, op, path, value)}
			require.NoError(t, Patch(doc, []int{0}, operations), "%s %s", op, value)
			got, err := doc.Bytes()
			require.NoError(t, err)
			wanted := map[string]string{"add": `{"kind":"x","data":{"c": ` + want + `, "a":"b"}}`, "replace": `{"kind":"x","data":{"a":` + want + `}}`}[op]
			require.Equal(t, wanted, string(got), value)
			require.True(t, json.Valid(got), value)
			doc, err = Parse(Piece{Text: got, Line: 1})
			require.NoError(t, err, value)
			require.NoError(t, Patch(doc, []int{0}, operations))
			require.Empty(t, doc.Changes(), value)
		}
	}
}

// TestPatchRefuses holds what a patch is refused for, and that nothing is written then.
func TestPatchRefuses(t *testing.T) {
	const list = "l:\n- a\n- b\nm:\n  c: 1\n  d: 2\n"
	tests := map[string]struct{ text, op, path, value, want string }{
		"a key that is not there":        {list, "remove", "/m/x", "", ""},
		"a value that is not there":      {list, "replace", "/m/x", "1", ".m: has no x, which rule wants to replace; look at the path"},
		"a way that is not there":        {list, "add", "/x/y", "1", ": has no x, which the path of rule goes through; add it first"},
		"a way through an item":          {list, "add", "/l/2/x", "1", `.l: has 2 items, and "2" of rule names none; allowed are 0 and up, and - to add at the end`},
		"a way through a value":          {list, "add", "/m/c/x", "1", ".m.c: is a single value, in which rule finds no field; look at the path"},
		"a way through nothing":          {"m:\n", "add", "/m/x", "1", ".m: is empty, in which rule finds no field; look at the path"},
		"an item that is not there":      {list, "replace", "/l/2", "x", `.l: has 2 items, and "2" of rule names none`},
		"an item before the first":       {list, "replace", "/l/-1", "x", `"-1" of rule names none`},
		"an item without a number":       {list, "add", "/l/x", "x", `"x" of rule names none`},
		"behind the last item but one":   {list, "add", "/l/3", "x", `.l: has 2 items, and "3" of rule names none; allowed are 0 and up, and - to add at the end`},
		"an item that goes":              {list, "remove", "/l/0", "", ".l: is a list, of which rule wants to remove item 0: a second run would remove the next; replace the list"},
		"a test of a value":              {list, "test", "/m/c", "2", ".m.c: is not what rule tests for; the patch is not carried out"},
		"a test of another type":         {list, "test", "/m/c", "'1'", ".m.c: is not what rule tests for"},
		"a test of an item":              {list, "test", "/l/1", "a", ".l[1]: is not what rule tests for"},
		"a test of a key that is none":   {list, "test", "/m/x", "1", ".m: has no x, which rule wants to test"},
		"a test of an item that is none": {list, "test", "/l/2", "1", `"2" of rule names none`},
		"an anchor":                      {"m: &x {a: 1, b: 2}\nz: *x\n", "remove", "/m/a", "", ".m: cannot be edited: it carries an anchor; write the mapping out"},
		"an alias":                       {"m: &x {a: 1, b: 2}\nz: *x\n", "replace", "/z/a", "3", ".z.a: cannot be edited: it is an alias; write the value out"},
		"items of an anchor":             {"m: &x [1]\nz: *x\n", "add", "/m/-", "2", ".m: cannot be edited: it carries an anchor; write the list out"},
		"a pair in brackets":             {"l: [a: b]\n", "add", "/l/0/c", "d", ".l[0]: cannot be edited in place; write it in plain block style, one key or value a line"},
		"an explicit key":                {"? l\n: - a\n  - b\n", "add", "/l/-", "c", ".l: cannot be edited in place; write it in plain block style, one item a line"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := "kind: x\n" + test.text
			doc, err := Parse(Piece{Text: []byte(text), Line: 1})
			require.NoError(t, err)
			op := operation(t, test.op, test.path, test.value)
			op.Cause.Rule = "rule"
			err = Patch(doc, []int{0}, []Operation{op})
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
			require.Equal(t, text, string(doc.piece.Text))
		})
	}
}

// TestPatchesOfMany holds that operations are carried out on all objects or on none that
// has them already, one after the other.
func TestPatchesOfMany(t *testing.T) {
	patched := func(text string, indexes []int, operations ...Operation) (string, error) {
		doc, err := Parse(Piece{Text: []byte(text), Line: 1})
		require.NoError(t, err)
		err = Patch(doc, indexes, operations)
		return string(doc.text), err
	}
	const three = "kind: List\nitems:\n- a: 1\n- a: 2\n- a: 3\n"
	replaced := operation(t, "replace", "/a", "2")
	got, err := patched(three, []int{0, 1}, replaced)
	require.NoError(t, err)
	require.Equal(t, strings.Replace(three, "a: 1", "a: 2", 1), got)

	got, err = patched(three, nil, replaced)
	require.NoError(t, err)
	require.Equal(t, three, got)

	got, err = patched("m: {b: 1, l: [d]}\n", []int{0}, operation(t, "add", "/m/a", "e"), operation(t, "add", "/m/l/0", "f"), operation(t, "replace", "/m/b", "2"), operation(t, "test", "/m/b", "2"))
	require.NoError(t, err)
	require.Equal(t, "m: {a: e, b: 2, l: [f, d]}\n", got)

	got, err = patched("a: 1\nm: {~x/: 1}\n", []int{0}, operation(t, "test", "/a", "2"), operation(t, "replace", "/m/~0x~1", "1"))
	require.NoError(t, err, "nothing is to do")
	require.Equal(t, "a: 1\nm: {~x/: 1}\n", got)

	for _, operations := range [][]Operation{
		{operation(t, "add", "/a", "2"), operation(t, "replace", "/a", "3")},
		{operation(t, "replace", "/a", "[x]"), operation(t, "add", "/a/0", "z"), operation(t, "replace", "/a/0", "u")},
		{operation(t, "add", "/z/-", "2"), operation(t, "replace", "/z", "[]")},
	} {
		_, err = patched("a: 1\nz: [1]\n", []int{0}, operations...)
		require.ErrorContains(t, err, "a second run would change it again")
	}
	_, err = patched(three, []int{2}, operation(t, "add", "/items", "[]"))
	require.ErrorContains(t, err, "has items, but is no list")
	_, err = patched("kind: x\n", []int{0}, operation(t, "replace", "/kind", "List"), operation(t, "add", "/items", "[]"), operation(t, "add", "/a", "1"))
	require.ErrorContains(t, err, "is not the same list of objects any more")
}
