package tenantredis

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// notes renders NOTES.txt, which helm template leaves out, as a ConfigMap.
func notes(t *testing.T, v values) string {
	t.Helper()
	own := changed(t, func(dir string) {
		templates := filepath.Join(dir, "templates")
		data, err := os.ReadFile(filepath.Join(templates, "NOTES.txt"))
		require.NoError(t, err)
		wrapped := fmt.Sprintf(`{{ define "notes" }}%s{{ end -}}
kind: ConfigMap
metadata: {name: notes}
data: {notes: {{ include "notes" . | toJson }}}
`, data)
		require.NoError(t, os.WriteFile(filepath.Join(templates, "notes.yaml"), []byte(wrapped), 0o600))
	})
	return render.Get[corev1.ConfigMap](t, own.Objects(t, v), "ConfigMap/notes").Data["notes"]
}

func TestNotes(t *testing.T) {
	plain := notes(t, withoutPassword)
	assert.NotContains(t, plain, "REDIS_PASSWORD")
	assert.Contains(t, plain, "-n "+namespace+" get configmap", "without a tenant, the release's namespace")

	full := notes(t, values{"tenantNamespaces": `["team-a", "team-b"]`})
	assert.Less(t, strings.Count(full, "\n"), 15)
	for _, line := range []string{
		`kubectl -n team-a get configmap cache -o 'jsonpath={.data.REDIS_SENTINEL_HOST}'`,
		`kubectl -n team-a get configmap cache -o 'jsonpath={.data.REDIS_SENTINEL_PORT}'`,
		`kubectl -n team-a get configmap cache -o 'jsonpath={.data.REDIS_SENTINEL_MASTER}'`,
		`kubectl -n team-a get secret cache -o 'jsonpath={.data.REDIS_PASSWORD}' | base64 -d`,
		accessLabel + `: allow`,
	} {
		assert.Contains(t, full, "\n  "+line+"\n", "a line of its own, ready to paste")
	}
	assert.Contains(t, full, "team-b")
	assert.Contains(t, notes(t, values{"access.allNamespaces": "true"}), "all namespaces")
}

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
	require.Len(t, rows, 24)
	for i, row := range rows {
		assert.Equal(t, strconv.Itoa(i+1), row[1])
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(row[2], -1)
		assert.NotEmpty(t, named, "trap %s", row[1])
		for _, test := range named {
			assert.Contains(t, declared, test[1], "trap %s", row[1])
		}
	}
}
