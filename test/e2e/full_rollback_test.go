//go:build e2e && full

package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/runbook"
)

// ofNoVersion is the default server under a name that tells neither which it is nor its
// version, which the chart cannot refuse.
const ofNoVersion = "tenant-redis.local/another/server:local"

// TestRollbackOfAFailedRoll holds that an upgrade whose Pods cannot start, or cannot read what
// the master has, is healed by a rollback and the runbook's command, and that the rest serves
// meanwhile.
func TestRollbackOfAFailedRoll(t *testing.T) {
	nameImage(t, ofNoVersion)
	for name, test := range map[string]struct{ from, to map[string]string }{
		"image that is not there":   {to: map[string]string{"image": `"tenant-redis.local/valkey/valkey:8.1.99"`}},
		"request that fits nowhere": {to: map[string]string{"redis.cpu": `"900"`}},
		// Each node has it, and its tag tells no version. Its Pod starts again and again, where
		// those of the others wait.
		"image without Redis": {to: map[string]string{"image": `"tenant-redis.local/examples/go:local"`}},
		// Its Pod runs, and the operator's probe may call it ready.
		"image too old": {
			from: map[string]string{"image": `"tenant-redis.local/library/redis:8.0.6"`}, to: map[string]string{"image": `"` + ofNoVersion + `"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := framework.Release{Name: "e2e-rollback", Values: test.from}
			i := framework.Install(t, before)
			i.AwaitServing(t)
			rollBack(t, i, framework.Release{Name: before.Name, Values: test.to})
		})
	}
}

// rollBack upgrades an instance to what fails, and heals it.
func rollBack(t *testing.T, i *framework.Instance, failing framework.Release) {
	t.Helper()
	book, err := runbook.Read(framework.Path("docs/runbooks/RedisPodMissing.md"))
	require.NoError(t, err)
	revision := framework.Output(t, i.Namespace, "get", "statefulset", "rfr-"+i.Name, "-o", "jsonpath={.status.updateRevision}")
	others := func() int {
		return len(framework.ListPods(t, i.Namespace, i.Selector("redis")+",controller-revision-hash!="+strings.TrimSpace(revision)))
	}
	i.Upgrade(t, framework.Path("charts/tenant-redis"), failing)
	require.Eventually(t, func() bool { return others() == 1 }, 4*operatorPass, 2*time.Second, "nothing is rolled")
	serves := func(within time.Duration) bool {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		_, err := i.Topology().Await(ctx, nil)
		return err == nil
	}
	require.False(t, serves(operatorPass+5*time.Second), "the roll does not get stuck")
	i.Helm(t, "rollback", i.Name)
	require.False(t, serves(operatorPass+5*time.Second), "the command is not needed")
	require.Equal(t, 1, others())
	script, err := book.Script(runbook.Mitigation, book.Blocks(runbook.Mitigation)-1, map[string]string{"NAMESPACE": i.Namespace, "NAME": i.Name})
	require.NoError(t, err)
	out, err := runScript(t, "set -u\n"+script)
	require.NoError(t, err, out)
	healed := time.Now()
	i.AwaitServing(t)
	require.Less(t, time.Since(healed), 2*time.Minute)
	require.Zero(t, others())
}
