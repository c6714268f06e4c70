//go:build e2e && full

package e2e

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

func init() {
	proxyFaults = append(
		proxyFaults,
		proxyFault{name: "proxy-updated", writing: 90 * time.Second, prepare: updateProxy, gap: time.Second},
		// Until Kubernetes gives the node up, the Service sends every other new
		// connection to the proxy that is gone.
		proxyFault{name: "proxy-node-lost", writing: outage + 30*time.Second, prepare: loseProxysNode, gap: detection + 4*time.Second},
	)
}

func updateProxy(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	deployment := "deployment/" + s.instance.Name + "-proxy"
	return func(ctx context.Context) error {
		if err := kubectl(ctx, "--namespace", s.instance.Namespace, "rollout", "restart", deployment); err != nil {
			return err
		}
		return kubectl(ctx, "--namespace", s.instance.Namespace, "rollout", "status", deployment, "--timeout=2m")
	}
}

// loseProxysNode takes the node of a proxy, another than the master's if it can.
func loseProxysNode(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	names := proxies(t, s)
	node := nodeOf(t, framework.SystemNamespace, names[0])
	if node == nodeOf(t, framework.SystemNamespace, s.master.Pod) {
		node = nodeOf(t, framework.SystemNamespace, names[1])
	}
	return lasting(outage,
		func(ctx context.Context) error { return framework.Freeze(ctx, node) },
		func(ctx context.Context) error { return framework.Thaw(ctx, node) })
}

// TestSidecar has a client without Sentinel write through a proxy in its own Pod,
// which tenant-post has put there.
func TestSidecar(t *testing.T) {
	i := framework.Install(t, framework.Release{Name: "e2e-sidecar", Values: map[string]string{"proxy.sidecar": "true"}})
	s := &side{name: "sidecar", instance: i, tuned: true}
	for _, f := range []proxyFault{
		{name: "deleted", writing: 20 * time.Second, prepare: deleteGracefully, gap: time.Second},
		{name: "killed", writing: 20 * time.Second, prepare: kill, gap: detection + 3*time.Second, mayLose: inFlight},
	} {
		t.Run(f.name, func(t *testing.T) {
			serving := s.observe(t)
			load := i.StartSidecarLedger(t, f.name, f.writing, len(serving.Redis)-1)
			load.AwaitReady(t)
			require.NoError(t, s.later(0, f.prepare(t, s))(t.Context()))
			through := accountOf(t, load.Report(t), ledger.Proxy)
			t.Logf("%s: gap %s, %d acknowledged", f.name, through.GapAfter(s.at), through.Acknowledged)
			s.lines = s.witness.Lines(t)
			f.checkPromise(t, s, through)
		})
	}
}

// TestProxiesAlone has clients reach the proxies alone: helm test, in a Pod of the tenant's kind,
// writes there and finds Redis and Sentinel closed, and the checklist passes.
func TestProxiesAlone(t *testing.T) {
	values := maps.Clone(bounded)
	values["proxy.enabled"], values["access.sentinel"] = "true", "false"
	s := installProxy(t, framework.Release{Name: "e2e-alone", Values: values})
	checkGoLive(t, s.instance)
	require.Empty(t, failedChecks(t, s.instance))
	log := framework.Output(t, s.instance.Namespace, "logs", "job/e2e-alone-golive")
	for _, line := range []string{"ok      data: ", "ok      policies: refused at rfs-e2e-alone", "skipped sentinels: clients reach the proxies alone"} {
		require.Contains(t, log, line)
	}
}
