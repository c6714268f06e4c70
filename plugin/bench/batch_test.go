package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
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
	writeTenants(b, folder, tenants)
	for b.Loop() {
		batch, single := run(b, "tenant", batchOf(folder, output)...).per(tenants), alone(b, folder)
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

// writeTenants makes a folder of so many tenants, and the values that all of them have.
func writeTenants(b *testing.B, folder string, n int) {
	b.Helper()
	for i := range n {
		writeTenant(b, folder, fmt.Sprintf("t-%d", i))
	}
	require.NoError(b, os.WriteFile(filepath.Join(folder, "values.yaml"), []byte(sharedValues), 0o600))
}

// batchOf are the arguments with which helm tenant renders all of them.
func batchOf(folder, output string) []string {
	return []string{"batch", redisChart, "--tenants", folder, "--values", filepath.Join(folder, "values.yaml"), "--output", output}
}

// alone is what one of them takes with helm template.
func alone(b *testing.B, folder string) cost {
	b.Helper()
	var all cost
	for n := range singles {
		name := fmt.Sprintf("t-%d", n)
		all = all.plus(run(b, "helm", "template", name, redisChart, "--namespace", "redis-"+name, "--values", filepath.Join(folder, "values.yaml"),
			"--values", filepath.Join(folder, name, "values.yaml")))
	}
	return all.per(singles)
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

// cost is what a program took: by the clock, of all processors together, and the most of
// the memory, in bytes.
type cost struct {
	elapsed, processor time.Duration
	memory             float64
}

func (c cost) plus(other cost) cost {
	return cost{c.elapsed + other.elapsed, c.processor + other.processor, max(c.memory, other.memory)}
}

func (c cost) per(runs time.Duration) cost {
	return cost{c.elapsed / runs, c.processor / runs, c.memory}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// run runs a program of bin and returns what it took.
func run(b *testing.B, program string, args ...string) cost {
	b.Helper()
	took, out, err := try(b, program, args...)
	require.NoError(b, err, "%s", out)
	return took
}

// try runs one that may fail.
func try(b *testing.B, program string, args ...string) (cost, string, error) {
	b.Helper()
	command := exec.CommandContext(b.Context(), repository+"/bin/"+program, args...)
	start := time.Now()
	out, err := command.CombinedOutput()
	elapsed := time.Since(start)
	require.NotNil(b, command.ProcessState, "%s; run make tools build", err)
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{elapsed, command.ProcessState.UserTime() + command.ProcessState.SystemTime(), float64(usage.Maxrss) * 1024}, string(out), err
}
