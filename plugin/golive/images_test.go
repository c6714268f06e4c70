package golive

import (
	"cmp"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"

	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
)

func TestImages(t *testing.T) {
	day := time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)
	const (
		advisory = "https://github.com/redis/redis/security/advisories/GHSA-4789-qfc9-5f9q"
		policy   = "https://github.com/redis/redis/security/policy"
	)
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
		"docker.io/library/redis:7.0.15":                  "docker.io/library/redis:7.0.15 is of a branch that is not maintained since 2024-09-30: " + policy,
		"docker.io/library/redis:7.0":                     "docker.io/library/redis:7.0 is of a branch that is not maintained since 2024-09-30: " + policy,
		"registry.example:5000/mirror/redis:7.2.10":       "registry.example:5000/mirror/redis:7.2.10 has CVE-2025-49844, which 7.2.11 has not: " + advisory,
		"docker.io/valkey/valkey:8.1.8-alpine@sha256:012": "docker.io/valkey/valkey:8.1.8-alpine@sha256:012 has CVE-2026-63639, which 8.1.9 has not: https://github.com/valkey-io/valkey/releases/tag/8.1.9",
		"docker.io/library/haproxy:2.9.15":                "docker.io/library/haproxy:2.9.15 is of a branch that is not maintained since 2025-03-31: https://www.haproxy.org",
		"docker.io/library/haproxy:2.6.12":                "docker.io/library/haproxy:2.6.12 has CVE-2026-55203, which 2.6.31 has not: https://osv.dev/vulnerability/CGA-5h79-5qgp-qj9v",
		"docker.io/library/haproxy:2.6.32":                "",
		"docker.io/library/haproxy:3.0.29":                "docker.io/library/haproxy:3.0.29 has CVE-2026-110354, which 3.0.30 has not: https://osv.dev/vulnerability/CVE-2026-110354",
		"docker.io/library/haproxy:3.2.25-alpine":         "docker.io/library/haproxy:3.2.25-alpine has CVE-2026-110353, which 3.2.26 has not: https://www.cve.org/CVERecord?id=CVE-2026-110353",
	} {
		require.Equal(t, problem, imageProblem(image, day), image)
	}
	require.Empty(t, imageProblem("docker.io/library/redis:8.0.6", time.Date(2026, time.December, 1, 23, 59, 0, 0, time.UTC)))
	require.Contains(t, imageProblem("docker.io/library/redis:8.0.6", time.Date(2026, time.December, 2, 0, 0, 0, 0, time.UTC)), "not maintained since 2026-12-01")
}

// TestBranches holds the list's form: days, a source of its own for each thing that is said,
// and a repaired patch for each branch that someone repairs.
func TestBranches(t *testing.T) {
	_, err := time.Parse(time.DateOnly, asOf)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, b := range branches {
		require.False(t, seen[b.server+b.version], "%s %s is there twice", b.server, b.version)
		seen[b.server+b.version] = true
		require.Regexp(t, `^\d+\.\d+$`, b.version)
		ended := false
		if b.end != (end{}) {
			_, err := time.Parse(time.DateOnly, b.end.day)
			require.NoError(t, err)
			require.Regexp(t, `^https://`, b.end.source)
			require.NotRegexp(t, `GHSA-|CVE-|CGA-`, b.end.source, "what is said of a hole is no source of an end")
			ended = b.end.day < asOf
		}
		if ended {
			require.Equal(t, hole{}, b.hole, "%s %s: no patch is told that would repair it", b.server, b.version)
			continue
		}
		require.Regexp(t, `^CVE-\d{4}-\d+$`, b.hole.name, "%s %s", b.server, b.version)
		require.Positive(t, b.hole.repaired)
		require.Regexp(t, `^https://`, b.hole.source)
	}
}

// TestDefaultsHaveNoHole holds that a release does not warn of what it installs by default.
func TestDefaultsHaveNoHole(t *testing.T) {
	day, err := time.Parse(time.DateOnly, asOf)
	require.NoError(t, err)
	chart, err := os.ReadFile("../../charts/tenant-redis/Chart.yaml")
	require.NoError(t, err)
	images := regexp.MustCompile(`(?m)^ *image: (\S+)$`).FindAllSubmatch(chart, -1)
	require.Len(t, images, 3)
	for _, image := range images {
		require.Empty(t, imageProblem(string(image[1]), day))
	}
}

// TestOperatorsImage has the frozen one told where it can be seen, and no other.
func TestOperatorsImage(t *testing.T) {
	for image, told := range map[string]bool{
		"quay.io/spotahome/redis-operator:v1.3.0-rc1":    true,
		"quay.io/spotahome/redis-operator@sha256:0123":   true,
		"quay.io/spotahome/redis-operator-other:v1":      false,
		"registry.example/redis/redis-operator@sha256:0": false,
	} {
		for namespaceOfPod, seen := range map[string]bool{namespace: told, "elsewhere": false} {
			operator := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "redis-operator-1", Namespace: namespaceOfPod, Labels: map[string]string{"app.kubernetes.io/name": "redis-operator"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Image: image}}},
			}
			i := &instance{namespace: namespace}
			Cluster{Client: fake.NewClientset(operator)}.readOperator(t.Context(), i)
			said, err := checkImages(t.Context(), i)
			require.NoError(t, err, "what the operator runs fails no instance")
			require.Contains(t, said, "the list of "+asOf+" has nothing against the 0 that run")
			require.Equal(t, seen, strings.Contains(said, image+" is frozen and has known holes: "+version.Page("docs/operator.md")), "%s: %s", image, said)
		}
	}
}

// TestOperatorMayBeHidden holds that nothing is said where its Pods may not be listed.
func TestOperatorMayBeHidden(t *testing.T) {
	client := fake.NewClientset()
	client.PrependReactor("list", "pods", func(k8stesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("forbidden")
	})
	i := &instance{namespace: namespace}
	Cluster{Client: client}.readOperator(t.Context(), i)
	require.Empty(t, i.operatorNote())
}

// TestPageHasTheBranches holds that docs/versions.md and this list say the same of each
// server and proxy: until when it is maintained.
func TestPageHasTheBranches(t *testing.T) {
	page, err := os.ReadFile("../../docs/versions.md")
	require.NoError(t, err)
	servers, _, found := strings.Cut(string(page), "\n## Kubernetes")
	require.True(t, found)
	rows := 0
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
			if until := branches[at].end.day; until != "" {
				last, err := time.Parse(time.DateOnly, until)
				require.NoError(t, err)
				said = last.Format("January 2006")
				if server == "haproxy" {
					quarter := []string{"first", "second", "third", "fourth"}[(last.Month()-1)/3]
					said = quarter + " quarter of " + last.Format("2006")
				}
				if until < asOf {
					said = "no more, since " + said
				}
			}
			require.Equal(t, said, ends[min(n, len(ends)-1)], "%s %s", server, version)
		}
	}
	require.Equal(t, 10, rows)
}
