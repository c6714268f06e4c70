//go:build e2e && full

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/runbook"
)

// TestRollbackOfAFailedRoll holds that an upgrade whose Pods cannot start is healed
// by a rollback and the runbook's command, and that the rest serves meanwhile.
func TestRollbackOfAFailedRoll(t *testing.T) {
	book, err := runbook.Read(framework.Path("docs/runbooks/RedisPodMissing.md"))
	require.NoError(t, err)
	release := framework.Release{Name: "e2e-rollback"}
	i := framework.Install(t, release)
	i.AwaitServing(t)
	for name, values := range map[string]map[string]string{
		"image that is not there":   {"image": `"tenant-redis.local/valkey/valkey:8.1.99"`},
		"request that fits nowhere": {"redis.cpu": `"900"`},
		// Each node has it, and its tag tells no version. Its Pod starts again and again, where
		// those of the others wait.
		"image without Redis": {"image": `"tenant-redis.local/examples/go:local"`},
	} {
		t.Run(name, func(t *testing.T) {
			failing := release
			failing.Values = values
			i.Upgrade(t, framework.Path("charts/tenant-redis"), failing)
			require.Eventually(t, func() bool { return notReady(i.Pods(t, "redis")) == 1 }, 4*operatorPass, 2*time.Second, "the roll does not get stuck")
			i.Helm(t, "rollback", i.Name)
			require.Never(t, func() bool { return notReady(i.Pods(t, "redis")) == 0 }, operatorPass+5*time.Second, 2*time.Second, "the command is not needed")
			script, err := book.Script(runbook.Mitigation, book.Blocks(runbook.Mitigation)-1, map[string]string{"NAMESPACE": i.Namespace, "NAME": i.Name})
			require.NoError(t, err)
			out, err := runScript(t, "set -u\n"+script)
			require.NoError(t, err, out)
			healed := time.Now()
			i.AwaitServing(t)
			require.Less(t, time.Since(healed), 2*time.Minute)
		})
	}
}

func notReady(pods []corev1.Pod) int {
	count := 0
	for _, pod := range pods {
		ready := false
		for _, condition := range pod.Status.Conditions {
			ready = ready || condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
		}
		if !ready {
			count++
		}
	}
	return count
}
