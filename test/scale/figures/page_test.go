package figures

import (
	"bytes"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables and plots of docs/scale.md")

const (
	docs = "../../../docs/"
	fix  = "go test ./test/scale/figures -update writes the new one"
)

// TestPage holds that docs/scale.md shows what test/scale has measured, and nothing else.
func TestPage(t *testing.T) {
	rows, err := Rows("../matrix.json")
	require.NoError(t, err)
	silent, err := Rows("../silent.json")
	require.NoError(t, err)
	data, err := os.ReadFile(docs + "scale.md")
	require.NoError(t, err)
	page := shown(t, shown(t, string(data), "measured", Measured(rows)), "silent", Silent(silent))
	if *update {
		require.NoError(t, os.WriteFile(docs+"scale.md", []byte(page), 0o644))
	}
	assert.Equal(t, page, read(t, "scale.md"), fix)
	for name, drawing := range map[string]func(io.Writer, []Row) error{PassPlot: DrawPass, RepairsPlot: DrawRepairs} {
		if len(series(rows)) == 0 {
			assert.NoFileExists(t, docs+name)
			continue
		}
		var out bytes.Buffer
		require.NoError(t, drawing(&out, rows))
		if *update {
			require.NoError(t, os.WriteFile(docs+name, out.Bytes(), 0o644))
		}
		assert.Equal(t, out.String(), read(t, name), fix)
	}
}

// shown is a page with what stands below a mark.
func shown(t *testing.T, page, mark, text string) string {
	t.Helper()
	before, rest, found := strings.Cut(page, "<!-- "+mark+" -->\n")
	require.True(t, found, mark)
	_, after, found := strings.Cut(rest, "<!-- end -->")
	require.True(t, found, mark)
	return before + "<!-- " + mark + " -->\n" + text + "<!-- end -->" + after
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(docs + name)
	require.NoError(t, err, fix)
	return string(data)
}

// TestMeasured holds that nothing stands in the page where nothing was measured, no plot
// where there is no line to draw, and else each row in all tables.
func TestMeasured(t *testing.T) {
	assert.Empty(t, Measured(nil))
	assert.Empty(t, Silent(nil))
	rows := grown(Setting{Operator: "1.3", Shards: 2, Workers: 3, Queries: 5000}, 0.25)
	one := Measured(rows[:1])
	assert.Contains(t, one, "| 1.3 | 10 | 2 × 3 | 5,000 |")
	assert.NotContains(t, one, ".svg")
	all := Measured(rows)
	for _, text := range []string{
		"| 1.3 | 1,000 | 2 × 3 | 5,000 | 252.0 s | 1.30 s |", "| 60.0 |", "| 1.3 | 2 × 3 | 5,000 | 0.052 s | 0.006 s | 0.080 s | 0.080 s | 0.250 s, 1,000 |",
		"](" + PassPlot + ")", "](" + RepairsPlot + ")",
	} {
		assert.Contains(t, all, text)
	}
	rows[0].Silent = 2
	assert.Contains(t, Silent(rows[:1]), "| 2 of 10 | 3 | 0.31 s |")
}
