package access

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

var update = flag.Bool("update", false, "write the tables of docs/access.md")

// assertDocumented holds that a table stands in docs/access.md below its mark.
func assertDocumented(t *testing.T, mark string, rows []string) {
	t.Helper()
	table := strings.Join(rows, "\n") + "\n"
	const file = render.Repository + "/docs/access.md"
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(data), "<!-- "+mark+" -->\n")
	require.True(t, found, mark)
	documented, after, found := strings.Cut(rest, "<!-- end -->")
	require.True(t, found, mark)
	if *update {
		text := before + "<!-- " + mark + " -->\n" + table + "<!-- end -->" + after
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		return
	}
	assert.Equal(t, table, documented, "go test ./test/chart/access -update writes the new one")
}
