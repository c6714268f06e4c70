package golive

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestImages(t *testing.T) {
	day := time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)
	const advisory = "https://github.com/redis/redis/security/advisories/GHSA-4789-qfc9-5f9q"
	for image, problem := range map[string]string{
		"docker.io/valkey/valkey:8.1.11":                  "",
		"docker.io/valkey/valkey:8.1":                     "",
		"docker.io/library/redis:8.0.6":                   "",
		"docker.io/library/haproxy:3.2.26":                "",
		"quay.io/oliver006/redis_exporter:v1.88.0":        "",
		"registry.example:5000/redis":                     "",
		"docker.io/library/redis@sha256:0123":             "",
		"docker.io/library/redis:7":                       "",
		"docker.io/library/redis:stable":                  "",
		"docker.io/library/other:7.0.15":                  "",
		"docker.io/library/redis:7.0.15":                  "docker.io/library/redis:7.0.15 is of a branch that is not maintained since 2024-09-30: " + advisory,
		"docker.io/library/redis:7.0":                     "docker.io/library/redis:7.0 is of a branch that is not maintained since 2024-09-30: " + advisory,
		"registry.example:5000/mirror/redis:7.2.10":       "registry.example:5000/mirror/redis:7.2.10 has CVE-2025-49844, which 7.2.11 has not: " + advisory,
		"docker.io/valkey/valkey:8.1.8-alpine@sha256:012": "docker.io/valkey/valkey:8.1.8-alpine@sha256:012 has CVE-2026-63639, which 8.1.9 has not: https://github.com/valkey-io/valkey/releases/tag/8.1.9",
		"docker.io/library/haproxy:2.9.15":                "docker.io/library/haproxy:2.9.15 is of a branch that is not maintained since 2025-03-31: https://www.haproxy.org",
	} {
		require.Equal(t, problem, imageProblem(image, day), image)
	}
	require.Empty(t, imageProblem("docker.io/library/redis:8.0.6", time.Date(2026, time.December, 1, 23, 59, 0, 0, time.UTC)))
	require.Contains(t, imageProblem("docker.io/library/redis:8.0.6", time.Date(2026, time.December, 2, 0, 0, 0, 0, time.UTC)), "not maintained since 2026-12-01")
}

// TestBranches holds the list's form: days, and a source for all that is said.
func TestBranches(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range branches {
		require.False(t, seen[b.server+b.version], "%s %s is there twice", b.server, b.version)
		seen[b.server+b.version] = true
		require.Regexp(t, `^https://`, b.source)
		require.Regexp(t, `^\d+\.\d+$`, b.version)
		if b.until != "" {
			_, err := time.Parse(time.DateOnly, b.until)
			require.NoError(t, err)
		}
		require.True(t, b.repaired == 0 || b.hole != "", b)
	}
}
