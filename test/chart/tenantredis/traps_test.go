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

// TestTrapsAreTested holds that docs/traps.md has every trap once and that each
// test it names is there.
func TestTrapsAreTested(t *testing.T) {
	traps, err := os.ReadFile(filepath.Join(render.Repository, "docs/traps.md"))
	require.NoError(t, err)
	declared := map[string]bool{}
	declaration := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	require.NoError(t, filepath.WalkDir(filepath.Join(render.Repository, "test"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path) //nolint:gosec // G304: our own
		for _, match := range declaration.FindAllStringSubmatch(string(source), -1) {
			declared[match[1]] = true
		}
		return err
	}))

	rows := regexp.MustCompile(`(?m)^\| (\d+) \|.*\|([^|]*)\|$`).FindAllStringSubmatch(string(traps), -1)
	require.Len(t, rows, 28)
	for i, row := range rows {
		assert.Equal(t, strconv.Itoa(i+1), row[1])
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(row[2], -1)
		assert.NotEmpty(t, named, "trap %s", row[1])
		for _, test := range named {
			assert.Contains(t, declared, test[1], "trap %s", row[1])
		}
	}
}
