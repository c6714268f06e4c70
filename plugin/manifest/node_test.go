package manifest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// edited parses text, plans edits from its root and returns the result.
func edited(t *testing.T, text string, plan func(root Node) error) (string, error) {
	t.Helper()
	doc, err := Parse(Piece{Text: []byte(text), Line: 1})
	require.NoError(t, err)
	root, ok := doc.Root()
	require.True(t, ok)
	if err := plan(root); err != nil {
		return "", err
	}
	got, err := doc.Bytes()
	return string(got), err
}

func TestMerge(t *testing.T) {
	want := Fields{"m": Fields{"team": "a"}}
	tests := map[string]struct{ text, want string }{
		"there already":            {"m:\n  team: a\n", "m:\n  team: a\n"},
		"there in quotes":          {"m: {'team': \"a\"}\n", "m: {'team': \"a\"}\n"},
		"missing mapping":          {"k: v\n", "m:\n  team: a\nk: v\n"},
		"missing, first comment":   {"---\n# Source: c/t.yaml\nk: v\n", "---\nm:\n  team: a\n# Source: c/t.yaml\nk: v\n"},
		"missing entry":            {"m:\n    k: v # why\n", "m:\n    team: a\n    k: v # why\n"},
		"comment above first key":  {"m:\n  # about k\n\n  # more\n  k: v\n", "m:\n  # about k\n\n  team: a\n  # more\n  k: v\n"},
		"no final line end":        {"m:\n  k: v", "m:\n  team: a\n  k: v"},
		"CRLF":                     {"m:\r\n  k: v\r\n", "m:\r\n  team: a\r\n  k: v\r\n"},
		"CRLF below LF":            {"---\n# a\nm:\r\n  k: v\r\n", "---\n# a\nm:\r\n  team: a\r\n  k: v\r\n"},
		"other value":              {"m:\n  team: b # why\n  k: v\n", "m:\n  team: a # why\n  k: v\n"},
		"other quoted value":       {"m:\n  team: 'it''s b'\n", "m:\n  team: 'a'\n"},
		"other escaped value":      {"m:\n  team: \"b\\\"\\\\\" # why\n", "m:\n  team: \"a\" # why\n"},
		"quoted over two lines":    {"m:\n  team: \"b\n    c\"\n  k: v\n", "m:\n  team: \"a\"\n  k: v\n"},
		"a block text":             {"m:\n  team: |-\n    b\n    # c\n\n  k: v\n", "m:\n  team: a\n\n  k: v\n"},
		"plain over two lines":     {"m:\n  team: b\n    c\n  # why\n  k: v\n", "m:\n  team: a\n  # why\n  k: v\n"},
		"a number":                 {"m:\n  team: 12\n", "m:\n  team: a\n"},
		"entry without a value":    {"m:\n  team: # why\n  k: v\n", "m:\n  team: a # why\n  k: v\n"},
		"empty mapping":            {"m: {} # none\n", "m: {team: a} # none\n"},
		"empty mapping, blank":     {"m: { }\n", "m: {team: a }\n"},
		"no value":                 {"m:\nk: v\n", "m: {team: a}\nk: v\n"},
		"no value, comment":        {"m: # none\nk: v\n", "m: {team: a} # none\nk: v\n"},
		"no value, end of text":    {"m:", "m: {team: a}"},
		"null":                     {"m: null\n", "m: {team: a}\n"},
		"tilde":                    {"m: ~ # none\n", "m: {team: a} # none\n"},
		"flow mapping":             {"m: {k: v}\n", "m: {team: a, k: v}\n"},
		"flow mapping, blanks":     {"m: { k: v }\n", "m: {team: a, k: v }\n"},
		"flow mapping, lines":      {"m: {\n  k: v\n}\n", "m: {team: a,\n  k: v\n}\n"},
		"JSON":                     {"{\"m\":{\"k\":\"v\"}}", "{\"m\":{\"team\": \"a\", \"k\":\"v\"}}"},
		"JSON without it":          {"{\"k\":\"v\"}", "{\"m\": {\"team\": \"a\"}, \"k\":\"v\"}"},
		"byte order mark":          {"\ufeff{k: v}\n", "\ufeff{m: {team: a}, k: v}\n"},
		"letters of many bytes":    {"{é: ü, m: {k: v}}\n", "{é: ü, m: {team: a, k: v}}\n"},
		"a comment that is deeper": {"m:\n   # deep\n  k: v\n", "m:\n   # deep\n  team: a\n  k: v\n"},
		"no value, many bytes":     {"é: ü\nm:", "é: ü\nm: {team: a}"},
		"anchor elsewhere":         {"x: &x {k: v}\nz: *x\nm:\n  k: v\n", "x: &x {k: v}\nz: *x\nm:\n  team: a\n  k: v\n"},
		"alias of the value":       {"x: &x a\nm:\n  team: *x\n", "x: &x a\nm:\n  team: *x\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := edited(t, test.text, func(root Node) error { return root.Merge(want, Cause{}) })
			require.NoError(t, err)
			require.Equal(t, test.want, got)

			again, err := edited(t, got, func(root Node) error { return root.Merge(want, Cause{}) })
			require.NoError(t, err)
			require.Equal(t, got, again, "the second time changes something")
		})
	}
}

func TestMergeRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"a list":   {"m: [a]\n", "manifests: line 1: document: .m: is a list; must be a mapping"},
		"a string": {"m: abc\n", "manifests: line 1: document: .m: is a single value; must be a mapping"},
		"a mapping as value": {
			"m:\n  team: {}\n", "manifests: line 2: document: .m.team: is a mapping; must be a string",
		},
		"an alias": {
			"x: &x {k: v}\nm: *x\n", "manifests: line 1: document: .m: cannot be edited: it is an alias; write the mapping out",
		},
		"an anchor": {
			"m: &x {k: v}\nx: *x\n", "manifests: line 1: document: .m: cannot be edited: it carries an anchor; write the mapping out",
		},
		"an anchored value": {
			"m: {team: &x b}\nx: *x\n", "manifests: line 1: document: .m.team: cannot be edited: it carries an anchor; write the value out",
		},
		"an explicit key": {
			"m:\n  ? k\n  : v\n",
			"manifests: line 2: document: .m: cannot be edited in place; write it in plain block style, one key or value a line",
		},
		"what does not read back": {
			"k: {m}\n",
			"manifests: line 1: document: cannot be edited in place: read back, the result is not what was planned; write the object in plain block style",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := edited(t, test.text, func(root Node) error {
				if name != "what does not read back" {
					return root.Merge(Fields{"m": Fields{"team": "a"}}, Cause{})
				}
				return root.Merge(Fields{"k": Fields{"m": Fields{"team": "a"}}}, Cause{})
			})
			require.EqualError(t, err, test.want)
		})
	}
}

func TestMergeWritesStringsForEveryReader(t *testing.T) {
	tests := map[string]string{
		"a": "a", "team-a": "team-a", "registry.example:5000/a@b": "registry.example:5000/a@b",
		"": `""`, "1": `"1"`, "1e3": `"1e3"`, "0x1f": `"0x1f"`, "1.10": `"1.10"`, "2026-01-01": `"2026-01-01"`,
		"true": `"true"`, "Yes": `"Yes"`, "n": `"n"`, "NULL": `"NULL"`, "~": `"~"`, ".inf": `".inf"`, "<<": `"<<"`,
		"a: b": `"a: b"`, "a #b": `"a #b"`, "a:": `"a:"`, "*a": `"*a"`, "- a": `"- a"`, `"a"`: `"\"a\""`,
		"a\nb": `"a\nb"`, "a\u2028b": `"a\u2028b"`, "\a\x7f": `"\a\x7f"`, "é": `"é"`, "\U0001f600": `"😀"`,
	}
	for value, written := range tests {
		t.Run(written, func(t *testing.T) {
			got, err := edited(t, "k: v\n", func(root Node) error { return root.Merge(Fields{"m": value}, Cause{}) })
			require.NoError(t, err)
			require.Equal(t, "m: "+written+"\nk: v\n", got)
		})
	}
}

func TestMergeQuotesAWordThatSomeReadersTakeForABoolean(t *testing.T) {
	got, err := edited(t, "m: yes\n", func(root Node) error { return root.Merge(Fields{"m": "yes"}, Cause{}) })
	require.NoError(t, err)
	require.Equal(t, "m: \"yes\"\n", got)
}

func TestSetTextKeepsTheQuotesWhereItCan(t *testing.T) {
	tests := []struct{ text, value, want string }{
		{"m: 'x'\n", "4711", "m: '4711'\n"},
		{"m: 'x'\n", "it's", "m: \"it's\"\n"},
		{"m: 'x'\n", "a\nb", "m: \"a\\nb\"\n"},
		{"m: \"x\"\n", "a", "m: \"a\"\n"},
		{"m: x\n", "4711", "m: \"4711\"\n"},
	}
	for _, test := range tests {
		got, err := edited(t, test.text, func(root Node) error { return root.Merge(Fields{"m": test.value}, Cause{}) })
		require.NoError(t, err)
		require.Equal(t, test.want, got)
	}
}

