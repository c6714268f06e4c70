//go:build e2e && full

package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

const (
	// aQuarter is how far RedisSessionsEvicted does.
	aQuarter = 15 * time.Minute
	// anHour is how far RedisFailoverFlapping does.
	anHour = time.Hour

	// soaking is how long nothing may fire under load.
	soaking = 10 * time.Minute
	// begun is how long a critical alert may be on its way in that time: those that
	// wait for ten minutes and more would not be seen otherwise. A hand-over takes
	// seconds, a new Pod is scraped within a minute.
	begun = 2 * time.Minute
)

// TestDrillsThatTakeLong drills alerts that nobody has to get up for.
func TestDrillsThatTakeLong(t *testing.T) {
	l := newLab(t, sooner, monitored("drill-d"), monitored("drill-e", withProxy), monitored("drill-f", withSessions))
	var written, dropped *drill
	atOnce(t, map[string]func(*testing.T){
		"denied exporters, then a frozen replica": func(t *testing.T) { t.Helper(); drillDeniedExporters(t, l) },
		"cut off Sentinel, then a writer to a replica": func(t *testing.T) {
			t.Helper()
			drillIsolatedSentinel(t, l)
			written = drillWriter(t, l)
		},
		"dropped sessions": func(t *testing.T) { t.Helper(); dropped = drillDroppedSessions(t, l) },
		"missing operator": func(t *testing.T) { t.Helper(); drillMissingOperator(t, l) },
	})
	require.False(t, t.Failed())
	atOnce(t, map[string]func(*testing.T){
		"writer to a replica": func(t *testing.T) { t.Helper(); written.resolves(t, windowWithin) },
		"dropped sessions":    func(t *testing.T) { t.Helper(); dropped.resolves(t, aQuarter+resolveWithin) },
	})
}

// TestDrillOfFlapping waits until an alert is resolved that looks back for an hour.
func TestDrillOfFlapping(t *testing.T) {
	l := newLab(t, sooner, monitored("drill-flapping"))
	flapped := flap(t, l, l.cache)
	flapped.repaired = time.Now()
	flapped.resolves(t, anHour+resolveWithin)
}

// TestSilence is the control of all drills, with the rules as the charts have
// them: ten minutes under load and a planned hand-over, and nothing critical
// fires or is about to.
func TestSilence(t *testing.T) {
	// Nothing may be evicted of what is written in all that time.
	l := newLab(t, 1, monitored("drill-silence", withProxy, map[string]string{"redis.memory": `"1Gi"`}))
	load := l.cache.StartLedger(t, "silence", soaking, 2)
	load.AwaitReady(t)
	end := time.Now().Add(soaking)
	handOver := time.Now().Add(soaking / 2)
	for time.Now().Before(end) {
		l.alerts.requireNone(t, func(alert framework.Alert) bool { return alert.Labels["severity"] == "critical" })
		if now := time.Now(); !handOver.IsZero() && now.After(handOver) {
			handOver = time.Time{}
			master, _ := split(t, l.cache.AwaitServing(t))
			go func(ctx context.Context) {
				_ = kubectl(ctx, "--namespace", l.cache.Namespace, "delete", "pod", master.Pod)
			}(t.Context())
		}
		require.NoError(t, pause(t.Context(), look))
	}
	report := load.Report(t)
	for _, client := range []ledger.Kind{ledger.Follow, ledger.Naive} {
		account := accountOf(t, report, client)
		t.Logf("%s: %d acknowledged, %d lost, gap %s", client, account.Acknowledged, account.Lost, account.LongestGap)
		require.Zero(t, account.Lost, "lost acknowledged writes, %v", account.LostSpan)
	}
	pending, err := l.monitoring.Query(t.Context(), fmt.Sprintf(
		`max by (alertname, severity) (max_over_time((time() - ALERTS_FOR_STATE)[%ds:5s]))`, int(soaking.Seconds())))
	require.NoError(t, err)
	require.NotEmpty(t, pending, "the hand-over was not seen")
	for _, alert := range pending {
		seconds, err := strconv.ParseFloat(fmt.Sprint(alert.Value[1]), 64)
		require.NoError(t, err)
		t.Logf("%s (%s) was on its way for %.0f s", alert.Metric["alertname"], alert.Metric["severity"], seconds)
		if alert.Metric["severity"] == "critical" {
			require.Less(t, seconds, begun.Seconds(), alert.Metric["alertname"])
		}
	}
	// The control of this control: the hand-over was seen.
	require.Contains(t, describe(l.alerts.now()), "RedisFailover (warning)")
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
	require.Equal(t, len(serving.Redis), strings.Count(d.mitigate(t, "RedisExporterDenied", 0, nil), " has it"))
	require.Equal(t, len(serving.Redis), strings.Count(d.mitigate(t, "RedisExporterDenied", 2, map[string]string{"CURRENT": "another"}), "OK"))
	d.resolves(t, resolveWithin)

	signal, err := i.FindProcess(t.Context(), replicas[0].Pod, "redis")
	require.NoError(t, err)
	d = l.begin(i, "a replica hangs")
	require.NoError(t, signal(t.Context(), "STOP"))
	t.Cleanup(func() { _ = signal(framework.CleanupContext(t), "CONT") })
	d.fires(t, "RedisNotAnswering")
	d.mitigate(t, "RedisNotAnswering", 0, map[string]string{"POD": replicas[0].Pod})
	i.AwaitServing(t)
	d.resolves(t, resolveWithin)
}

// drillIsolatedSentinel lets no packet pass between a Sentinel and the others.
func drillIsolatedSentinel(t *testing.T, l *lab) {
	t.Helper()
	i := l.other
	i.AwaitServing(t)
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
	d.mitigate(t, "RedisSentinelIsolated", 0, map[string]string{"POD": alone.Name})
	i.AwaitServing(t)
	d.resolves(t, resolveWithin)
}

// drillWriter has a client write to a replica.
func drillWriter(t *testing.T, l *lab) *drill {
	t.Helper()
	i := l.other
	_, replicas := split(t, i.AwaitServing(t))
	d := l.begin(i, "a client writes to a replica")
	startScript(t, i, "drill-replica", `
export REDISCLI_AUTH="$REDIS_PASSWORD"
while sleep 0.5; do redis-cli -h `+replicas[0].IP+` SET drill 1; done`)
	d.fires(t, "RedisWritesToReplica")
	endScript(t, i, "drill-replica")
	d.repaired = time.Now()
	return d
}

// drillDroppedSessions has a session store drop keys as a cache does.
func drillDroppedSessions(t *testing.T, l *lab) *drill {
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
	return d
}

// drillMissingOperator leaves one of two Pods of the operator.
func drillMissingOperator(t *testing.T, l *lab) {
	t.Helper()
	t.Cleanup(func() { _ = framework.DrillsOperator.Start(framework.CleanupContext(t)) })
	d := l.begin(nil, "one operator is missing")
	require.NoError(t, framework.DrillsOperator.Scale(t.Context(), framework.OperatorPods-1))
	d.fires(t, "RedisOperatorPodMissing")
	require.NoError(t, framework.DrillsOperator.Start(t.Context()))
	d.repaired = time.Now()
	d.resolves(t, resolveWithin)
}
