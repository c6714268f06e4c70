package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sizes are how many tenants BenchmarkGrowth has.
var sizes = []int{250, 500, 1000}

// BenchmarkGrowth reports what helm tenant batch takes of more and more tenants, and what
// helm tenant check --operator does over all that it has written: processor time for each
// tenant, as a ratio to one helm template of the same run and to that of the fewest
// tenants, and memory. And how long it takes to find that two of them claim the same.
// Run it with -benchtime 1x, after make tools build.
func BenchmarkGrowth(b *testing.B) {
	_, chart, err := try(b, "helm", "template", "redis-operator", repository+"/charts/redis-operator", "--namespace", "redis-system", "--set", "instances=1000")
	require.NoError(b, err, chart)
	operator := filepath.Join(b.TempDir(), "operator.yaml")
	require.NoError(b, os.WriteFile(operator, []byte(chart), 0o600))
	fewest := map[string]cost{}
	for _, n := range sizes {
		b.Run(fmt.Sprintf("tenants=%d", n), func(b *testing.B) {
			folder, output := b.TempDir(), b.TempDir()
			writeTenants(b, folder, n)
			for b.Loop() {
				single := alone(b, folder)
				b.ReportMetric(milliseconds(single.processor), "helm-template-processor-ms")
				b.ReportMetric(single.memory/1e6, "helm-template-MB")
				report := func(name string, c cost) {
					each := c.per(time.Duration(n))
					if fewest[name] == (cost{}) {
						fewest[name] = each
					}
					b.ReportMetric(milliseconds(each.processor), name+"-processor-ms/tenant")
					b.ReportMetric(each.processor.Seconds()/single.processor.Seconds(), name+"/helm-template")
					b.ReportMetric(each.processor.Seconds()/fewest[name].processor.Seconds(), name+"/fewest")
					b.ReportMetric(c.memory/1e6, name+"-MB")
				}
				report("batch", run(b, "tenant", batchOf(folder, output)...))
				report("check", run(b, "tenant", "check", "--operator", operator, output))
			}
			b.ReportMetric(0, "ns/op")
			var own syscall.Rusage
			require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &own))
			// Linux counts a program's memory from that of the one that started it.
			b.ReportMetric(float64(own.Maxrss)*1024/1e6, "least-MB-seen")
			found := collide(b, folder)
			b.ReportMetric(found.elapsed.Seconds(), "collision-s")
			b.ReportMetric(found.processor.Seconds(), "collision-processor-s")
		})
	}
}

// collide has one more tenant claim what another has, and returns what it takes to say so.
func collide(b *testing.B, folder string) cost {
	b.Helper()
	writeTenant(b, folder, "twin")
	text, err := os.ReadFile(filepath.Join(folder, "t-0", "tenant.yaml"))
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(filepath.Join(folder, "twin", "tenant.yaml"), text, 0o600))
	took, out, err := try(b, "tenant", batchOf(folder, b.TempDir())...)
	require.Error(b, err)
	require.Contains(b, out, "the namespace t-0, whose Pods would get in to both, is there already, of the tenant t-0")
	return took
}
