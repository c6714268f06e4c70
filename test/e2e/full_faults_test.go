//go:build e2e && full

package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/topology"
)

// drainInTurn drains the node of each Redis, one after the other, as a rolling
// reboot of all nodes does.
func drainInTurn(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	var nodes []string
	for _, pod := range s.instance.Pods(t, "redis") {
		node := pod.Spec.NodeName
		t.Cleanup(func() { _ = kubectl(framework.CleanupContext(t), "uncordon", node) })
		nodes = append(nodes, node)
	}
	return func(ctx context.Context) error {
		for _, node := range nodes {
			if err := drainNode(ctx, node, s.instance.Name); err != nil {
				return err
			}
			whole, cancel := context.WithTimeout(ctx, stockWithin)
			_, err := s.instance.Topology().Await(whole, nil)
			cancel()
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// killContainer is the death of all that runs in the container, as when it passes its limit
// of memory where the kernel kills it as a whole.
func killContainer(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	signal, err := s.instance.FindContainer(t.Context(), s.master.Pod, "redis")
	require.NoError(t, err)
	return func(ctx context.Context) error { return signal(ctx, "KILL") }
}

// withoutOperator is a fault during which the operator is away.
func withoutOperator(prepare func(*testing.T, []*side) []func(context.Context) error) func(*testing.T, []*side) []func(context.Context) error {
	return func(t *testing.T, sides []*side) []func(context.Context) error {
		t.Helper()
		t.Cleanup(func() { _ = framework.SystemOperator.Start(framework.CleanupContext(t)) })
		require.NoError(t, framework.SystemOperator.Stop(t.Context()))
		return append(prepare(t, sides), lasting(outage,
			func(context.Context) error { return nil },
			framework.SystemOperator.Start))
	}
}

// withOneSentinel is a fault while one Sentinel of an instance is left, so that no Pod has
// a majority: the second control, in which the master's Pod has to ask for SENTINEL FAILOVER.
// The operator is away, or it would start the others again.
func withOneSentinel(prepare func(*testing.T, []*side) []func(context.Context) error) func(*testing.T, []*side) []func(context.Context) error {
	return withoutOperator(func(t *testing.T, sides []*side) []func(context.Context) error {
		t.Helper()
		for _, s := range sides {
			require.NoError(t, kubectl(t.Context(), "--namespace", s.instance.Namespace, "scale", "deployment/rfs-"+s.instance.Name, "--replicas=1"))
		}
		for _, s := range sides {
			require.Eventually(t, func() bool { return len(s.instance.Pods(t, "sentinel")) == 1 }, time.Minute, time.Second)
		}
		return prepare(t, sides)
	})
}

// shareNode moves the second instance's master to the node of the first's: the
// loss of two nodes of three would be another fault, the loss of a quorum.
func shareNode(t *testing.T, sides []*side) {
	t.Helper()
	first, _ := sides[0].instance.AwaitServing(t).Master()
	target := nodeOf(t, framework.SystemNamespace, first.Pod)
	for _, redis := range sides[1].instance.AwaitServing(t).Redis {
		priority := "100"
		if nodeOf(t, framework.SystemNamespace, redis.Pod) == target {
			if redis.Role == "master" {
				return
			}
			priority = "1"
		}
		sides[1].instance.RedisCLI(t, redis.Pod, "CONFIG SET replica-priority "+priority)
	}
	// Sentinels learn a priority from a replica's INFO, every 10 s.
	sentinel := sides[1].instance.AwaitServing(t).Sentinels[0].Pod
	require.NoError(t, wait.PollUntilContextTimeout(t.Context(), 2*time.Second, time.Minute, true, func(ctx context.Context) (bool, error) {
		if now, err := sides[1].instance.Topology().Read(ctx); err == nil {
			if master, found := now.Master(); found && nodeOf(t, framework.SystemNamespace, master.Pod) == target {
				return true, nil
			}
		}
		replicas, err := framework.Ask(ctx, "--namespace", framework.SystemNamespace, "exec", sentinel, "--container=sentinel", "--",
			"redis-cli", "-p", "26379", "SENTINEL", "REPLICAS", "mymaster")
		if err == nil && strings.Contains(replicas, "slave-priority\n1\n") {
			_ = kubectl(ctx, "--namespace", framework.SystemNamespace, "exec", sentinel, "--container=sentinel", "--",
				"redis-cli", "-p", "26379", "SENTINEL", "FAILOVER", "mymaster")
		}
		return false, nil
	}), "the masters of both instances do not get to the same node")
}

// loseNode takes the node on which both masters are.
func loseNode(t *testing.T, sides []*side) []func(context.Context) error {
	t.Helper()
	node := nodeOf(t, framework.SystemNamespace, sides[0].master.Pod)
	for _, s := range sides[1:] {
		require.Equal(t, node, nodeOf(t, framework.SystemNamespace, s.master.Pod), "all masters must be on the same node")
	}
	return []func(context.Context) error{lasting(outage,
		func(ctx context.Context) error { return framework.Freeze(ctx, node) },
		func(ctx context.Context) error { return framework.Thaw(ctx, node) })}
}

// cutOff lets no packet pass between the master and the other Pods of its
// instance, while clients still reach it: what a client writes to it then is
// what a partition can lose.
func cutOff(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	var others []string
	for _, pod := range s.instance.Pods(t, "") {
		if pod.Name != s.master.Pod {
			others = append(others, pod.Status.PodIP)
		}
	}
	node := nodeOf(t, framework.SystemNamespace, s.master.Pod)
	rules := func(action string) func(context.Context) error {
		var script strings.Builder
		for _, other := range others {
			for _, way := range []string{"-s " + s.master.IP + " -d " + other, "-s " + other + " -d " + s.master.IP} {
				fmt.Fprintf(&script, "iptables -t mangle -%s PREROUTING %s -j DROP && ", action, way)
			}
		}
		return func(ctx context.Context) error {
			_, err := framework.OnNode(ctx, node, script.String()+"true")
			return err
		}
	}
	return lasting(outage, rules("I"), rules("D"))
}

func loseSentinels(n int) func(*testing.T, *side) func(context.Context) error {
	return func(t *testing.T, s *side) func(context.Context) error {
		t.Helper()
		var names []string
		for _, pod := range s.instance.Pods(t, "sentinel") {
			names = append(names, pod.Name)
		}
		return deleteNow(names[:n])
	}
}

func deleteAll(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	var names []string
	for _, pod := range s.instance.Pods(t, "redis") {
		names = append(names, pod.Name)
	}
	return deleteNow(names)
}

func deleteNow(pods []string) func(context.Context) error {
	return func(ctx context.Context) error {
		return kubectl(ctx, append([]string{"--namespace", framework.SystemNamespace, "delete", "pod", "--force", "--grace-period=0"}, pods...)...)
	}
}

func killAll(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	var kills []func(context.Context) error
	for _, pod := range s.instance.Pods(t, "redis") {
		signal, err := s.instance.FindProcess(t.Context(), pod.Name, "redis")
		require.NoError(t, err)
		kills = append(kills, func(ctx context.Context) error { return signal(ctx, "KILL") })
	}
	return func(ctx context.Context) error { return together(ctx, kills) }
}

// killTwice kills the master and, as soon as there is one, the next.
func killTwice(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	first := masterProcess(t, s)
	return func(ctx context.Context) error {
		if err := first(ctx, "KILL"); err != nil {
			return err
		}
		next, err := s.nextMaster(ctx)
		if err != nil {
			return err
		}
		second, err := s.instance.FindProcess(ctx, next, "redis")
		if err != nil {
			return err
		}
		return second(ctx, "KILL")
	}
}

// nextMaster waits until another Pod is master and all Sentinels know it.
func (s *side) nextMaster(ctx context.Context) (string, error) {
	var next topology.Redis
	err := wait.PollUntilContextTimeout(ctx, time.Second, time.Minute, true, func(ctx context.Context) (bool, error) {
		now, err := s.instance.Topology().Read(ctx)
		var found bool
		next, found = now.Master()
		other := func(sentinel topology.Sentinel) bool { return sentinel.Master != next.Address() }
		return err == nil && found && next.Pod != s.master.Pod && !slices.ContainsFunc(now.Sentinels, other), nil
	})
	return next.Pod, err
}

// update changes what all Redis Pods request, and waits until all are new ones.
func update(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	return func(ctx context.Context) error {
		if err := kubectl(ctx, "--namespace", framework.SystemNamespace, "patch", "redisfailover", s.instance.Name, "--type=merge",
			"--patch", `{"spec":{"redis":{"resources":{"requests":{"cpu":"90m"}}}}}`); err != nil {
			return err
		}
		return wait.PollUntilContextTimeout(ctx, 2*time.Second, 3*time.Minute, true, func(ctx context.Context) (bool, error) {
			requests, err := framework.Ask(ctx, "--namespace", framework.SystemNamespace, "get", "pods",
				"--selector="+s.instance.Selector("redis"), "-o", `jsonpath={range .items[*]}{.spec.containers[?(@.name=="redis")].resources.requests.cpu} {end}`)
			return err == nil && requests == "90m 90m 90m", nil
		})
	}
}

// repeatedly does something to the master, whoever that is, as soon as all is whole. It may
// take so long each time, on average.
func (s *side) repeatedly(times int, each time.Duration, act func(ctx context.Context, master topology.Redis) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(times)*each, fmt.Errorf("%d times take longer than %s each", times, each))
		defer cancel()
		for n := range times {
			now, err := s.instance.Topology().Await(ctx, nil)
			if err != nil {
				return errors.Join(fmt.Errorf("after %d times: %w", n, err), context.Cause(ctx))
			}
			master, _ := now.Master()
			if err := act(ctx, master); err != nil {
				return err
			}
		}
		return nil
	}
}

// stallRepeatedly freezes the master for a short time.
func stallRepeatedly(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	return s.repeatedly(stalls, perStall, func(ctx context.Context, master topology.Redis) error {
		signal, err := s.instance.FindProcess(ctx, master.Pod, "redis")
		if err != nil {
			return err
		}
		return lasting(shortStall,
			func(ctx context.Context) error { return signal(ctx, "STOP") },
			func(ctx context.Context) error { return signal(ctx, "CONT") })(ctx)
	})
}

// handOverRepeatedly deletes the master's Pod.
func handOverRepeatedly(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	return s.repeatedly(handOvers, perHandOver, func(ctx context.Context, master topology.Redis) error {
		return kubectl(ctx, "--namespace", framework.SystemNamespace, "delete", "pod", master.Pod)
	})
}
