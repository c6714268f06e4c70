//go:build e2e && fork

package e2e

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// TestFork moves a running instance from Spotahome's operator to the fork's and back, in a
// namespace and with a group of their own. FORK is the fork's image, which every node has:
//
//	bin/kind load docker-image --name tenant-redis "$FORK"
//	FORK=ghcr.io/freshworks/redis-operator:v3.3.5 go test -tags e2e,fork -run '^TestFork$' -v ./test/e2e
func TestFork(t *testing.T) {
	repository, tag, found := strings.Cut(os.Getenv("FORK"), ":v")
	require.True(t, found, "FORK must be the fork's image and its tag, such as ghcr.io/freshworks/redis-operator:v3.3.5")
	const namespace = "redis-e2e-fork"
	operator := framework.Operator{Namespace: namespace, Serves: []string{namespace}}
	framework.Namespace(t, namespace)
	t.Cleanup(func() { _ = operator.Uninstall(framework.CleanupContext(t)) })
	require.NoError(t, operator.Upgrade(t.Context(), nil))
	release := framework.Release{Name: "e2e-fork", Namespace: namespace, Values: map[string]string{"operator.namespace": strconv.Quote(namespace)}}
	instance := framework.Install(t, release)
	instance.AwaitServing(t)
	before := allUIDs(t, instance)

	given := release.Values
	release.Values = map[string]string{"operator.namespace": strconv.Quote(namespace), "flavour": ofFork["flavour"], "operator.group": ofFork["operator.group"]}
	instance.Upgrade(t, framework.Path("charts/tenant-redis"), release)
	require.NoError(t, operator.Stop(t.Context()))
	require.NoError(t, operator.Upgrade(t.Context(), map[string]string{
		"flavour": ofFork["flavour"], "group": ofFork["operator.group"],
		"image.repository": strconv.Quote(repository), "image.tag": strconv.Quote("v" + tag),
	}))
	staysAsItIs(t, instance, before)
	checkBudgets(t, instance)
	repairs(t, instance)

	before = allUIDs(t, instance)
	require.NoError(t, operator.Stop(t.Context()))
	require.NoError(t, operator.Upgrade(t.Context(), nil))
	release.Values = given
	instance.Upgrade(t, framework.Path("charts/tenant-redis"), release)
	staysAsItIs(t, instance, before)
	checkGoLive(t, instance)
}

// repairs kills the master's Redis, which its Pods repair, and deletes what nobody but the
// operator makes again.
func repairs(t *testing.T, i *framework.Instance) {
	t.Helper()
	master, found := i.AwaitServing(t).Master()
	require.True(t, found)
	signal, err := i.FindProcess(t.Context(), master.Pod, "redis")
	require.NoError(t, err)
	require.NoError(t, signal(t.Context(), "KILL"))
	i.AwaitServing(t)
	framework.Output(t, i.Namespace, "delete", "deployment", "rfs-"+i.Name)
	require.Eventually(t, func() bool {
		return framework.Output(t, i.Namespace, "get", "deployment", "rfs-"+i.Name, "--ignore-not-found", "-o", "name") != ""
	}, 4*operatorPass, time.Second, "the operator makes the Sentinels again")
	i.AwaitServing(t)
}
