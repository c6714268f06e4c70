package manifest

import (
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
		"there already":           {"m:\n  team: a\n", "m:\n  team: a\n"},
		"there in quotes":         {"m: {'team': \"a\"}\n", "m: {'team': \"a\"}\n"},
		"missing mapping":         {"k: v\n", "m:\n  team: a\nk: v\n"},
		"missing, first comment":  {"---\n# Source: c/t.yaml\nk: v\n", "---\nm:\n  team: a\n# Source: c/t.yaml\nk: v\n"},
		"missing entry":           {"m:\n    k: v # why\n", "m:\n    team: a\n    k: v # why\n"},
		"comment above first key": {"m:\n  # about k\n\n  # more\n  k: v\n", "m:\n  # about k\n\n  team: a\n  # more\n  k: v\n"},
		"no final line end":       {"m:\n  k: v", "m:\n  team: a\n  k: v"},
		"CRLF":                    {"m:\r\n  k: v\r\n", "m:\r\n  team: a\r\n  k: v\r\n"},
		"CRLF below LF":           {"---\n# a\nm:\r\n  k: v\r\n", "---\n# a\nm:\r\n  team: a\r\n  k: v\r\n"},
		"other value":             {"m:\n  team: b # why\n  k: v\n", "m:\n  team: a # why\n  k: v\n"},
		"other quoted value":      {"m:\n  team: 'it''s b'\n", "m:\n  team: 'a'\n"},
		"other escaped value":     {"m:\n  team: \"b\\\"\\\\\" # why\n", "m:\n  team: \"a\" # why\n"},
		"quoted over two lines":   {"m:\n  team: \"b\n    c\"\n  k: v\n", "m:\n  team: \"a\"\n  k: v\n"},
		"a block text":            {"m:\n  team: |-\n    b\n    # c\n\n  k: v\n", "m:\n  team: a\n\n  k: v\n"},
		"plain over two lines":    {"m:\n  team: b\n    c\n  # why\n  k: v\n", "m:\n  team: a\n  # why\n  k: v\n"},
		"a number":                {"m:\n  team: 12\n", "m:\n  team: a\n"},
		"entry without a value":   {"m:\n  team: # why\n  k: v\n", "m:\n  team: a # why\n  k: v\n"},
		"empty mapping":           {"m: {} # none\n", "m: {team: a} # none\n"},
		"empty mapping, blank":    {"m: { }\n", "m: {team: a }\n"},
		"no value":                {"m:\nk: v\n", "m: {team: a}\nk: v\n"},
		"no value, comment":       {"m: # none\nk: v\n", "m: {team: a} # none\nk: v\n"},
		"no value, end of text":   {"m:", "m: {team: a}"},
		"null":                    {"m: null\n", "m: {team: a}\n"},
		"tilde":                   {"m: ~ # none\n", "m: {team: a} # none\n"},
		"flow mapping":            {"m: {k: v}\n", "m: {team: a, k: v}\n"},
		"flow mapping, blanks":    {"m: { k: v }\n", "m: {team: a, k: v }\n"},
		"flow mapping, lines":     {"m: {\n  k: v\n}\n", "m: {team: a,\n  k: v\n}\n"},
		"JSON":                    {"{\"m\":{\"k\":\"v\"}}", "{\"m\":{\"team\": \"a\", \"k\":\"v\"}}"},
		"JSON without it":         {"{\"k\":\"v\"}", "{\"m\": {\"team\": \"a\"}, \"k\":\"v\"}"},
		"byte order mark":         {"\ufeff{k: v}\n", "\ufeff{m: {team: a}, k: v}\n"},
		"letters of many bytes":   {"{é: ü, m: {k: v}}\n", "{é: ü, m: {team: a, k: v}}\n"},
		"anchor elsewhere":        {"x: &x {k: v}\nz: *x\nm:\n  k: v\n", "x: &x {k: v}\nz: *x\nm:\n  team: a\n  k: v\n"},
		"alias of the value":      {"x: &x a\nm:\n  team: *x\n", "x: &x a\nm:\n  team: *x\n"},
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
		"e[]":   "manifests: line 2: document: .e: is a mapping; must be a list",
		"a[].b": "manifests: line 1: document: .a[0]: is a single value; must be a mapping",
	}
	for path, want := range tests {
		t.Run(path, func(t *testing.T) {
			_, err := edited(t, "a: [x]\ne: {f: g}\n", func(root Node) error {
				_, err := root.Find(path)
				return err
			})
			require.EqualError(t, err, want)
		})
	}
}
