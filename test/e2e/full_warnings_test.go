//go:build e2e && full

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// TestDrillsOfWarnings drills alerts that nobody has to get up for.
func TestDrillsOfWarnings(t *testing.T) {
	l := newLab(t, sooner, "drill-d", "drill-e", "drill-f")
	drills := map[string]func(*testing.T){}
	for name, drill := range map[string]func(*testing.T, *lab){
		"denied exporters, then a frozen replica":      drillDeniedExporters,
		"cut off Sentinel, then a writer to a replica": drillIsolatedSentinel,
		"dropped sessions":                             drillDroppedSessions,
		"missing operator":                             drillMissingOperator,
	} {
		drills[name] = func(t *testing.T) { t.Helper(); drill(t, l) }
	}
	atOnce(t, drills)
}

// drillDeniedExporters changes the password at Redis alone, as half a rotation
// does. Sentinel, the replicas and the proxy have connections that stay.
func drillDeniedExporters(t *testing.T, l *lab) {
	t.Helper()
	i := l.cache
	serving := i.AwaitServing(t)
	_, replicas := split(t, serving)
	d := l.begin(i, "Redis has another password than its Secret")
	for _, redis := range serving.Redis {
		tellRedis(t, i, redis.Pod, "CONFIG SET requirepass another")
	}
	d.fires(t, "RedisExporterDenied")
	d.mitigate(t, "RedisExporterDenied", 0, nil)
	// Finish the rotation: the same password everywhere.
	for _, redis := range serving.Redis {
		require.Equal(t, "OK", framework.Output(t, i.Namespace, "exec", redis.Pod, "--container=redis", "--", "sh", "-c",
			`REDISCLI_AUTH=another redis-cli CONFIG SET requirepass "$REDIS_PASSWORD"`))
	}
	d.repaired = time.Now()
	d.resolves(t, resolveWithin)

	signal, err := framework.FindProcess(t.Context(), replicas[0].Pod, "redis")
	require.NoError(t, err)
	d = l.begin(i, "a replica hangs")
	require.NoError(t, signal(t.Context(), "STOP"))
	t.Cleanup(func() { _ = signal(framework.CleanupContext(t), "CONT") })
	d.fires(t, "RedisNotAnswering")
	d.mitigate(t, "RedisNotAnswering", 0, map[string]string{"POD": replicas[0].Pod})
	i.AwaitServing(t)
	d.resolves(t, resolveWithin)
}

// drillIsolatedSentinel lets no packet pass between a Sentinel and the others,
// and then has a client write to a replica.
func drillIsolatedSentinel(t *testing.T, l *lab) {
	t.Helper()
	i := l.other
	serving := i.AwaitServing(t)
	_, replicas := split(t, serving)
	sentinels := i.Pods(t, "sentinel")
	alone := sentinels[0]
	rules := func(action string) func(context.Context) error {
		var script strings.Builder
		for _, other := range sentinels[1:] {
			for _, way := range []string{
				"-s " + alone.Status.PodIP + " -d " + other.Status.PodIP, "-s " + other.Status.PodIP + " -d " + alone.Status.PodIP,
			} {
				fmt.Fprintf(&script, "iptables -t mangle -%s PREROUTING %s -j DROP && ", action, way)
			}
		}
		return func(ctx context.Context) error {
			_, err := framework.OnNode(ctx, alone.Spec.NodeName, script.String()+"true")
			return err
		}
	}
	d := l.begin(i, "a Sentinel is cut off from the others")
	require.NoError(t, rules("I")(t.Context()))
	t.Cleanup(func() { _ = rules("D")(framework.CleanupContext(t)) })
	d.fires(t, "RedisSentinelIsolated")
	d.mitigate(t, "RedisSentinelIsolated", 0, map[string]string{"POD": "pod/" + alone.Name})
	i.AwaitServing(t)
	d.resolves(t, resolveWithin)

	d = l.begin(i, "a client writes to a replica")
	startScript(t, i, "drill-replica", `
export REDISCLI_AUTH="$REDIS_PASSWORD"
while sleep 0.5; do redis-cli -h `+replicas[0].IP+` SET drill 1; done`)
	d.fires(t, "RedisWritesToReplica")
	endScript(t, i, "drill-replica")
	d.repaired = time.Now()
	d.resolves(t, windowWithin)
}

// drillDroppedSessions has a session store drop keys as a cache does.
func drillDroppedSessions(t *testing.T, l *lab) {
	t.Helper()
	i := l.session
	master, _ := split(t, i.AwaitServing(t))
	d := l.begin(i, "a session store has the policy of a cache and is full")
	tellRedis(t, i, master.Pod, "CONFIG SET maxmemory-policy allkeys-lru")
	startScript(t, i, "drill-memory", flood["memory"])
	d.fires(t, "RedisSessionsEvicted")
	endScript(t, i, "drill-memory")
	d.mitigate(t, "RedisSessionsEvicted", 0, nil)
	require.Contains(t, i.RedisCLI(t, master.Pod, "CONFIG GET maxmemory-policy"), "noeviction")
	tellRedis(t, i, master.Pod, "FLUSHALL")
	// It looks back for 15 minutes.
	d.resolves(t, 15*time.Minute+resolveWithin)
}

// drillMissingOperator leaves one of two Pods of the operator.
func drillMissingOperator(t *testing.T, l *lab) {
	t.Helper()
	t.Cleanup(func() { _ = scaleOperator(framework.CleanupContext(t), operators) })
	d := l.begin(nil, "one operator is missing")
	require.NoError(t, scaleOperator(t.Context(), operators-1))
	d.fires(t, "RedisOperatorPodMissing")
	require.NoError(t, scaleOperator(t.Context(), operators))
	d.repaired = time.Now()
	d.resolves(t, resolveWithin)
}
