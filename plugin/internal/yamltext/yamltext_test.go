package yamltext

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestProblem holds that the line is that of what is wrong, wherever it stands.
func TestProblem(t *testing.T) {
	for wrong, want := range map[string]string{
		"  - q\n":        "did not find expected key",
		"  \"a\" b: c\n": "did not find expected key",
		"  a: b: c\n":    "mapping values are not allowed in this context",
		"  a: *q\n":      "an alias names an anchor that is not there; put a value that begins with * in quotes",
		"  a: @q\n":      "found character that cannot start any token",
		"\ta: q\n":       "found a tab character that violates indentation",
	} {
		for _, lines := range []int{1, 40} {
			text := "data:\n" + strings.Repeat("  k: v\n", lines) + wrong + "  z: v\n"
			line, words := Problem([]byte(text), yaml.Unmarshal([]byte(text), &yaml.Node{}))
			require.Equal(t, want, words, wrong)
			require.Equal(t, lines+2, line, wrong)
		}
	}
	// What does not end is told where it begins.
	text := []byte("a: b\nc: \"d\ne: f\n")
	line, _ := Problem(text, yaml.Unmarshal(text, &yaml.Node{}))
	require.Equal(t, 2, line)
}
