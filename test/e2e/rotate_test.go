//go:build e2e

package e2e

import (
	"cmp"
	"maps"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// TestRotation changes an instance's passwords. Clients with the old one see
// nothing of the change; those with the new one see no more of its end than a
// planned hand-over, for which the Pods have to log in at the Sentinels. Proxies serve with
// the new one in the end.
func TestRotation(t *testing.T) {
	values := maps.Clone(bounded)
	values["proxy.enabled"] = "true"
	i := framework.Install(t, framework.Release{Name: "e2e-rotation", Values: values})
	i.AwaitServing(t)
	sentinels, former := i.Pods(t, "sentinel"), peersPassword(t, i)
	checkRotation(t, i, "1")
	now := peersPassword(t, i)
	require.NotEqual(t, former, now)
	require.Len(t, sentinels, 3)
	for _, pod := range sentinels {
		require.Contains(t, asPeer(t, i, pod.Name, now), "sentinel-user")
		require.Contains(t, asPeer(t, i, pod.Name, former), "NOPERM")
	}
}

// peersPassword is that by which the Sentinels know each other.
func peersPassword(t *testing.T, i *framework.Instance) string {
	t.Helper()
	password, err := framework.Ask(t.Context(), "--namespace", i.Namespace, "get", "secret", i.Name+"-instance", "-o", `go-template={{index .data "sentinel-password" | base64decode}}`)
	require.NoError(t, err)
	return password
}

// asPeer is who a Sentinel takes one with a password for.
func asPeer(t *testing.T, i *framework.Instance, pod, password string) string {
	t.Helper()
	answer, err := framework.Ask(t.Context(),
		"--namespace", i.Namespace, "exec", pod, "--container=sentinel", "--", "env", "REDISCLI_AUTH="+password,
		"redis-cli", "-p", "26379", "--user", "sentinel-user", "ACL", "WHOAMI")
	require.NoError(t, err)
	return answer
}

// checkRotation rolls back to a revision from before in the end.
func checkRotation(t *testing.T, i *framework.Instance, revision string) {
	t.Helper()
	master, _ := split(t, i.AwaitServing(t))
	before := passwordOf(t, i)
	pods := uids(t, i)

	old := i.StartLedger(t, "old", time.Minute, 2)
	old.AwaitReady(t)
	ready := time.Now()
	rotate(t, i)
	require.Equal(t, pods, uids(t, i), "no Pod has been replaced")
	still, _ := split(t, i.AwaitServing(t))
	require.Equal(t, master.Pod, still.Pod, "nothing has failed over")
	old.Enough(t)
	for _, account := range accounts(t, "old password", old) {
		require.Zero(t, account.Lost)
		// A machine with more to do than cores holds Redis up for longer than a rotation.
		require.Less(t, account.GapAfter(ready).Duration(), time.Second+slack, "client %s", account.Client)
		// The network refuses a Pod that has just started; Redis refuses nobody.
		for _, problem := range account.Errors {
			require.Contains(t, []ledger.Class{ledger.NoMaster, ledger.Refused, ledger.Timeout}, problem.Class, "client %s: %s", account.Client, problem.First)
		}
	}
	require.NotEqual(t, before, passwordOf(t, i))
	require.Equal(t, "PONG", asTenant(t, i, before, "PING"), "both work")

	renewed := i.StartLedger(t, "new", 4*time.Minute, 2)
	renewed.AwaitReady(t)
	ready = time.Now()
	rotate(t, i, "--finish")
	i.AwaitServing(t)
	renewed.Enough(t)
	for _, account := range accounts(t, "new password", renewed) {
		require.Zero(t, account.Lost, "client %s lost acknowledged writes, %v", account.Client, account.LostSpan)
		require.LessOrEqual(t, account.GapAfter(ready).Duration(), 2*time.Second+slack, "client %s", account.Client)
	}
	require.NotEqual(t, "PONG", asTenant(t, i, before, "PING"), "the old password has ended")
	current := passwordOf(t, i)
	require.Equal(t, "PONG", asTenant(t, i, current, "PING"))
	i.Helm(t, "rollback", i.Name, revision)
	require.Equal(t, current, passwordOf(t, i), "no rollback brings the old one back")
	checkGoLive(t, i)
}

func rotate(t *testing.T, i *framework.Instance, flags ...string) {
	t.Helper()
	_, err := tryRotate(t, i, flags...)
	require.NoError(t, err)
}

// tryRotate returns what the command says.
func tryRotate(t *testing.T, i *framework.Instance, flags ...string) (string, error) {
	t.Helper()
	args := append([]string{"rotate", i.Name, "--namespace", i.Namespace, "--kubeconfig", framework.Path(".cache/kubeconfig")}, flags...)
	out, err := exec.CommandContext(t.Context(), framework.Path("bin/tenant"), args...).CombinedOutput()
	t.Logf("helm tenant rotate %s:\n%s", strings.Join(flags, " "), out)
	return string(out), err
}

func accounts(t *testing.T, name string, load *framework.Ledger) []ledger.Account {
	t.Helper()
	clients := load.Report(t).Clients
	for _, account := range clients {
		t.Logf("%s: client %s: %d acknowledged, %d failed, %d lost, longest gap %s, errors %v", name, account.Client, account.Acknowledged, account.Failed, account.Lost, account.LongestGap, account.Errors)
	}
	return clients
}

// passwordOf is what the tenant's Secret has, as it stands there.
func passwordOf(t *testing.T, i *framework.Instance) string {
	t.Helper()
	password, err := framework.Ask(t.Context(), "--namespace", i.Tenant, "get", "secret", i.Name, "-o", "go-template={{.data.REDIS_PASSWORD | base64decode}}")
	require.NoError(t, err)
	return password
}

// userOf is the name that the tenant's Secret has beside it, empty for default.
func userOf(t *testing.T, i *framework.Instance) string {
	t.Helper()
	user, err := framework.Ask(t.Context(), "--namespace", i.Tenant, "get", "secret", i.Name, "-o", `go-template={{with .data.REDIS_USERNAME}}{{base64decode .}}{{end}}`)
	require.NoError(t, err)
	return user
}

// asTenant is what a Redis answers the tenant with a password.
func asTenant(t *testing.T, i *framework.Instance, password, command string) string {
	t.Helper()
	words := append([]string{"redis-cli", "--user", cmp.Or(userOf(t, i), "default")}, strings.Fields(command)...)
	answer, err := framework.Ask(t.Context(), append([]string{
		"--namespace", i.Namespace, "exec", "rfr-" + i.Name + "-0", "--container=redis", "--", "env", "REDISCLI_AUTH=" + password,
	}, words...)...)
	require.NoError(t, err)
	return strings.TrimSpace(answer)
}
