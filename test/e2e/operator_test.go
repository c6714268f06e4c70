//go:build e2e

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

func TestOperatorHasOneLeader(t *testing.T) {
	// One that an upgrade has just replaced is on its way out for a while.
	require.Eventually(t, func() bool {
		pods := framework.ListPods(t, framework.SystemNamespace, "app.kubernetes.io/name=redis-operator")
		leader := framework.Output(t, framework.SystemNamespace, "get", "lease", "redis-failover-lease", "-o", "jsonpath={.spec.holderIdentity}")
		leader, _, _ = strings.Cut(leader, "_")
		return len(pods) == framework.OperatorPods && slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return pod.Name == leader })
	}, time.Minute, time.Second, "two operators, one of which leads")
}

func TestCRDIsComplete(t *testing.T) {
	for _, field := range []string{"redis.customLivenessProbe", "redis.disablePodDisruptionBudget", "sentinel.startupConfigMap"} {
		framework.Output(t, "", "explain", "redisfailover.spec."+field)
	}
}

// TestOperatorFlavours starts an instance under the older operator and hands
// it over to the newer one. Its budgets are the chart's own from then on.
func TestOperatorFlavours(t *testing.T) {
	useOlderOperator(t)
	release := framework.Release{Name: "e2e-flavours", Values: map[string]string{"flavour": `"spotahome-1.2"`}}
	instance := framework.Install(t, release)
	instance.AwaitServing(t)

	require.NoError(t, framework.SystemOperator.Restore(t.Context()))
	release.Values = nil
	require.NoError(t, wait.PollUntilContextTimeout(t.Context(), time.Second, 2*time.Minute, true, func(context.Context) (bool, error) {
		framework.Output(t, instance.Namespace, "delete", "poddisruptionbudget", "rfr-"+instance.Name, "rfs-"+instance.Name, "--ignore-not-found")
		err := instance.TryUpgrade(t, framework.Path("charts/tenant-redis"), release)
		if err != nil && strings.Contains(err.Error(), "exists and cannot be imported") {
			return false, nil // the operator has reconciled between the two
		}
		return err == nil, err
	}))
	instance.AwaitServing(t)
	checkBudgets(t, instance)
	client := instance.RunClient(t, instance.Tenant, "client", map[string]string{instance.AccessLabel(): "allow"})
	require.True(t, client.Succeeded, client.Output)
}

// useOlderOperator has the system's operator run in its older version until after the
// test.
func useOlderOperator(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { require.NoError(t, framework.SystemOperator.Restore(framework.CleanupContext(t))) })
	require.NoError(t, framework.SystemOperator.UseFlavour(t.Context(), "spotahome-1.2"))
}
