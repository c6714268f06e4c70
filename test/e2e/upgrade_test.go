//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

const (
	// operatorPass is how often the operator looks at an instance.
	operatorPass = 30 * time.Second
	// rolloutWithin is a pass for each of four Redis and the Sentinels, and as
	// much again for a busy machine.
	rolloutWithin = 10 * operatorPass
	// changedImage is the same image by another name.
	changedImage = "tenant-redis.local/valkey/valkey:upgrade"
)

// changes are all that an administrator changes in a running release, at once.
// The fourth Redis runs on the control plane's node: there is no other.
var changes = map[string]string{
	"redis.memory":                         `"160Mi"`,
	"redis.replicas":                       "4",
	"image":                                `"` + changedImage + `"`,
	"sentinel.downAfterMilliseconds":       "1500",
	"sentinel.failoverTimeoutMilliseconds": "4500",
	"placement.tolerations":                `[{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}]`,
}

// TestUpgrade changes a release under load and takes the change back: no
// acknowledged write is lost. A new version of the chart alone restarts nothing.
// All with Helm 4.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	nameImage(t, changedImage)
	release := framework.Release{Name: "e2e-upgrade", Helm4: true}
	instance := framework.Install(t, release)
	instance.AwaitServing(t)
	password := framework.Output(t, instance.Tenant, "get", "secret", instance.Name, "-o", "jsonpath={.data.REDIS_PASSWORD}")

	before := uids(t, instance)
	instance.Upgrade(t, nextVersion(t), release)
	require.Never(t, func() bool { return !assert.ObjectsAreEqual(before, uids(t, instance)) }, operatorPass+5*time.Second, 5*time.Second,
		"a new version of the chart restarts Pods")

	release.Values = changes
	rollOut(t, instance, "upgrade", 4, func() { instance.Upgrade(t, framework.Path("charts/tenant-redis"), release) })
	require.Equal(t, "1500", instance.Sentinel(t, "down-after-milliseconds"))
	rollOut(t, instance, "rollback", 3, func() { instance.Helm(t, "rollback", instance.Name) })
	require.Equal(t, "2000", instance.Sentinel(t, "down-after-milliseconds"))

	checkGoLive(t, instance)
	require.Equal(t, password, framework.Output(t, instance.Tenant, "get", "secret", instance.Name, "-o", "jsonpath={.data.REDIS_PASSWORD}"))
}

// rollOut makes a change under load and waits until all Redis are new ones.
func rollOut(t *testing.T, i *framework.Instance, name string, replicas int, change func()) {
	t.Helper()
	old := uids(t, i)
	load := i.StartLedger(t, name, rolloutWithin, replicas-1)
	load.AwaitReady(t)
	change()
	require.Eventually(t, func() bool {
		now := uids(t, i)
		for name, uid := range now {
			if old[name] == uid {
				return false
			}
		}
		return len(now) == replicas
	}, rolloutWithin, 2*time.Second, "not all Redis were replaced")
	i.AwaitServing(t)
	load.Enough(t)
	for _, account := range load.Report(t).Clients {
		t.Logf("%s: client %s: %d acknowledged, %d lost, longest gap %s", name, account.Client, account.Acknowledged, account.Lost, account.LongestGap)
		require.Zero(t, account.Lost, "%s: client %s lost acknowledged writes, %v", name, account.Client, account.LostSpan)
		require.Zero(t, account.Phantom)
	}
}

// uids are those of the Redis Pods, by name.
func uids(t *testing.T, i *framework.Instance) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pod := range i.Pods(t, "redis") {
		if pod.Status.Phase != corev1.PodFailed {
			found[pod.Name] = string(pod.UID)
		}
	}
	return found
}

// nextVersion copies the chart and gives it another version.
func nextVersion(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "tenant-redis")
	require.NoError(t, os.CopyFS(folder, os.DirFS(framework.Path("charts/tenant-redis"))))
	file := filepath.Join(folder, "Chart.yaml")
	chart, err := os.ReadFile(file)
	require.NoError(t, err)
	next := regexp.MustCompile(`(?m)^version: .*$`).ReplaceAll(chart, []byte("version: 99.0.0"))
	require.NotEqual(t, chart, next)
	require.NoError(t, os.WriteFile(file, next, 0o600))
	return folder
}

// nameImage gives the Redis image another name on every node.
func nameImage(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, node := range strings.Fields(framework.Output(t, "", "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")) {
		_, err := framework.OnNode(ctx, node, "ctr --namespace k8s.io images tag --force tenant-redis.local/valkey/valkey:8.1.11 "+name)
		require.NoError(t, err)
	}
}
