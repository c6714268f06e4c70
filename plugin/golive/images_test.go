package golive

import (
	"cmp"
	"os"
	"regexp"
	"slices"
	"strings"
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

// TestPageHasTheBranches holds that docs/versions.md and this list say the same of each
// server and proxy: until when it is maintained.
func TestPageHasTheBranches(t *testing.T) {
	page, err := os.ReadFile("../../docs/versions.md")
	require.NoError(t, err)
	servers, _, found := strings.Cut(string(page), "\n## Kubernetes")
	require.True(t, found)
	day, rows := "2026-11-28", 0
	for _, row := range regexp.MustCompile(`(?m)^\| (?:(Valkey|Redis) )?(\d[^|]*) \| ([^|]*) \|`).FindAllStringSubmatch(servers, -1) {
		names, _, _ := strings.Cut(row[2], ", the default")
		if strings.Contains(names, "and older") {
			continue
		}
		rows++
		server, ends := cmp.Or(strings.ToLower(row[1]), "haproxy"), strings.Split(row[3], "; ")
		for n, version := range regexp.MustCompile(`\d+\.\d+`).FindAllString(names, -1) {
			at := slices.IndexFunc(branches, func(b branch) bool { return b.server == server && b.version == version })
			require.GreaterOrEqual(t, at, 0, "%s %s is not in the list", server, version)
			said := "no end is written"
			if until := branches[at].until; until != "" {
				last, err := time.Parse(time.DateOnly, until)
				require.NoError(t, err)
				said = last.Format("January 2006")
				if server == "haproxy" {
					quarter := []string{"first", "second", "third", "fourth"}[(last.Month()-1)/3]
					said = quarter + " quarter of " + last.Format("2006")
				}
				if until < day {
					said = "no more, since " + said
				}
			}
			require.Equal(t, said, ends[min(n, len(ends)-1)], "%s %s", server, version)
		}
	}
	require.Equal(t, 9, rows)
}
