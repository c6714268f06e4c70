package yamltext

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestProblem holds that the place is that of what is wrong, wherever it stands.
func TestProblem(t *testing.T) {
	for wrong, want := range map[string]struct {
		column int
		words  string
	}{
		"  - q\n":             {3, "did not find expected key"},
		"  \"a\" b: c\n":      {7, "did not find expected key"},
		"  a: b: c\n":         {7, "mapping values are not allowed in this context"},
		"  a: *q\n":           {6, "an alias names an anchor that is not there; put a value that begins with * in quotes"},
		"  a: @q\n":           {6, "found character that cannot start any token"},
		"  é: \"é\", @q\n":    {9, "did not find expected key"},
		"\ta: q\n":            {1, "found a tab character that violates indentation"},
		"  a: \"q \\q\"\n":    {9, "found unknown escape character"},
		"  a: [b, c: }, @]\n": {13, "did not find expected node content"},
	} {
		for _, lines := range []int{1, 40} {
			text := "data:\n" + strings.Repeat("  k: v\n", lines) + wrong + "  z: v\n"
			at, words := Problem([]byte(text), yaml.Unmarshal([]byte(text), &yaml.Node{}))
			require.Equal(t, want.words, words, wrong)
			require.Equal(t, Position{Line: lines + 2, Column: want.column}, at, wrong)
		}
	}
	// What does not end is told where it begins.
	text := []byte("a: b\nc: \"d\ne: f\n")
	at, _ := Problem(text, yaml.Unmarshal(text, &yaml.Node{}))
	require.Equal(t, Position{Line: 2, Column: 4}, at)
	text = []byte(strings.Repeat("a: b\n", maxSearched/5+1) + "@\n")
	at, _ = Problem(text, yaml.Unmarshal(text, &yaml.Node{}))
	require.Equal(t, Position{Line: maxSearched/5 + 2}, at)
}
