//go:build e2e && full

package e2e

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

const (
	// aWindow is how far RedisOperatorNotReconciling looks back.
	aWindow = 5 * time.Minute
	// anHour is how far RedisFailoverFlapping does.
	anHour = time.Hour

	// soaking is how long nothing may fire under load.
	soaking = 10 * time.Minute
)

// TestDrillOfFlapping waits until an alert is resolved that looks back for an hour.
func TestDrillOfFlapping(t *testing.T) {
	l := newLab(t, sooner, "drill-flapping")
	flapped := flap(t, l, l.cache)
	flapped.repaired = time.Now()
	flapped.resolves(t, anHour+resolveWithin)
}

// TestDrillOfLeadership takes the operator's right to its lock away: its Pods run,
// and none leads.
func TestDrillOfLeadership(t *testing.T) {
	l := newLab(t, sooner, "drill-leadership")
	const binding = "redis-operator-leader-election"
	saved := framework.Output(t, framework.SystemNamespace, "get", "rolebinding", binding, "-o", "jsonpath={.roleRef.name} {.subjects[0].name}")
	require.Equal(t, "redis-operator-leader-election redis-operator", saved)
	restore := func() {
		_ = kubectl(framework.CleanupContext(t), "--namespace", framework.SystemNamespace, "create", "rolebinding", binding,
			"--role=redis-operator-leader-election", "--serviceaccount="+framework.SystemNamespace+":redis-operator")
	}
	t.Cleanup(restore)
	d := l.begin(nil, "the operator may not take its lead")
	require.NoError(t, kubectl(t.Context(), "--namespace", framework.SystemNamespace, "delete", "rolebinding", binding))
	require.NoError(t, pause(t.Context(), aWindow))
	d.fires(t, "RedisOperatorNotReconciling")
	restore()
	d.mitigate(t, "RedisOperatorNotReconciling", 0, nil)
	d.resolves(t, windowWithin)
}

// TestSilence is the control of all drills, with the rules as the charts have
// them: ten minutes under load and a planned hand-over, and nothing critical
// fires.
func TestSilence(t *testing.T) {
	l := newLab(t, 1, "drill-silence")
	load := l.cache.StartLedger(t, "silence", soaking, 2)
	load.AwaitReady(t)
	end := time.Now().Add(soaking)
	handOver := time.Now().Add(soaking / 2)
	for time.Now().Before(end) {
		critical := slices.DeleteFunc(slices.Clone(l.alerts.now()), func(alert framework.Alert) bool { return alert.Labels["severity"] != "critical" })
		require.Empty(t, describe(critical))
		if now := time.Now(); !handOver.IsZero() && now.After(handOver) {
			handOver = time.Time{}
			master, _ := split(t, l.cache.AwaitServing(t))
			go func(ctx context.Context) {
				_ = kubectl(ctx, "--namespace", framework.SystemNamespace, "delete", "pod", master.Pod)
			}(t.Context())
		}
		require.NoError(t, pause(t.Context(), look))
	}
	account := load.Report(t)
	t.Logf("%+v", account)
	// The control of this control: the hand-over was seen.
	require.Contains(t, describe(l.alerts.now()), "RedisFailover (warning)")
}
