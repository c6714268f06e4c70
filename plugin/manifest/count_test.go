package manifest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestMarks holds that what stands in texts is not counted.
func TestMarks(t *testing.T) {
	const text = "-,:[]{}, - a: b, [c]"
	for name, written := range map[string]string{
		"plain":         "a: x" + strings.ReplaceAll(text, ": ", ":") + "\n",
		"single quotes": "a: '" + text + "'\n",
		"double quotes": "a: \"" + text + "\\\"\"\n",
		"a comment":     "# " + text + "\na: b # " + text + "\n",
		"a block":       "a: |\n  " + text + "\n\n  " + text + "\nb: >-\n\n  " + text + "\n",
		"a block, left": "a:\n- |\n " + text + "\n",
		"a list":        "a:\n- b\n- \"" + text + "\"\n- c\n- |\n " + text + "\n",
		"quotes, long":  "a: \"x\n  " + text + "\n  " + text + "\"\nb: 'x\n  " + text + "'\n",
	} {
		require.Less(t, marks([]byte(written)), 14, name)
	}
	require.Equal(t, 8, marks([]byte(`{"a":[1,2],"b:":"c,"}`)))
}

// TestMarksCount holds how many marks are counted, one for each line and each sign of
// structure, and all to the end where it is not certain what is structure.
func TestMarksCount(t *testing.T) {
	for text, want := range map[string]int{
		"":                               0,
		"a":                              0,
		"a: b\n":                         2,
		"a: b\r\n":                       3,
		"a: b:c -d ?e #f: g\n":           2,
		"a: b #: c\n":                    2,
		"a: b # : c":                     1,
		"a: b#: c\n":                     3,
		"# a: b\n c: d\n":                3,
		"a:\t# b: c\nd: e\n":             4,
		" # a: b\n":                      1,
		"- - a\n":                        3,
		"-\n":                            2,
		"-":                              1,
		"-a\n":                           1,
		"? a\n: b\n":                     4,
		"?a\n":                           1,
		":a\n":                           1,
		"[a, b]\n":                       4,
		"[a,{b: c}]":                     6,
		"a: b, c\n":                      2,
		"a: b]\n":                        2,
		"a: [b#, c]\n":                   5,
		"[a, #b\nc]":                     4,
		"[a\n, b]\nc: d\n":               7,
		"{\"a\":1, b:[c]}":               7,
		"{a:b}":                          2,
		"{a: |}":                         3,
		"]]\na: [b]\n":                   6,
		"a: 'b: ''c: d'\ne: f\n":         4,
		"a: \"b: \\\"c: d\"\ne: f\n":     4,
		"a: 'b: c\n":                     1,
		"a: 'b\nc: d'\n":                 2,
		"'a': b\n":                       2,
		"a: |\n  b: c\n\n  d: e\nf: g\n": 7,
		"a: >-\n\n  b: c\n":              4,
		"a: |\n":                         2,
		"a: |":                           1,
		"a: |\n  b: c":                   2,
		"- |\n - b\n- c\n":               5,
		"- - |\n  - b\n":                 5,
		"a: | # b\n  c: d\n":             3,
		"a: b\n  - c: d\n":               5,
		"a: b\n\n  c\nd: e\n":            6,
		"a: b\n  'c: d\n":                4,
		"a: b\n  [c, d]\n":               6,
		"a:\n  [c, d]\n":                 6,
		"a: b\n---\nc: d\n":              5,
		"--- a\n":                        1,
		"a: ---\n":                       2,
		"a: &b [c, d]\n":                 5,
		"a: *b\nc: 'd: e'\n":             5,
		"a: !b 'c: d'\n":                 3,
		"%YAML 1.1\n--- # a: b\n":        6,
		"a: @b: c\n":                     3,
		"a: `b: c\n":                     3,
		"\ufeff'a: b'\n":                 1,
		"a: '\ufeffb: c'\n":              3,
		"a: 'b: c\u2028'\n":              4,
		"a: 'b: c\u0085'\n":              4,
	} {
		require.Equal(t, want, marks([]byte(text)), "%q", text)
	}
}

// FuzzMarks holds that no document has more keys and values than twice its marks.
func FuzzMarks(f *testing.F) {
	for _, seed := range []string{
		"a: foo\n  [\nb:\n- 1\n- 1\n- 1\n- 1\n", "a: x \"\nb: [1,1,1,1,1,1,1]\n", "a: foo\n  \"bar, [1,1,1,1,1,1]\"\n", "[foo\n \"a, b, c, d, e, f\"]",
		"a: foo\n  - \"\nb: [1,1,1,1,1,1,1]\n", "a: foo\n\n  \"bar\nb: [1,1,1,1,1,1,1]\n", "a: foo\n# c\n  'bar\nb: [1,1,1,1,1,1,1]\n", "- a: foo\n  - |\n   - - - - 1\n",
		"a: &x [1,1,1,1,1,1,1,1]", "--- [1,1,1,1,1,1,1,1]", "\ufeff[1,1,1,1,1,1,1]", "- x\u2028- y\u2028- z\u0085- 1\u0085- 1", "[a,#b,c\n,c,c,c,c,c]", "{a,b,c,d,e}",
		"a: :\"\nb: [1,1,1,1,1,1,1,1]\n", "a: |\nb: [1,1,1,1,1,1,1,1]\n", "- - - |\n - - - - - - - - -\n", "a: # |\n  - 1\n  - 1\n  - 1\n", "? a\n? b\n? c\n", "a: !x [1,1,1,1,1,1]",
		"{\"a\":\"b\",\"c\":{\"d\":[1,2,3]}}", "a: \"\n\\\"\": [1,1,1,1,1]", "a:\t|\n [1,1,1]", "'a': [x, 'y'', z', |, >]\n", "a: b\n...\n- 1\n- 1\n", "a\r- b\r- c\r",
		"%YAML 1.1\n---\n- [a: b, c: d, e: f]\n", "a: |2\n  x\n - - - 1\n", "a:\n  b: |\n c: [1,1,1,1,1,1,1]\n", "[a:,b:,c:]", "a: - |\n  - - - -\n", "? |\n - - -\n: 'x'\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var document yaml.Node
		if yaml.Unmarshal(text, &document) != nil {
			return
		}
		require.LessOrEqual(t, values(&document), 2*(marks(text)+2), "%q", text)
	})
}

func values(n *yaml.Node) int {
	count := 1
	for _, child := range n.Content {
		count += values(child)
	}
	return count
}

// TestParseRefusesTooMuch holds that a document is refused by what it would take.
func TestParseRefusesTooMuch(t *testing.T) {
	for name, text := range map[string]string{
		"numbers":      "a: [" + strings.Repeat("1,", maxMarks) + "1]\n",
		"empty braces": "{" + strings.Repeat("a,", maxMarks) + "}\n",
		"lines":        "a:\n" + strings.Repeat("- 1\n", maxMarks),
		"keys":         strings.Repeat("a:\n", maxMarks),
		"comments":     "a: b\n" + strings.Repeat("# c\n", maxMarks),
		"dashes":       "- " + strings.Repeat("- ", maxMarks) + "\n",
	} {
		_, err := Parse(Piece{Text: []byte(text), Line: 1})
		require.ErrorContains(t, err, "line 1: document: has more than 250000 lines, keys and values", name)
	}
	const text = "1,1,1,1,1,1,1,1"
	_, err := Parse(Piece{Text: []byte("a: |\n" + strings.Repeat("  "+text+"\n", 40_000)), Line: 1})
	require.NoError(t, err)
}
