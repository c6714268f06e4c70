//go:build e2e && full

package e2e

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

const (
	// sourceName is that of the namespace and sourcePassword the password in
	// testdata/source.yaml.
	sourceName     = "e2e-source"
	sourcePassword = "e2e-source-password"
	// copyWithin is two passes of the operator, and as much again for a busy
	// machine.
	copyWithin = 4 * operatorPass
)

// TestPageForMigration runs the page on migration, block by block, with a writer
// at the source that never stops: no key is lost that was acknowledged. A Redis
// that dies meanwhile goes on copying, and what has been started without Sentinels
// hands over to them.
func TestPageForMigration(t *testing.T) {
	const tenant = "e2e-migration"
	source := startSource(t)
	t.Setenv("SOURCE", source)
	t.Setenv("PASSWORD", sourcePassword)
	i := framework.New(t, framework.Release{Name: tenant + "-cache", Tenant: tenant})
	remove := func() {
		ctx := framework.CleanupContext(t)
		_ = exec.CommandContext(ctx, "helm", "uninstall", i.Name, "--namespace", i.Namespace).Run()
		_, _ = framework.Ask(ctx, "--namespace", i.Namespace, "delete", "secret", i.Name+"-password", "--ignore-not-found")
	}
	remove()
	t.Cleanup(func() {
		if t.Failed() {
			i.Dump(t)
		}
		remove()
	})
	folder, page := pageFor(t, tenant, "docs/migration.md")
	require.Len(t, page, 5, "the functions, and a block for each step but the last")

	before := acknowledged(t)
	checkBlocks(t, folder, page[:3])
	checkCopying(t, i, source)
	pods := uids(t, i)
	checkBlocks(t, folder, append(page[:1:1], page[3:]...))
	i.AwaitServing(t)
	require.Equal(t, pods, uids(t, i), "no Pod has been replaced")

	count := acknowledged(t)
	t.Logf("%d writes were acknowledged, %d of them before the installation", count, before)
	require.Greater(t, count, before, "the writer wrote while the data was copied")
	require.Equal(t, count, acknowledged(t), "the source refuses writes")
	checkKeys(t, i, count)
	checkCopiesNoMore(t, i, source)
	checkHandOver(t, i)
	checkKeys(t, i, count)
}

// startSource starts the Redis that is there before, and returns its address.
func startSource(t *testing.T) string {
	t.Helper()
	framework.Namespace(t, sourceName)
	framework.Apply(t, framework.Path("test/e2e/testdata/source.yaml"))
	framework.Output(t, sourceName, "wait", "--for=condition=Ready", "pod/source", "--timeout=3m")
	return framework.Output(t, sourceName, "get", "pod", "source", "-o", "jsonpath={.status.podIP}")
}

// acknowledged is how many numbers the writer has written.
func acknowledged(t *testing.T) int {
	t.Helper()
	var count int
	require.Eventually(t, func() bool {
		written, err := framework.Ask(t.Context(), "--namespace", sourceName, "exec", "source", "--container=writer", "--", "cat", "/data/acknowledged")
		if err == nil {
			count, err = strconv.Atoi(written)
		}
		return err == nil // it has begun, and is not just being written
	}, time.Minute, time.Second, "the writer writes")
	return count
}

// ask asks a Redis, and returns why there is no answer if there is none.
func ask(t *testing.T, namespace, pod, command string) string {
	t.Helper()
	answer, err := framework.Ask(t.Context(), "--namespace", namespace, "exec", pod, "--container=redis", "--", "sh", "-c",
		`REDISCLI_AUTH="${REDISCLI_AUTH-$REDIS_PASSWORD}" timeout 5 redis-cli `+command)
	if err != nil {
		return err.Error()
	}
	return answer
}

