package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	repository = "../.."
	// tenants are how many helm tenant batch renders, and singles how many runs of
	// helm template it is compared with, each of which takes as long as another.
	tenants = 1000
	singles = 50
)

// BenchmarkBatch reports how long one helm tenant batch takes, and how many times
// as long as many runs of helm template would, without any post-renderer. Run it
// with -benchtime 1x, after make build tools.
func BenchmarkBatch(b *testing.B) {
	folder, output := b.TempDir(), b.TempDir()
	for n := range tenants {
		writeTenant(b, folder, fmt.Sprintf("t-%d", n))
	}
	shared := filepath.Join(folder, "values.yaml")
	require.NoError(b, os.WriteFile(shared, []byte("auth: {existingSecret: password}\n"), 0o600))
	chart := repository + "/charts/tenant-redis"
	for b.Loop() {
		batch := timed(b, repository+"/bin/tenant", "batch", chart, "--tenants", folder, "--values", shared, "--output", output)
		start := time.Now()
		for n := range singles {
			name := fmt.Sprintf("t-%d", n)
			timed(b, repository+"/bin/helm", "template", name, chart, "--namespace", "redis-"+name, "--values", shared,
				"--values", filepath.Join(folder, name, "values.yaml"))
		}
		single := time.Since(start) / singles
		b.ReportMetric(batch.Seconds(), "batch-s")
		b.ReportMetric(batch.Seconds()/tenants*1000, "ms/tenant")
		b.ReportMetric(single.Seconds()*1000, "helm-template-ms")
		b.ReportMetric(single.Seconds()*tenants/batch.Seconds(), "helm-template/batch")
	}
	b.ReportMetric(0, "ns/op")
	files, err := filepath.Glob(output + "/*.yaml")
	require.NoError(b, err)
	require.Len(b, files, tenants)
}

func writeTenant(b *testing.B, folder, name string) {
	b.Helper()
	require.NoError(b, os.Mkdir(filepath.Join(folder, name), 0o700))
	for file, text := range map[string]string{
		"tenant.yaml": "apiVersion: tenant-redis.dev/v1alpha1\nkind: Tenant\nmetadata: {name: " + name + "}\nspec:\n  namespace: redis-" + name +
			"\n  namespaces: [" + name + "]\n  labels: {owner: " + name + "}\n  images: [{from: docker.io, to: mirror.example}]\n" +
			"  access: {podLabels: {elastisys.io/redis-" + name + "-access: allow}, platformNamespaces: [redis-system, monitoring]}\n",
		"values.yaml": "tenantNamespaces: [" + name + "]\nsize: small\n",
	} {
		require.NoError(b, os.WriteFile(filepath.Join(folder, name, file), []byte(text), 0o600))
	}
}

// timed runs a program and returns how long it took.
func timed(b *testing.B, program string, args ...string) time.Duration {
	b.Helper()
	start := time.Now()
	out, err := exec.CommandContext(b.Context(), program, args...).CombinedOutput()
	require.NoError(b, err, "%s", out)
	return time.Since(start)
}
