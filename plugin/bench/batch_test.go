package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/tenant-redis/tenant-redis/plugin/internal/costtest"
)

const (
	repository = "../.."
	// tenants are how many helm tenant batch renders, and singles how many runs of
	// helm template it is compared with, each of which takes as long as another.
	tenants = 1000
	singles = 50

	redisChart   = repository + "/charts/tenant-redis"
	sharedValues = "auth: {existingSecret: password}\n"
)

// BenchmarkBatch reports how long one helm tenant batch takes, and how many times
// as long as many runs of helm template would, without any post-renderer: by the
// clock, by processor time, which other work on the machine changes less, and by
// the processor time of Helm's template engine alone, which no batch goes below.
// Run it with -benchtime 1x, after make build tools.
func BenchmarkBatch(b *testing.B) {
	folder, output := b.TempDir(), b.TempDir()
	for n := range tenants {
		writeTenant(b, folder, fmt.Sprintf("t-%d", n))
	}
	shared := filepath.Join(folder, "values.yaml")
	require.NoError(b, os.WriteFile(shared, []byte(sharedValues), 0o600))
	for b.Loop() {
		batch := run(b, repository+"/bin/tenant", "batch", redisChart, "--tenants", folder, "--values", shared, "--output", output)
		var single cost
		for n := range singles {
			name := fmt.Sprintf("t-%d", n)
			single = single.plus(run(b, repository+"/bin/helm", "template", name, redisChart, "--namespace", "redis-"+name, "--values", shared,
				"--values", filepath.Join(folder, name, "values.yaml")))
		}
		batch, single = batch.per(tenants), single.per(singles)
		b.ReportMetric(milliseconds(batch.elapsed), "ms/tenant")
		b.ReportMetric(milliseconds(batch.processor), "processor-ms/tenant")
		b.ReportMetric(milliseconds(single.elapsed), "helm-template-ms")
		b.ReportMetric(milliseconds(single.processor), "helm-template-processor-ms")
		b.ReportMetric(single.elapsed.Seconds()/batch.elapsed.Seconds(), "helm-template/batch")
		b.ReportMetric(single.processor.Seconds()/batch.processor.Seconds(), "helm-template/batch-processor")
		b.ReportMetric(single.processor.Seconds()/engineAlone(b).Seconds(), "helm-template/engine-processor")
	}
	b.ReportMetric(0, "ns/op")
	files, err := filepath.Glob(output + "/*.yaml")
	require.NoError(b, err)
	require.Len(b, files, tenants)
}

// engineAlone returns the processor time in which Helm's engine renders the chart
// once, with all values at hand.
func engineAlone(b *testing.B) time.Duration {
	b.Helper()
	chart, err := loader.Load(redisChart)
	require.NoError(b, err)
	own, err := chartutil.ReadValues([]byte(sharedValues))
	require.NoError(b, err)
	values, err := chartutil.ToRenderValues(chart, own, chartutil.ReleaseOptions{Name: "t", Namespace: "redis-t"}, nil)
	require.NoError(b, err)
	start := costtest.ProcessorTime(b)
	for range singles {
		_, err := engine.Render(chart, values)
		require.NoError(b, err)
	}
	return (costtest.ProcessorTime(b) - start) / singles
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

// cost is what a program took: by the clock, and of all processors together.
type cost struct{ elapsed, processor time.Duration }

func (c cost) plus(other cost) cost {
	return cost{c.elapsed + other.elapsed, c.processor + other.processor}
}

func (c cost) per(runs time.Duration) cost { return cost{c.elapsed / runs, c.processor / runs} }

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// run runs a program and returns what it took.
func run(b *testing.B, program string, args ...string) cost {
	b.Helper()
	command := exec.CommandContext(b.Context(), program, args...)
	start := time.Now()
	out, err := command.CombinedOutput()
	require.NoError(b, err, "%s", out)
	return cost{time.Since(start), command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
}
