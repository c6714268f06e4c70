package make

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// search has scripts/vulnerabilities.sh look at a module that calls golang.org/x/text's
// GO-2026-5970, with that list of allowed vulnerabilities, and in that environment.
func search(t *testing.T, allowed string, environment ...string) (string, error) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"modules": "# A module and its packages.\ntest/make/testdata/vulnerable ./...\n",
		"allowed": allowed,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	script := exec.CommandContext(t.Context(), "../../scripts/vulnerabilities.sh", filepath.Join(folder, "modules"), filepath.Join(folder, "allowed"))
	script.Env = append(append(os.Environ(), "VULNDB="), environment...)
	output, err := script.CombinedOutput()
	return string(output), err
}

func TestVulnerabilityIsFound(t *testing.T) {
	output, err := search(t, "# nothing\n")
	require.Error(t, err)
	require.Contains(t, output, "https://pkg.go.dev/vuln/GO-2026-5970 golang.org/x/text v0.21.0, repaired in v0.39.0, "+
		"called by github.com/tenant-redis/tenant-redis/test/make/testdata/vulnerable.main")
	pins, err := os.ReadFile("../../ci/vulnerabilities/go.mod")
	require.NoError(t, err)
	pinned := regexp.MustCompile(`golang.org/x/vulndb (\S+)`).FindStringSubmatch(string(pins))
	require.Contains(t, output, "searching for vulnerabilities, database "+pinned[1]+"\n")
}

// TestNewestDatabase has a registry of modules answer which the newest one is: Go's own cache,
// served as one, with the pinned one in it. Where none answers nothing is searched.
func TestNewestDatabase(t *testing.T) {
	pinned := exec.CommandContext(t.Context(), "go", "-C", "../../ci/vulnerabilities", "mod", "download", "golang.org/x/vulndb")
	fetched, err := pinned.CombinedOutput()
	require.NoError(t, err, string(fetched))
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	registry := "GOPROXY=file://" + strings.TrimSpace(string(cache)) + "/cache/download"
	output, err := search(t, "# nothing\n", "VULNDB=latest", registry)
	require.Error(t, err)
	require.Contains(t, output, "https://pkg.go.dev/vuln/GO-2026-5970 ")

	output, err = search(t, "GO-2026-5970 9999-12-31 a test\n", "VULNDB=latest", "GOPROXY=off")
	require.Error(t, err)
	require.Contains(t, output, "golang.org/x/vulndb@latest: module lookup disabled by GOPROXY=off")
	require.NotContains(t, output, "searching")
}

func TestVulnerabilityIsAllowed(t *testing.T) {
	output, err := search(t, "# ID, day, reason\nGO-2026-5970 9999-12-31 a test\n")
	require.NoError(t, err, output)
}

func TestAllowanceIsRefused(t *testing.T) {
	output, err := search(t, "GO-2026-5970 2026-01-31 a test\nGO-2020-0001 9999-12-31 a test\nGO-2020-0002 9999-12-31\nGO-2020-0003 soon a test\n")
	require.Error(t, err)
	require.Contains(t, output, "GO-2026-5970 is allowed until 2026-01-31 only")
	require.Contains(t, output, "GO-2020-0001 is allowed, and nothing reaches it any more: remove its line")
	require.Contains(t, output, `"GO-2020-0002 9999-12-31 ": must be an ID, a day as 2027-01-31, and the reason`)
	require.Contains(t, output, `"GO-2020-0003 soon a test": must be an ID, a day as 2027-01-31, and the reason`)
}

// TestNothingIsSearched holds that a module which cannot be searched is no clean one.
func TestNothingIsSearched(t *testing.T) {
	folder := t.TempDir()
	list := filepath.Join(folder, "modules")
	require.NoError(t, os.WriteFile(list, []byte("no/such/folder ./...\n"), 0o600))
	output, err := exec.CommandContext(t.Context(), "../../scripts/vulnerabilities.sh", list, os.DevNull).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), "no/such/folder")
}
