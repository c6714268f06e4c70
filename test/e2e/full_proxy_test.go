//go:build e2e && full

package e2e

import (
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

func init() {
	proxyFaults = append(
		proxyFaults,
		proxyFault{name: "proxy-updated", writing: 90 * time.Second, prepare: updateProxy, gap: time.Second},
		// Until Kubernetes gives the node up, the Service sends every other new
		// connection to the proxy that is gone.
		proxyFault{name: "proxy-node-lost", writing: outage + 30*time.Second, prepare: loseProxysNode, gap: detection + 4*time.Second},
	)
}

func updateProxy(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	deployment := "deployment/" + s.instance.Name + "-proxy"
	return func(ctx context.Context) error {
		if err := kubectl(ctx, "--namespace", s.instance.Namespace, "rollout", "restart", deployment); err != nil {
			return err
		}
		return kubectl(ctx, "--namespace", s.instance.Namespace, "rollout", "status", deployment, "--timeout=2m")
	}
}

// loseProxysNode takes the node of a proxy, another than the master's if it can.
func loseProxysNode(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	names := proxies(t, s)
	node := nodeOf(t, names[0])
	if node == nodeOf(t, s.master.Pod) {
		node = nodeOf(t, names[1])
	}
	return lasting(outage,
		func(ctx context.Context) error { return framework.Freeze(ctx, node) },
		func(ctx context.Context) error { return framework.Thaw(ctx, node) })
}

// TestSidecar has a client without Sentinel write through a proxy in its own Pod,
// which tenant-post has put there.
func TestSidecar(t *testing.T) {
	i := framework.Install(t, framework.Release{Name: "e2e-sidecar", Values: map[string]string{"proxy.sidecar": "true"}})
	s := &side{name: "sidecar", instance: i, tuned: true}
	for _, f := range []proxyFault{
		{name: "deleted", writing: 20 * time.Second, prepare: deleteGracefully, gap: time.Second},
		{name: "killed", writing: 20 * time.Second, prepare: kill, gap: detection + 3*time.Second, mayLose: inFlight},
	} {
		t.Run(f.name, func(t *testing.T) {
			serving := s.observe(t)
			load := i.StartSidecarLedger(t, f.name, f.writing, len(serving.Redis)-1)
			load.AwaitReady(t)
			act := f.prepare(t, s)
			at := time.Now()
			require.NoError(t, act(t.Context()))
			through := accountOf(t, load.Report(t), ledger.Proxy)
			t.Logf("%s: gap %s, %d acknowledged", f.name, through.GapAfter(at), through.Acknowledged)
			s.lines = s.witness.Lines(t)
			f.checkPromise(t, s, through, at)
		})
	}
}

// benchmark measures Redis directly and through the proxy, in turn, and prints a
// line "TARGET PIPELINE", and what redis-benchmark measured, for each.
const benchmark = `
until [ $# = 2 ]; do
  set -- $(redis-cli -h "$REDIS_SENTINEL_HOST" -p "$REDIS_SENTINEL_PORT" SENTINEL GET-MASTER-ADDR-BY-NAME "$REDIS_SENTINEL_MASTER")
done
until [ "$(REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" PING)" = PONG ]; do :; done
until [ "$(REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli -h "$1" -p "$2" PING)" = PONG ]; do :; done
for round in 1 2 3; do
  for pipeline in 1 16; do
    for target in "direct $1 $2" "proxy $REDIS_HOST $REDIS_PORT"; do
      set -- "$1" "$2" $target
      echo "$3,$pipeline,$(redis-benchmark -h "$4" -p "$5" -a "$REDIS_PASSWORD" -t set -d 100 -r 1000 -n $((pipeline * 50000)) -c 10 -P $pipeline --csv 2>/dev/null | tail -n 1)"
      set -- "$1" "$2"
    done
  done
done`

// TestProxyThroughput holds what the proxy costs: the medians of three rounds.
func TestProxyThroughput(t *testing.T) {
	s := installProxy(t, "e2e-proxy-bench")
	job := s.instance.StartJob(t, s.instance.Tenant, "benchmark", func(pod *corev1.PodTemplateSpec) {
		container := &pod.Spec.Containers[0]
		container.Image = "tenant-redis.local/library/redis:7.0.15"
		container.Command = []string{"sh", "-c", benchmark}
		container.Resources.Limits = nil
	})
	succeeded, err := job.AwaitEnd(t.Context(), 15*time.Minute)
	require.NoError(t, err, job.Log(t))
	require.True(t, succeeded, job.Log(t))

	type measured struct{ rates, p99s []float64 }
	results := map[string]*measured{}
	var lines []string
	for line := range strings.Lines(job.Log(t)) {
		if strings.HasPrefix(line, "direct,") || strings.HasPrefix(line, "proxy,") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	rows, err := csv.NewReader(strings.NewReader(strings.Join(lines, "\n"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 12, job.Log(t))
	for _, row := range rows {
		// target, pipeline, test, requests/s, then in ms: mean, least, p50, p95, p99, most
		require.Len(t, row, 10, "%v", row)
		key := row[0] + " " + row[1]
		if results[key] == nil {
			results[key] = &measured{}
		}
		for at, into := range map[int]*[]float64{3: &results[key].rates, 8: &results[key].p99s} {
			value, err := strconv.ParseFloat(row[at], 64)
			require.NoError(t, err, "%v", row)
			*into = append(*into, value)
		}
	}
	median := func(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }
	for _, pipeline := range []int{1, 16} {
		direct, proxy := results[fmt.Sprint("direct ", pipeline)], results[fmt.Sprint("proxy ", pipeline)]
		t.Logf("pipeline %d: direct %.0f/s, p99 %.2f ms; proxy %.0f/s, p99 %.2f ms", pipeline,
			median(direct.rates), median(direct.p99s), median(proxy.rates), median(proxy.p99s))
		assert.GreaterOrEqual(t, median(proxy.rates), 0.7*median(direct.rates), "pipeline %d", pipeline)
		assert.Less(t, median(proxy.p99s), median(direct.p99s)+1, "pipeline %d", pipeline)
	}
}