// checkCopying holds that the instance has no Sentinels and takes no writes, and
// that a Redis which dies comes back to that.
func checkCopying(t *testing.T, i *framework.Instance, source string) {
	t.Helper()
	require.Empty(t, framework.Output(t, i.Namespace, "get", "deployment,service", "rfs-"+i.Name, "--ignore-not-found", "-o", "name"))
	pod := "rfr-" + i.Name + "-1"
	require.Contains(t, ask(t, i.Namespace, pod, "SET new:0 another"), "READONLY")

	run := runID(t, i, pod)
	require.NotEmpty(t, run)
	signal, err := i.FindProcess(t.Context(), pod, "redis")
	require.NoError(t, err)
	require.NoError(t, signal(t.Context(), "KILL"))
	require.Eventually(t, func() bool {
		now := runID(t, i, pod)
		return now != "" && now != run && strings.Contains(ask(t, i.Namespace, pod, "SET new:0 another"), "READONLY")
	}, time.Minute, time.Second, "another Redis runs, and takes no writes")
	require.Eventually(t, func() bool {
		role := strings.Fields(ask(t, i.Namespace, pod, "ROLE"))
		return len(role) == 5 && role[1] == source && role[3] == "connected"
	}, copyWithin, time.Second, "it copies again")
	require.Contains(t, framework.Output(t, i.Namespace, "logs", pod, "--container=redis"), "start.sh: there are no Sentinels")
}

// runID is that of the process, empty if it does not answer.
func runID(t *testing.T, i *framework.Instance, pod string) string {
	t.Helper()
	_, id, _ := strings.Cut(ask(t, i.Namespace, pod, "INFO server"), "run_id:")
	id, _, _ = strings.Cut(id, "\n")
	return strings.TrimSpace(id)
}

// checkKeys finds all that the source acknowledged, each with its value.
func checkKeys(t *testing.T, i *framework.Instance, count int) {
	t.Helper()
	master, found := i.AwaitServing(t).Master()
	require.True(t, found)
	for name, missing := range map[string]string{
		"old": `"local lost = 0 for n = 1, 20000 do if redis.call('STRLEN', 'old:' .. n) ~= 100 then lost = lost + 1 end end return lost" 0`,
		"new": fmt.Sprintf(`"local lost = 0 for n = 0, %d do if redis.call('GET', 'new:' .. n) ~= tostring(n) then lost = lost + 1 end end return lost" 0`, count-1),
	} {
		require.Equal(t, "0", ask(t, i.Namespace, master.Pod, "EVAL "+missing), "%s keys that are lost", name)
	}
}

// checkCopiesNoMore holds that the instance reaches the source no more, which other
// Pods do, and that it cannot be made to copy again.
func checkCopiesNoMore(t *testing.T, i *framework.Instance, source string) {
	t.Helper()
	pod := "rfr-" + i.Name + "-0"
	require.Eventually(t, func() bool {
		return !strings.Contains(ask(t, i.Namespace, pod, "-h "+source+" PING"), "PONG")
	}, time.Minute, time.Second, "the network is closed again")
	require.Equal(t, "PONG", ask(t, sourceName, "source", "-h "+source+" PING"))
	// The farewell of a replica may have met the closed network.
	require.Eventually(t, func() bool {
		return strings.Contains(ask(t, sourceName, "source", "INFO replication"), "connected_slaves:0")
	}, 2*time.Minute, time.Second, "nobody copies the source")

	err := i.TryUpgrade(t, framework.Path("charts/tenant-redis"), framework.Release{Values: map[string]string{
		"auth.existingSecret": strconv.Quote(i.Name + "-password"), "migrateFrom": strconv.Quote(source),
	}})
	require.ErrorContains(t, err, "but this instance serves")
}

// checkHandOver deletes the master's Pod, which was started when there were no
// Sentinels.
func checkHandOver(t *testing.T, i *framework.Instance) {
	t.Helper()
	serving := i.AwaitServing(t)
	master, found := serving.Master()
	require.True(t, found)
	load := i.StartLedger(t, "migrated", 20*time.Second, len(serving.Redis)-1)
	load.AwaitReady(t)
	at := time.Now()
	framework.Output(t, i.Namespace, "delete", "pod", master.Pod, "--wait=false")
	for _, account := range accounts(t, "hand-over", load) {
		require.Zero(t, account.Lost, "client %s lost acknowledged writes, %v", account.Client, account.LostSpan)
		require.LessOrEqual(t, account.GapAfter(at).Duration(), 2*time.Second+slack, "client %s", account.Client)
	}
}
