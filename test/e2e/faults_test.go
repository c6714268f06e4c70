//go:build e2e

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// apart is how long after the first side a fault befalls the next one. On two cores, what
// repairs the one would take the time that the other is measured by.
const apart = 5 * time.Second

// each makes a fault of one that befalls each master by itself, one after the other.
func each(prepare func(t *testing.T, s *side) func(context.Context) error) func(*testing.T, []*side) []func(context.Context) error {
	return func(t *testing.T, sides []*side) []func(context.Context) error {
		t.Helper()
		var actions []func(context.Context) error
		for n, s := range sides {
			actions = append(actions, s.later(time.Duration(n)*apart, prepare(t, s)))
		}
		return actions
	}
}

// later has a fault befall a side after a while, and notes when that was.
func (s *side) later(while time.Duration, act func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(while):
		case <-ctx.Done():
			return ctx.Err()
		}
		s.at = time.Now()
		err := act(ctx)
		s.ended = time.Now()
		return err
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

// drain empties the master's node of the instance, and of nothing else, and opens it
// again: each Redis needs a node of its own and there is no other.
func drain(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	node := nodeOf(t, s.instance.Namespace, s.master.Pod)
	t.Cleanup(func() { _ = kubectl(framework.CleanupContext(t), "uncordon", node) })
	return func(ctx context.Context) error { return drainNode(ctx, node, s.instance.Name) }
}

// drainNode drains a node of an instance's Pods and opens it again.
func drainNode(ctx context.Context, node, instance string) error {
	selector := "--pod-selector=app.kubernetes.io/name=" + instance
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