func TestFind(t *testing.T) {
	const text = "a:\n  - b: 1st\n  - c: x\n  - b: 2nd\n  - b:\nd: null\ne: {f: g}\n"
	tests := map[string][]string{
		"a[].b": {"1st", "2nd"},
		"e.f":   {"g"},
		"d":     nil,
		"d.x":   nil,
		"d[].x": nil,
		"x.y.z": nil,
	}
	for path, want := range tests {
		t.Run(path, func(t *testing.T) {
			_, err := edited(t, text, func(root Node) error {
				found, err := root.Find(path)
				require.NoError(t, err)
				var got []string
				for _, n := range found {
					value, err := n.Text()
					require.NoError(t, err)
					got = append(got, value)
				}
				require.Equal(t, want, got)
				return nil
			})
			require.NoError(t, err)
		})
	}
}

func TestFindRefuses(t *testing.T) {
	tests := map[string]string{
		"a.b":   "manifests: line 1: document: .a: is a list; must be a mapping",
		"spec":  "manifests: line 1: document: has a key that some readers take for spec; write it in these letters, or remove it",
		"e[]":   "manifests: line 2: document: .e: is a mapping; must be a list",
		"a[].b": "manifests: line 1: document: .a[0]: is a single value; must be a mapping",
	}
	for path, want := range tests {
		t.Run(path, func(t *testing.T) {
			_, err := edited(t, "a: [x]\ne: {f: g}\n\u017fpec: h\n", func(root Node) error {
				_, err := root.Find(path)
				return err
			})
			require.EqualError(t, err, want)
		})
	}
}

