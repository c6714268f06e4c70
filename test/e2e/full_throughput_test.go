//go:build e2e && full

package e2e

import (
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// pipelines are how many commands benchmark sends at a time.
var pipelines = []int{1, 16}

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
      echo "$3,$pipeline,$(redis-benchmark -h "$4" -p "$5" -a "$REDIS_PASSWORD" -t set -d 100 -r 1000 -n $((pipeline * REQUESTS)) -c "$CONNECTIONS" -P $pipeline --csv 2>/dev/null | tail -n 1)"
      set -- "$1" "$2"
    done
  done
done`

// share is how much of a core each Redis and each proxy gets where they must not
// take it from one another: all of them, the benchmark and the node's systems run
// on the few cores of one machine.
const share = "200m"

const (
	// leastPart is how much of the direct rate is promised through the proxy.
	leastPart = 0.7
	// mostAdded is how much more a request may take at the 99th percentile.
	mostAdded = time.Millisecond
)

// TestProxyCost holds what the proxy costs to what is promised, by the medians of
// three rounds. Where no core is idle the ratio is that of the time on cores that
// both ways take, and it fails: docs/design/proxy.md.
func TestProxyCost(t *testing.T) {
	s := installProxy(t, framework.Release{Name: "e2e-proxy-cost", Values: map[string]string{"proxy.enabled": "true"}})
	for _, c := range []struct {
		name                  string
		connections, requests int
		prepare               func(*testing.T, *side)
	}{
		{name: "one connection", connections: 1, requests: 10000},
		{name: "no core is idle", connections: 10, requests: 50000},
		{name: "each has its share of a core", connections: 10, requests: 20000, prepare: giveShares},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.prepare != nil {
				c.prepare(t, s)
			}
			measured := measure(t, s, c.connections, c.requests)
			for _, pipeline := range pipelines {
				direct, proxy := measured[pipeline]["direct"], measured[pipeline]["proxy"]
				t.Logf("pipeline %d: direct %.0f/s, p99 %s; proxy %.0f/s, %.0f %%, p99 %s", pipeline,
					direct.rate(), direct.p99(), proxy.rate(), 100*proxy.rate()/direct.rate(), proxy.p99())
				assert.Less(t, proxy.p99(), direct.p99()+mostAdded, "pipeline %d", pipeline)
				// The rate of one connection is its latency by another name.
				if c.connections > 1 {
					assert.GreaterOrEqual(t, proxy.rate(), leastPart*direct.rate(), "pipeline %d", pipeline)
				}
			}
		})
	}
}

// giveShares limits each Redis and each proxy as they run.
func giveShares(t *testing.T, s *side) {
	t.Helper()
	limit := func(pod, container string) {
		t.Helper()
		require.NoError(t, kubectl(t.Context(), "--namespace", s.instance.Namespace, "patch", "pod", pod, "--subresource=resize", "--patch",
			fmt.Sprintf(`{"spec": {"containers": [{"name": %q, "resources": {"limits": {"cpu": %q}}}]}}`, container, share)))
		framework.Output(t, s.instance.Namespace, "wait", "pod/"+pod, "--timeout=1m",
			fmt.Sprintf(`--for=jsonpath={.status.containerStatuses[?(@.name==%q)].resources.limits.cpu}=%s`, container, share))
	}
	for _, redis := range s.instance.AwaitServing(t).Redis {
		limit(redis.Pod, "redis")
	}
	for _, pod := range proxies(t, s) {
		limit(pod, "haproxy")
	}
}

// way is what was measured on one way to Redis, a value of each round.
type way struct {
	rates []float64 // per second
	p99s  []float64 // milliseconds
}

func (w *way) rate() float64 { return median(w.rates) }

func (w *way) p99() time.Duration {
	return time.Duration(median(w.p99s) * float64(time.Millisecond)).Round(time.Microsecond)
}

func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

// measure runs the benchmark in a Pod of the tenant and returns, by pipeline, the
// ways "direct" and "proxy".
func measure(t *testing.T, s *side, connections, requests int) map[int]map[string]*way {
	t.Helper()
	job := s.instance.StartJob(t, s.instance.Tenant, fmt.Sprintf("benchmark-%d-%d", connections, requests), func(pod *corev1.PodTemplateSpec) {
		container := &pod.Spec.Containers[0]
		container.Image = "tenant-redis.local/valkey/valkey:8.1.11"
		container.Command = []string{"sh", "-c", benchmark}
		container.Env = append(container.Env,
			corev1.EnvVar{Name: "CONNECTIONS", Value: strconv.Itoa(connections)}, corev1.EnvVar{Name: "REQUESTS", Value: strconv.Itoa(requests)})
		container.Resources.Limits = nil
	})
	succeeded, err := job.AwaitEnd(t.Context(), 15*time.Minute)
	require.NoError(t, err, job.Log(t))
	require.True(t, succeeded, job.Log(t))
	// Among what redis-cli said until the Pod was let in.
	figures := regexp.MustCompile(`(?m)^(direct|proxy),.*$`).FindAllString(job.Log(t), -1)
	rows, err := csv.NewReader(strings.NewReader(strings.Join(figures, "\n"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 12, job.Log(t))

	measured := map[int]map[string]*way{}
	for _, pipeline := range pipelines {
		measured[pipeline] = map[string]*way{"direct": {}, "proxy": {}}
	}
	for _, row := range rows {
		// target, pipeline, test, requests/s, then in ms: mean, least, p50, p95, p99, most
		require.Len(t, row, 10, "%v", row)
		pipeline, err := strconv.Atoi(row[1])
		require.NoError(t, err, "%v", row)
		to := measured[pipeline][row[0]]
		for at, into := range map[int]*[]float64{3: &to.rates, 8: &to.p99s} {
			value, err := strconv.ParseFloat(row[at], 64)
			require.NoError(t, err, "%v", row)
			*into = append(*into, value)
		}
	}
	return measured
}
