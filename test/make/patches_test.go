package make

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patched returns a folder with the source of an operator as it is compiled here.
func patched(t *testing.T, name string) string {
	t.Helper()
	folder := t.TempDir()
	run(t, "../../scripts/patched.sh", name, folder)
	return folder
}

// run runs a program that must not fail.
func run(t *testing.T, program string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// TestOperatorSurvivesItsMetrics holds that the operator that is built here lives through
// what ends the published one: a look for stale metrics while a worker counts.
func TestOperatorSurvivesItsMetrics(t *testing.T) {
	for _, name := range []string{"redis-operator-1.3", "redis-operator-1.2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := patched(t, name)
			text, err := os.ReadFile("testdata/operator/counting_test.go")
			require.NoError(t, err)
			const metrics = "github.com/spotahome/redis-operator/metrics"
			require.NoError(t, os.WriteFile(filepath.Join(folder, "vendor", metrics, "counting_test.go"), text, 0o600))
			count := func() ([]byte, error) {
				return exec.CommandContext(t.Context(), "go", "-C", folder, "test", "-count=1", "-vet=off", metrics).CombinedOutput()
			}
			out, err := count()
			assert.NoError(t, err, "%s", out)

			patches, err := filepath.Abs("../../ci/sources/" + name + "/patches/stale-metrics.patch")
			require.NoError(t, err)
			run(t, "patch", "--reverse", "--strip=1", "--directory="+folder+"/vendor", "--input="+patches)
			out, err = count()
			require.Error(t, err, "does the published one need no patch any more?")
			assert.Contains(t, string(out), "fatal error: concurrent map")
		})
	}
}
