//go:build e2e

package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// each makes a fault of one that befalls each master by itself.
func each(prepare func(t *testing.T, s *side) func(context.Context) error) func(*testing.T, []*side) []func(context.Context) error {
	return func(t *testing.T, sides []*side) []func(context.Context) error {
		t.Helper()
		var actions []func(context.Context) error
		for _, s := range sides {
			actions = append(actions, prepare(t, s))
		}
		return actions
	}
}

// kill is the death of the process: its container starts again in place.
func kill(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	signal := masterProcess(t, s)
	return func(ctx context.Context) error { return signal(ctx, "KILL") }
}

// freezeAndThaw is a process that hangs for a while and then goes on as if
// nothing had happened.
func freezeAndThaw(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	signal := masterProcess(t, s)
	return lasting(freeze,
		func(ctx context.Context) error { return signal(ctx, "STOP") },
		func(ctx context.Context) error { return signal(ctx, "CONT") })
}

func masterProcess(t *testing.T, s *side) func(ctx context.Context, signal string) error {
	t.Helper()
	signal, err := s.instance.FindProcess(t.Context(), s.master.Pod, "redis")
	require.NoError(t, err)
	return signal
}

// lasting is a fault that is over after a while, even if the test is over first.
func lasting(while time.Duration, begin, end func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := begin(ctx); err != nil {
			return err
		}
		select {
		case <-time.After(while):
		case <-ctx.Done():
		}
		return end(context.WithoutCancel(ctx))
	}
}

func deleteGracefully(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	return deletePod(t, s, metav1.DeleteOptions{})
}

// deleteByForce is kubectl delete --force --grace-period=0: Kubernetes takes
// the Pod for gone at once, whatever its node does.
func deleteByForce(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	return deletePod(t, s, *metav1.NewDeleteOptions(0))
}

func deletePod(t *testing.T, s *side, options metav1.DeleteOptions) func(context.Context) error {
	t.Helper()
	client := framework.Client(t)
	return func(ctx context.Context) error {
		return client.CoreV1().Pods(framework.SystemNamespace).Delete(ctx, s.master.Pod, options)
	}
}

// drain empties the masters' nodes of the two instances, and of nothing else,
// and opens them again: each Redis needs a node of its own and there is no
// other. A node that both share is drained for both.
func drain(t *testing.T, sides []*side) []func(context.Context) error {
	t.Helper()
	names := map[string][]string{}
	for _, s := range sides {
		node := nodeOf(t, s.instance.Namespace, s.master.Pod)
		names[node] = append(names[node], s.instance.Name)
	}
	var actions []func(context.Context) error
	for node, instances := range names {
		t.Cleanup(func() { _ = kubectl(framework.CleanupContext(t), "uncordon", node) })
		actions = append(actions, func(ctx context.Context) error { return drainNode(ctx, node, instances...) })
	}
	return actions
}

// drainNode drains a node of instances' Pods and opens it again.
func drainNode(ctx context.Context, node string, instances ...string) error {
	selector := "--pod-selector=app.kubernetes.io/name in (" + strings.Join(instances, ",") + ")"
	if err := kubectl(ctx, "drain", node, selector, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=90s"); err != nil {
		return err
	}
	return kubectl(ctx, "uncordon", node)
}

func nodeOf(t *testing.T, namespace, pod string) string {
	t.Helper()
	return framework.Output(t, namespace, "get", "pod", pod, "-o", "jsonpath={.spec.nodeName}")
}

func kubectl(ctx context.Context, args ...string) error {
	_, err := framework.Ask(ctx, args...)
	return err
}