// TestAppend holds that several items are added to a list, but not to one that an edit has
// added.
func TestAppend(t *testing.T) {
	appended := func(text string) (string, error) {
		return edited(t, text, func(root Node) error {
			require.NoError(t, root.Merge(Fields{"new": []string{"x"}, "other": []any{1, true, map[string]string{"k": "v"}}}, Cause{}))
			for _, path := range []string{"l", "new"} {
				lists, err := root.Find(path)
				require.NoError(t, err)
				for _, list := range lists {
					require.False(t, list.Contains("b"))
					if err := list.Append("b", Cause{}); err != nil {
						return err
					}
					require.True(t, list.Contains("b"))
					if err := list.Append("c", Cause{}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	const added = "new: [x]\nother: [1, true, {k: v}]\n"
	for text, want := range map[string]string{
		added + "l: []\n":       added + "l: [b, c]\n",
		added + "l: [a]\n":      added + "l: [a, b, c]\n",
		added + "l:\n  - a\n":   added + "l:\n  - a\n  - b\n  - c\n",
		added + "l:\n- a # x\n": added + "l:\n- a # x\n- b\n- c\n",
	} {
		got, err := appended(text)
		require.NoError(t, err)
		require.Equal(t, strings.Replace(want, "[x]", "[x, b, c]", 1), got)
	}
	_, err := appended("l: [a]\n")
	require.EqualError(t, err, "manifests: line 1: document: .new: cannot be edited in place; write it in plain block style, one item a line")
}

// TestChanges holds what is said of an edit.
func TestChanges(t *testing.T) {
	doc, err := Parse(Piece{Text: []byte("x: &x b\nkind: Pod\na: {b: *x, c: , d: [1]}\ne: 'f'\n"), Line: 7})
	require.NoError(t, err)
	ops := []Operation{operation(t, "replace", "/a", "yes"), operation(t, "remove", "/e", ""), operation(t, "add", "/g", "{h: {i: 1}, j: {}}")}
	require.NoError(t, Patch(doc, []int{0}, ops))
	require.Equal(t, []Change{
		{Line: 7, Object: "Pod", Path: ".a", Old: "{b: *x, c: null, d: [1]}", New: `"yes"`},
		{Line: 7, Object: "Pod", Path: ".e", Old: "f"},
		{Line: 7, Object: "Pod", Path: ".g.h.i", New: "1"},
		{Line: 7, Object: "Pod", Path: ".g.j", New: "{}"},
	}, doc.Changes())

	doc, err = Parse(Piece{Text: []byte("kind: Secret\nmetadata: {name: s}\ndata: {a: b, l: [c]}\n"), Line: 1})
	require.NoError(t, err)
	ops = []Operation{
		operation(t, "replace", "/data/a", "z"), operation(t, "add", "/data/l/-", "z"), operation(t, "remove", "/data/a", ""),
		operation(t, "add", "/metadata/labels", "{k: v}"), operation(t, "add", "/metadata/annotations", "{k: v}"),
	}
	for _, op := range ops {
		require.NoError(t, Patch(doc, []int{0}, []Operation{op}))
	}
	require.Equal(t, []Change{
		{Line: 1, Object: "Secret s", Path: ".data.a", Old: hidden, New: hidden},
		{Line: 1, Object: "Secret s", Path: ".data.l[1]", New: hidden},
		{Line: 1, Object: "Secret s", Path: ".data.a", Old: hidden},
		{Line: 1, Object: "Secret s", Path: ".metadata.labels.k", New: "v"},
		{Line: 1, Object: "Secret s", Path: ".metadata.annotations.k", New: hidden},
	}, doc.Changes())
}

// TestValues holds what Kubernetes reads at a place.
func TestValues(t *testing.T) {
	doc, err := Parse(Piece{Text: []byte("x: &x s\na: s\nb: 1\nc: yes\nd: 'yes'\ne:\nf: *x\ng: 010\nh: off\ni: {}\nj: [s]\nl: []\nm: 1.0\nK: 1\n"), Line: 1})
	require.NoError(t, err)
	root, _ := doc.Root()
	type result struct {
		value any
		fails bool
	}
	of := func(value any, err error) result { return result{value, err != nil} }
	for field, want := range map[string][5]result{
		// As a string, a key's string, a key's scalar, a boolean and a number.
		"a": {{"s", false}, {"s", false}, {"s", false}, {false, true}, {0, true}},
		"b": {{"", true}, {"", true}, {"1", false}, {false, true}, {1, false}},
		"c": {{"", true}, {"", true}, {"yes", false}, {true, false}, {0, true}},
		"d": {{"yes", false}, {"yes", false}, {"yes", false}, {false, true}, {0, true}},
		"e": {{"", false}, {"", false}, {"", false}, {false, false}, {0, false}},
		"f": {{"s", false}, {"s", false}, {"s", false}, {false, true}, {0, true}},
		"g": {{"", true}, {"", true}, {"010", false}, {false, true}, {0, true}},
		"h": {{"", true}, {"", true}, {"off", false}, {false, false}, {0, true}},
		"i": {{"", true}, {"", true}, {"", true}, {false, true}, {0, true}},
		"j": {{"", true}, {"", true}, {"", true}, {false, true}, {0, true}},
		"m": {{"", true}, {"", true}, {"1.0", false}, {false, true}, {0, true}},
		"o": {{"", false}, {"", false}, {"", false}, {false, false}, {0, false}},
		// In other letters it may be another field, but is another key.
		"k": {{"", true}, {"", false}, {"", false}, {false, true}, {0, true}},
	} {
		got := [5]result{of(root.Value(field)), of(root.Entry(field)), of(root.ScalarAt(field)), of(root.Bool(field)), of(root.Number(field))}
		require.Equal(t, want, got, field)
	}
	for field, want := range map[string]int{"e": 0, "o": 0, "j": 1, "l": 0, "a": -1, "i": -1} {
		place, err := root.field(field)
		require.NoError(t, err)
		items, err := place.Items()
		require.Equal(t, want < 0, err != nil, field)
		require.Len(t, items, max(want, 0), field)
		if field != "o" {
			require.Equal(t, want > 0, place.HasItems(), field)
		}
	}
}

// TestBelow holds that places are found at any depth, with their paths, through aliases.
func TestBelow(t *testing.T) {
	doc, err := Parse(Piece{Text: []byte("a: {s: 1}\nb: [{s: 2}, [{t: {s: &x {u: 3}}}]]\nc: *x\ns: *x\n"), Line: 1})
	require.NoError(t, err)
	root, _ := doc.Root()
	var paths []string
	for _, place := range root.Below("s", "u") {
		paths = append(paths, place.Path())
	}
	require.Equal(t, []string{".a.s", ".b[0].s", ".b[1][0].t.s", ".b[1][0].t.s.u", ".c.u", ".s", ".s.u"}, paths)
	require.Equal(t, []string{"u"}, root.Below("s")[3].Keys(), "an alias is what it stands for")

	var seen []string
	require.NoError(t, root.Walk(func(key string, value Node) (bool, error) {
		seen = append(seen, key+" "+value.Path())
		return key != "s" && key != "t", nil
	}))
	require.Equal(t, []string{"a .a", "s .a.s", "b .b", "b .b[0]", "s .b[0].s", "b .b[1]", "b .b[1][0]", "t .b[1][0].t", "c .c", "u .c.u", "s .s"}, seen)
	for _, path := range []string{".a", ".b[1]", ".b[0].s"} {
		require.EqualError(t, root.Walk(func(_ string, value Node) (bool, error) {
			if value.Path() == path {
				return true, value.Errorf("stops")
			}
			return true, nil
		}), "manifests: line "+map[bool]string{true: "1", false: "2"}[path == ".a"]+": document: "+path+": stops")
	}
}
