package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
)

const platform = runtime.GOOS + "-" + runtime.GOARCH

// pack returns a folder with the packages of this platform.
func pack(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	out, err := exec.CommandContext(t.Context(), repository+"/scripts/package-plugins.sh", folder, runtime.GOOS+"/"+runtime.GOARCH).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return folder
}

// TestPackages packs twice the same bytes, and installs them with both majors:
// Helm 3 takes archives from a server alone.
func TestPackages(t *testing.T) {
	folder, again := pack(t), pack(t)
	first, err := os.ReadFile(filepath.Join(folder, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(first), "\n"))
	second, err := os.ReadFile(filepath.Join(again, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = folder
	out, err := check.CombinedOutput()
	require.NoError(t, err, "%s", out)

	files := http.FileServer(http.Dir(folder))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/gzip") // Helm 3 knows an archive by it
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	archive := func(place, name string) string {
		return place + "/" + name + "-" + version.Version + "-" + platform + ".tgz"
	}
	installations := map[string][][]string{
		"helm3": {{archive(server.URL, "tenant-helm3")}},
		// There is no signature to verify.
		"helm4": {{"--verify=false", archive(folder, "tenant")}, {"--verify=false", archive(folder, "tenant-post")}},
	}
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		t.Setenv("HELM_PLUGINS", filepath.Join(os.Getenv("HELM_DATA_HOME"), "plugins"))
		for _, args := range installations[filepath.Base(h.plugins)] {
			h.must(t, append([]string{"plugin", "install"}, args...)...)
		}
		require.Contains(t, h.must(t, "tenant", "template", "shop", "testdata/chart", "--tenant", "testdata/tenant.yaml"), provenance)
		h.must(t, "plugin", "uninstall", "tenant")
	})
}
