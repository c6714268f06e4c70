package make

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const operatorModule = "github.com/spotahome/redis-operator"

// withTests returns a folder with what ci/sources/NAME pins, in which the operator's module
// is a copy that has its tests, which a vendor folder has not, and the patches. Only the
// checksums of what the tests alone need are taken from the operator's own go.sum.
func withTests(t *testing.T, name string) string {
	t.Helper()
	source, err := filepath.Abs("../../ci/sources/" + name)
	require.NoError(t, err)
	run(t, "go", "-C", source, "mod", "download", operatorModule)
	published, err := exec.CommandContext(t.Context(), "go", "-C", source, "list", "-m", "-f", "{{.Dir}}", operatorModule).Output()
	require.NoError(t, err)
	folder := t.TempDir()
	operator := filepath.Join(folder, operatorModule)
	require.NoError(t, os.CopyFS(operator, os.DirFS(strings.TrimSpace(string(published)))))
	patches, err := filepath.Glob(source + "/patches/*.patch")
	require.NoError(t, err)
	for _, patch := range patches {
		run(t, "patch", "--fuzz=0", "--strip=1", "--directory="+folder, "--input="+patch)
	}

	var sums []byte
	for _, from := range []string{source, operator} {
		text, err := os.ReadFile(filepath.Join(from, "go.sum"))
		require.NoError(t, err)
		sums = append(sums, text...)
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.sum"), sums, 0o600))
	pins, err := os.ReadFile(filepath.Join(source, "go.mod"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), pins, 0o600))
	run(t, "go", "-C", folder, "mod", "edit", "-replace="+operatorModule+"=./"+operatorModule)
	return folder
}

// TestOperatorsOwnTests runs the unit tests that the operator was released with on the parts
// and patches that it is built with here. As many pass as the page says: one that is gone
// would be no failure.
func TestOperatorsOwnTests(t *testing.T) {
	page, err := os.ReadFile("../../docs/operator.md")
	require.NoError(t, err)
	for name, version := range map[string]string{"redis-operator-1.3": "v1.3.0-rc1", "redis-operator-1.2": "v1.2.4"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			// Readonly: with other versions than the pinned ones it ends.
			tests := exec.CommandContext(t.Context(), "go", "-C", withTests(t, name), "test", "-mod=readonly", "-count=1", "-json", operatorModule+"/...")
			output, err := tests.Output()
			passed := passes(t, output)
			require.NoError(t, err, "%s", output)
			assert.Contains(t, string(page), fmt.Sprintf(" %d of %s", passed, version))
		})
	}
}

// passes counts the tests that passed, their parts left out.
func passes(t *testing.T, output []byte) int {
	t.Helper()
	passed := 0
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var event struct{ Action, Test string }
		err := decoder.Decode(&event)
		if errors.Is(err, io.EOF) {
			return passed
		}
		require.NoError(t, err)
		if event.Action == "pass" && event.Test != "" && !strings.Contains(event.Test, "/") {
			passed++
		}
	}
}
