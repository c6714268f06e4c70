package yamltext

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	older "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
)

// TestProblem holds that the place is that of what is wrong, wherever it stands.
func TestProblem(t *testing.T) {
	for wrong, want := range map[string]struct {
		// column is 0 where the parser looks further than the place.
		column int
		words  string
	}{
		"  - q\n":          {3, "did not find expected key"},
		"  \"a\" b: c\n":   {0, "did not find expected key"},
		"  a: b: c\n":      {7, "mapping values are not allowed in this context"},
		"  a: *q\n":        {6, "an alias names an anchor that is not there; put a value that begins with * in quotes"},
		"  a: @q\n":        {6, "found character that cannot start any token"},
		"  é: @q\n":        {6, "found character that cannot start any token"},
		"\ta: q\n":         {0, "found a tab character that violates indentation"},
		"  a: \"q \\q\"\n": {0, "found unknown escape character"},
	} {
		for _, lines := range []int{1, 40} {
			text := "data:\n" + strings.Repeat("  k: v\n", lines) + wrong + "  z: v\n"
			at, words := Problem([]byte(text), yaml.Unmarshal([]byte(text), &yaml.Node{}))
			require.Equal(t, want.words, words, wrong)
			require.Equal(t, lines+2, at.Line, wrong)
			if want.column > 0 {
				require.Equal(t, want.column, at.Column, wrong)
			}
		}
	}
	// Errors about values quote them.
	for wrong, want := range map[string]string{
		"{{q: 1}: 2}":    "a key is a mapping or a list",
		"!!int q":        "a value is not what its tag says",
		"{q: 1, q: 2}":   "a key is there twice, or a value is not what its tag says",
		"&q {b: *q}":     "a value is an alias of what it is a part of",
		"{!!float q: b}": "a value is not what its tag says",
	} {
		var value any
		text := []byte("a: b\nc: " + wrong + "\n")
		err := yaml.Unmarshal(text, &value)
		require.ErrorContains(t, err, "q", wrong)
		at, words := Problem(text, err)
		require.Equal(t, want, words, wrong)
		require.LessOrEqual(t, at.Line, 2)
	}
	// What does not end is told where it begins.
	text := []byte("a: b\nc: \"d\ne: f\n")
	at, _ := Problem(text, yaml.Unmarshal(text, &yaml.Node{}))
	require.Equal(t, Position{Line: 2, Column: 4}, at)
	for text, line := range map[string]int{
		"a: b\nc: [d\n": 2, "a: b\nc: d\ne: {f: g\n": 3, "a: [b\n": 1, "{\"a\": 1}\n{\"b\": 2}\n": 2, "a: b\n...\n\nc: d\n": 4,
	} {
		decoder := yaml.NewDecoder(strings.NewReader(text))
		err := decoder.Decode(&yaml.Node{})
		if err == nil {
			err = decoder.Decode(&yaml.Node{})
		}
		at, _ := Problem([]byte(text), err)
		require.Equal(t, line, at.Line, text)
	}
	text = []byte(strings.Repeat("#"+strings.Repeat("x", 98)+"\n", maxSearched/100+1) + "a: @\n")
	at, _ = Problem(text, yaml.Unmarshal(text, &yaml.Node{}))
	require.Equal(t, Position{Line: maxSearched/100 + 2}, at)
}

// TestWithoutQuotes holds that nothing of a text is left in what another program says of
// it, and that all else is.
func TestWithoutQuotes(t *testing.T) {
	for text, want := range map[string]string{
		"a: *hunter":                    "unknown anchor '***' referenced",
		"a: {{hunter: 1}: 2}":           "invalid map key: ***",
		"a: !!int hunter":               "cannot decode !!str `***` as a !!int",
		"{hunter: 1, hunter: 2}":        "mapping key *** already defined at line 1",
		"a: &hunter {b: *hunter}":       "anchor '***' value contains itself",
		"a: !!float |\n  hunter\n  2\n": "cannot decode !!str `***` as a !!float",
	} {
		var value any
		err := yaml.Unmarshal([]byte(text), &value)
		require.ErrorContains(t, err, "hunter", text)
		said := "Error: on a.yaml: " + err.Error() + "\nUse --debug\n"
		got := WithoutQuotes(said)
		require.NotContains(t, got, "hunter", text)
		require.Contains(t, got, want, text)
		require.True(t, strings.HasPrefix(got, "Error: on a.yaml: yaml: ") && strings.HasSuffix(got, "\nUse --debug\n"), got)
		require.NotContains(t, WithoutQuotes(strconv.Quote(said)), "hunter", text)
	}
	const said = "Error: key \"a\" is not there, cannot unmarshal it, and anchor 'b' is\n"
	require.Equal(t, said, WithoutQuotes(said))
	for _, text := range []string{"{{hunter: 1}: 2}", "{hunter: 1, hunter: 2}", "a: *hunter"} {
		err := older.UnmarshalStrict([]byte(text), new(any))
		require.ErrorContains(t, err, "hunter")
		require.NotContains(t, WithoutQuotes(err.Error()), "hunter")
	}
}

// TestProblemOfACharacter holds that what no YAML has is told where it stands.
func TestProblemOfACharacter(t *testing.T) {
	for wrong, words := range map[string]string{
		"\x01": "control characters are not allowed", "\x7f": "control characters are not allowed", "\u0080": "control characters are not allowed",
		"\ufffe": "control characters are not allowed", "\xff": "invalid leading UTF-8 octet", "\xc3": "invalid trailing UTF-8 octet",
		"\xed\xa0\x80": "invalid Unicode character", "\xc0\x80": "invalid length of a UTF-8 sequence",
	} {
		for _, lines := range []int{0, 40, maxSearched / 8} {
			text := []byte(strings.Repeat("# \té\r\n", lines) + "k: é" + wrong + "v\n")
			at, got := Problem(text, yaml.Unmarshal(text, &yaml.Node{}))
			require.Equal(t, words, got, "%q", wrong)
			require.Equal(t, Position{Line: lines + 1, Column: 5}, at, "%q", wrong)
		}
	}
	text := []byte("a: b\nc: \xc3")
	at, words := Problem(text, yaml.Unmarshal(text, &yaml.Node{}))
	require.Equal(t, "incomplete UTF-8 octet sequence", words)
	require.Equal(t, Position{Line: 2, Column: 4}, at)
	require.Equal(t, Position{Line: 2, Column: 4}, NotUTF8(text))
}
