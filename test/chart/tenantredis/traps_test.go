package tenantredis

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// declared are the names of all tests.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	declaration := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	for _, folder := range []string{"test", "plugin"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(render.Repository, folder), func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path) //nolint:gosec // G304: our own
			for _, match := range declaration.FindAllStringSubmatch(string(source), -1) {
				found[match[1]] = true
			}
			return err
		}))
	}
	return found
}

var namedTest = regexp.MustCompile("`(Test\\w+)`")

// TestTrapsAreTested holds that docs/design/traps.md has every trap once and that each
// test it names is there.
func TestTrapsAreTested(t *testing.T) {
	traps, err := os.ReadFile(filepath.Join(render.Repository, "docs/design/traps.md"))
	require.NoError(t, err)
	all := declared(t)
	rows := regexp.MustCompile(`(?m)^\| (\d+) \|.*\|([^|]*)\|$`).FindAllStringSubmatch(string(traps), -1)
	require.Len(t, rows, 28)
	for i, row := range rows {
		assert.Equal(t, strconv.Itoa(i+1), row[1])
		named := namedTest.FindAllStringSubmatch(row[2], -1)
		assert.NotEmpty(t, named, "trap %s", row[1])
		for _, test := range named {
			assert.Contains(t, all, test[1], "trap %s", row[1])
		}
	}
}

// TestFieldIsTested holds that docs/design/field.md names a test or a page for each
// report, and that each test is there.
func TestFieldIsTested(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(render.Repository, "docs/design/field.md"))
	require.NoError(t, err)
	all := declared(t)
	rows := regexp.MustCompile(`(?m)^\| .*\|([^|]*)\|$`).FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(rows), 40)
	for _, row := range rows {
		if strings.HasSuffix(row[0], "shown by |") {
			continue
		}
		named := namedTest.FindAllStringSubmatch(row[1], -1)
		assert.True(t, len(named) > 0 || strings.Contains(row[1], ".md"), row[0])
		for _, test := range named {
			assert.Contains(t, all, test[1], row[0])
		}
	}
}
