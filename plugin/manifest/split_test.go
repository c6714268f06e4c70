package manifest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplit(t *testing.T) {
	tests := map[string]struct {
		stream string
		want   []string
		lines  []int
	}{
		"nothing":                    {"", nil, nil},
		"one document":               {"a: 1\n", []string{"a: 1\n"}, []int{1}},
		"separator first":            {"---\na: 1\n", []string{"---\na: 1\n"}, []int{1}},
		"two documents":              {"a: 1\n---\nb: 2\n", []string{"a: 1\n", "---\nb: 2\n"}, []int{1, 2}},
		"no final line end":          {"a: 1\n---", []string{"a: 1\n", "---"}, []int{1, 2}},
		"CRLF":                       {"a: 1\r\n---\r\nb: 2\r\n", []string{"a: 1\r\n", "---\r\nb: 2\r\n"}, []int{1, 2}},
		"comment behind separator":   {"a: 1\n--- # b\nb: 2\n", []string{"a: 1\n", "--- # b\nb: 2\n"}, []int{1, 2}},
		"value behind separator":     {"a: 1\n--- {b: 2}\n", []string{"a: 1\n", "--- {b: 2}\n"}, []int{1, 2}},
		"separators in a row":        {"---\n---\n", []string{"---\n", "---\n"}, []int{1, 2}},
		"glued separator":            {"a: 1\n---b: 2\n", []string{"a: 1\n---b: 2\n"}, []int{1}},
		"a directive":                {"%YAML 1.1\n---\na: 1\n", []string{"%YAML 1.1\n---\na: 1\n"}, []int{1}},
		"a directive further on":     {"a: 1\n...\n%YAML 1.1\n# b\n---\nb: 2\n---\nc: 3\n", []string{"a: 1\n...\n", "%YAML 1.1\n# b\n---\nb: 2\n", "---\nc: 3\n"}, []int{1, 3, 7}},
		"two directives":             {"# a\n%YAML 1.1\n%TAG ! x\n---\nb: 2\n", []string{"# a\n", "%YAML 1.1\n%TAG ! x\n---\nb: 2\n"}, []int{1, 2}},
		"a per cent sign in text":    {"a: \"\n%\"\n---\nb: 2\n", []string{"a: \"\n%\"\n", "---\nb: 2\n"}, []int{1, 3}},
		"dashes inside a block text": {"a: |\n  x\n  ---\n  y\n", []string{"a: |\n  x\n  ---\n  y\n"}, []int{1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var texts []string
			var lines []int
			for _, piece := range Split([]byte(test.stream)) {
				texts = append(texts, string(piece.Text))
				lines = append(lines, piece.Line)
			}
			require.Equal(t, test.want, texts)
			require.Equal(t, test.lines, lines)
		})
	}
}

func FuzzSplitKeepsEveryByte(f *testing.F) {
	for _, seed := range []string{
		"", "---", "a: 1\n---\nb: 2", "\r\n---\r\n", "---\n---\n\n--- x\n----\n", "\n\n---",
		"kind: List\nitems:\n  - a: 1\n  - b\nx: y\n---\n{\"kind\":\"List\",\"items\":[{},\n1 ]}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		var joined []byte
		for i, piece := range Split(stream) {
			require.True(t, len(piece.Lead) > 0 || i == 0 || isSeparator(piece.Text) || piece.Text[0] == '%', "piece %d begins without a separator", i)
			joined = append(joined, piece.Lead...)
			require.Equal(t, 1+bytes.Count(joined, []byte("\n")), piece.Line)
			joined = append(joined, piece.Text...)
		}
		require.Equal(t, string(stream), string(joined))
	})
}
