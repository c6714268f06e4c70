//go:build e2e && full

package e2e

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// TestExternalSecret changes the password of a Secret that a platform makes, by the
// steps of docs/for-administrators.md: no client loses a write or its access.
func TestExternalSecret(t *testing.T) {
	const (
		name  = "e2e-external"
		mine  = name + "-password"
		first = "made-by-the-platform"
	)
	t.Cleanup(func() {
		_ = kubectl(framework.CleanupContext(t), "--namespace", framework.SystemNamespace, "delete", "secret", mine, "--ignore-not-found")
	})
	release := framework.Release{
		Name: name, Values: map[string]string{"auth.existingSecret": `"` + mine + `"`},
		Prepare: func() {
			_ = kubectl(t.Context(), "--namespace", framework.SystemNamespace, "delete", "secret", mine, "--ignore-not-found")
			framework.Output(t, framework.SystemNamespace, "create", "secret", "generic", mine, "--from-literal=password="+first)
			framework.Output(t, name, "create", "secret", "generic", name, "--from-literal=REDIS_PASSWORD="+first)
		},
	}
	i := framework.Install(t, release)
	i.AwaitServing(t)
	hurried, stop := context.WithCancel(t.Context())
	defer stop()
	go i.Hurry(hurried)

	old := i.StartLedger(t, "old", 4*time.Minute, 2)
	old.AwaitReady(t)
	ready := time.Now()
	own := release
	own.Values = maps.Clone(release.Values)
	own.Values["auth.existingSecret"] = `""`
	require.ErrorContains(t, i.TryUpgrade(t, framework.Path("charts/tenant-redis"), own), "invalid ownership metadata", "the tenant's Secret is the platform's")
	own.Flags = []string{"--take-ownership"}
	i.Upgrade(t, framework.Path("charts/tenant-redis"), own)
	awaitPasswordOf(t, i, name)
	rotate(t, i)
	noneLost(t, old, ready)

	renewed := i.StartLedger(t, "new", 4*time.Minute, 2)
	renewed.AwaitReady(t)
	ready = time.Now()
	rotate(t, i, "--finish")
	second := passwordOf(t, i)
	require.NotEqual(t, first, second)
	require.Error(t, i.TryUpgrade(t, framework.Path("charts/tenant-redis"), release), "the platform's Secret has the old password still")
	framework.Output(t, framework.SystemNamespace, "patch", "secret", mine, "--patch", `{"stringData": {"password": "`+second+`"}}`)
	framework.Output(t, name, "annotate", "secret", name, "helm.sh/resource-policy=keep")
	i.Upgrade(t, framework.Path("charts/tenant-redis"), release)
	awaitPasswordOf(t, i, mine)
	noneLost(t, renewed, ready)
	require.Equal(t, second, passwordOf(t, i), "the tenant has its Secret still")
	require.Equal(t, "PONG", asTenant(t, i, second, "PING"))
	require.NotEqual(t, "PONG", asTenant(t, i, first, "PING"))
}

// awaitPasswordOf waits until all Redis Pods are new ones, which have their password from
// this Secret, and serve.
func awaitPasswordOf(t *testing.T, i *framework.Instance, secret string) {
	t.Helper()
	all := strings.TrimSpace(strings.Repeat(secret+" ", 3))
	require.Eventually(t, func() bool {
		from, err := framework.Ask(t.Context(), "--namespace", i.Namespace, "get", "pods", "--selector="+i.Selector("redis"),
			"-o", `jsonpath={.items[*].spec.containers[?(@.name=="redis")].env[?(@.name=="REDIS_PASSWORD")].valueFrom.secretKeyRef.name}`)
		return err == nil && from == all
	}, 3*time.Minute, 2*time.Second, "the Pods are not replaced")
	i.AwaitServing(t)
}

// noneLost ends a ledger, whose clients have seen no more than planned hand-overs.
func noneLost(t *testing.T, load *framework.Ledger, since time.Time) {
	t.Helper()
	load.Enough(t)
	for _, account := range accounts(t, load.Name, load) {
		require.Zero(t, account.Lost, "client %s lost acknowledged writes, %v", account.Client, account.LostSpan)
		require.LessOrEqual(t, account.GapAfter(since).Duration(), 2*time.Second+slack, "client %s", account.Client)
	}
}
