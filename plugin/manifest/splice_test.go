package manifest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestSplice(t *testing.T) {
	const text = "0123456789"
	for name, test := range map[string]struct {
		edits []edit
		want  string
	}{
		"nothing":                {nil, text},
		"in any order":           {[]edit{{offset: 8, length: 1, text: "b"}, {offset: 2, length: 3, text: "a"}}, "01a567b9"},
		"at one place, in order": {[]edit{{offset: 2, text: "a"}, {offset: 2, text: "b"}, {offset: 2, length: 1, text: "c"}}, "01abc3456789"},
		"side by side":           {[]edit{{offset: 0, length: 5}, {offset: 5, length: 5, text: "a"}}, "a"},
		"one over another":       {[]edit{{offset: 2, length: 3}, {offset: 4, length: 1}}, ""},
		"one in another":         {[]edit{{offset: 0, length: 9}, {offset: 3}}, ""},
	} {
		got, ok := splice([]byte(text), test.edits)
		require.Equal(t, test.want != "", ok, name)
		require.Equal(t, test.want, string(got), name)
	}
}

func TestQuotedLength(t *testing.T) {
	for text, want := range map[string]int{
		`"a" b"`: 3, `"a\"b"c`: 6, `"a\\"b"`: 5, `'a' b'`: 3, `'a''b'c`: 6, `'a\'b`: 4, `''`: 2, `""""`: 2, `"'"`: 3, `'"'`: 3,
		"": 0, "a": 0, "aba": 0, `a""`: 0, `"`: 0, `'`: 0, `"a\"`: 0, `'a''`: 0,
	} {
		got, ok := quotedLength([]byte(text))
		require.Equal(t, want, got, text)
		require.Equal(t, want > 0, ok, text)
	}
}

func TestFlowLength(t *testing.T) {
	for text, want := range map[string]int{
		"{} }": 2, "['a'] ]": 5, "{a: 'b'}": 8, "[a, {b: c}] ]": 11, "{a: ']'}]": 8, "{a: \"}\"}}": 8, "[a # ]\n]]": 8, "[a#]]": 4, "[a'b]'": 5, "[a, 'b]']": 9,
		"{\"]\":'}'}}": 9, "#": 0, "[\t'a]'\n]]": 8, "": 0, "[": 0, "[a, 'b]": 0, "[a # ]": 0, "{[}": 0,
	} {
		got, ok := flowLength([]byte(text))
		require.Equal(t, want > 0, ok, text)
		if ok {
			require.Equal(t, want, got, text)
		}
	}
}

// TestLineStarts holds that lines begin where they do for the parser.
func TestLineStarts(t *testing.T) {
	require.Equal(t, []int{0}, lineStarts(nil))
	require.Equal(t, []int{0, 2, 5, 7, 8}, lineStarts([]byte("a\nb\r\nc\r\rd")))
	require.Equal(t, []int{3, 5, 8, 12, 16}, lineStarts([]byte("\ufeffa\nb\u0085c\u2028d\u2029é")))
}

// TestOffset holds that only what stands in the text has a place there.
func TestOffset(t *testing.T) {
	for _, text := range []string{"a: b\nc:", "é: b\nc:"} {
		doc, err := Parse(Piece{Text: []byte(text), Line: 1})
		require.NoError(t, err)
		at, ok := doc.offset(doc.root.Content[2])
		require.True(t, ok)
		require.Equal(t, "c:", text[at:])
		at, ok = doc.offset(doc.root.Content[3])
		require.True(t, ok, "null stands at the end")
		require.Equal(t, len(text), at)
		for _, n := range []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str"}, {Kind: yaml.ScalarNode, Tag: "!!str", Line: 3, Column: 1}, {Kind: yaml.ScalarNode, Tag: "!!str", Line: 2, Column: 3}} {
			_, ok = doc.offset(n)
			require.False(t, ok)
		}
	}
}
