//go:build e2e && (full || fork)

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// ofFork are the values of an instance that the fork looks after.
var ofFork = map[string]string{"flavour": `"freshworks"`, "operator.group": `"blue"`}

// allUIDs are those of all Pods of an instance, by name.
func allUIDs(t *testing.T, i *framework.Instance) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pod := range i.Pods(t, "") {
		found[pod.Name] = string(pod.UID)
	}
	return found
}

// staysAsItIs holds that an instance has these Pods through two passes of its operator.
func staysAsItIs(t *testing.T, i *framework.Instance, pods map[string]string) {
	t.Helper()
	require.Never(t, func() bool { return !assert.ObjectsAreEqual(pods, allUIDs(t, i)) }, 2*operatorPass+5*time.Second, 5*time.Second, "a Pod was replaced")
	i.AwaitServing(t)
}

// TestFlavourOfTheForkRestartsNothing gives a running instance the flavour and the group that
// the fork wants, as docs/operator.md has it, and takes them back: Spotahome's operator makes
// the same Pods of both.
func TestFlavourOfTheForkRestartsNothing(t *testing.T) {
	t.Parallel()
	release := framework.Release{Name: "e2e-flavour-of-fork"}
	instance := framework.Install(t, release)
	instance.AwaitServing(t)
	before := allUIDs(t, instance)
	for _, release.Values = range []map[string]string{ofFork, nil} {
		instance.Upgrade(t, framework.Path("charts/tenant-redis"), release)
		staysAsItIs(t, instance, before)
		checkBudgets(t, instance)
	}
	checkGoLive(t, instance)
	require.Empty(t, framework.Output(t, instance.Namespace, "get", "redisfailover", instance.Name, "-o", `jsonpath={.metadata.labels.redis-failover\.freshworks\.com/operator-group}`))
}
