//go:build e2e

package e2e

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/authority"
	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// proxyFault befalls an instance with the proxy. Its clients are compared with
// those that follow Sentinel, and with those of the operator's Service.
type proxyFault struct {
	name    string
	writing time.Duration
	prepare func(t *testing.T, s *side) func(context.Context) error
	// gap is the longest that is promised to a client of the proxy.
	gap time.Duration
	// mayLose is how many acknowledged writes a client of the proxy may lose.
	mayLose int
	// slowService is whether the operator's Service must do worse.
	slowService bool
}

var proxyFaults = []proxyFault{
	{name: "deleted", writing: 20 * time.Second, prepare: deleteGracefully, gap: time.Second, slowService: true},
	{name: "killed", writing: 30 * time.Second, prepare: kill, gap: detection + 3*time.Second, mayLose: inFlight, slowService: true},
	{name: "frozen", writing: freeze + 20*time.Second, prepare: freezeAndThaw, gap: detection + 4*time.Second, mayLose: inFlight},
	{name: "proxy-deleted", writing: 40 * time.Second, prepare: deleteProxy, gap: time.Second},
	{name: "proxy-killed", writing: 20 * time.Second, prepare: killProxy, gap: 2 * time.Second},
}

// checkProxy has clients without Sentinel write through the proxy.
func checkProxy(t *testing.T) {
	t.Helper()
	const name = "e2e-proxy"
	own := authority.New(t)
	t.Cleanup(func() {
		_, _ = framework.Ask(framework.CleanupContext(t), "--namespace", framework.SystemNamespace, "delete", "secret", certificate, "--ignore-not-found")
	})
	s := installProxy(t, framework.Release{
		Name: name, Prepare: func() { giveCertificate(t, own, 2, name) },
		Values: map[string]string{"proxy.enabled": "true", "proxy.tls.existingSecret": `"` + certificate + `"`, "proxy.tls.ca": strconv.Quote(own.PEM())},
	})
	t.Run("tls", func(t *testing.T) { checkTLS(t, own, s.instance) })
	t.Run("go-live", func(t *testing.T) { checkProxyGoLive(t, s) })
	for _, f := range proxyFaults {
		require.True(t, t.Run(f.name, func(t *testing.T) { f.run(t, s) }), "no further faults")
	}
}

// checkProxyGoLive holds that the checklist passes with proxies that end TLS, and tells of
// one that hangs.
func checkProxyGoLive(t *testing.T, s *side) {
	t.Helper()
	require.Empty(t, failedChecks(t, s.instance))
	signal, err := s.instance.FindProcess(t.Context(), proxies(t, s)[0], "haproxy")
	require.NoError(t, err)
	require.NoError(t, signal(t.Context(), "STOP"))
	failed := failedChecks(t, s.instance)
	require.NoError(t, signal(framework.CleanupContext(t), "CONT"))
	require.Contains(t, failed, "proxies")
}

// installProxy installs an instance with the proxy and waits until that is ready.
func installProxy(t *testing.T, release framework.Release) *side {
	t.Helper()
	i := framework.Install(t, release)
	i.AwaitServing(t)
	framework.Output(t, i.Namespace, "rollout", "status", "deployment/"+i.Name+"-proxy", "--timeout=2m")
	return &side{name: "proxy", instance: i, tuned: true}
}

func (f proxyFault) run(t *testing.T, s *side) {
	t.Helper()
	serving := s.observe(t)
	proxy := s.instance.StartProxyLedger(t, "proxy-"+f.name, f.writing, len(serving.Redis)-1)
	service := s.instance.StartServiceLedger(t, "service-"+f.name, f.writing, len(serving.Redis)-1)
	proxy.AwaitReady(t)
	service.AwaitReady(t)
	require.NoError(t, s.later(0, f.prepare(t, s))(t.Context()))

	service.AwaitWritten(t)
	// What follows is only for the next fault to begin.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go s.instance.Hurry(ctx)
	report, control := proxy.Report(t), service.Report(t)
	s.lines = s.witness.Lines(t)
	through, direct := accountOf(t, report, ledger.Proxy), accountOf(t, report, ledger.Follow)
	operators := accountOf(t, control, ledger.Proxy)
	for name, account := range map[string]ledger.Account{"through the proxy": through, "following Sentinel": direct, "through the operator's Service": operators} {
		t.Logf("%s, %s: gap %s, %d acknowledged, %d lost", f.name, name, account.GapAfter(s.at), account.Acknowledged, account.Lost)
	}

	f.checkPromise(t, s, through)
	if f.slowService {
		assert.Greater(t, operators.GapAfter(s.at).Duration(), through.GapAfter(s.at).Duration(), "the comparison no longer holds: the operator's Service is as good")
	}
}

// checkPromise holds what a client saw through the proxy to what it is promised.
func (f proxyFault) checkPromise(t *testing.T, s *side, through ledger.Account) {
	t.Helper()
	bound := f.gap + slack
	if s.splitVote() {
		t.Logf("THE SENTINELS' VOTE WAS SPLIT: the gap may take %s longer, until they vote again", splitVote)
		bound += splitVote
	}
	underLoad(t, through, s.at)
	gap := through.GapAfter(s.at)
	assert.LessOrEqual(t, gap.Duration(), bound, "gap %s", gap)
	assert.True(t, gap.Recovered, "gap %s", gap)
	assert.LessOrEqual(t, through.Lost, f.mayLose, "lost acknowledged writes, %v", through.LostSpan)
	assert.Zero(t, through.Phantom, "writes that had failed were applied")
	assert.Zero(t, through.Duplicates, "writes were applied twice")
}

func accountOf(t *testing.T, report ledger.Report, kind ledger.Kind) ledger.Account {
	t.Helper()
	account, found := report.Account(kind)
	require.True(t, found)
	return account
}

// proxies are the names of the proxy's Pods.
func proxies(t *testing.T, s *side) []string {
	t.Helper()
	pods := framework.ListPods(t, s.instance.Namespace, "app.kubernetes.io/component=proxy,app.kubernetes.io/name="+s.instance.Name)
	require.Len(t, pods, 2)
	return []string{pods[0].Name, pods[1].Name}
}

// deleteProxy removes a proxy as a drain does, and waits until it is replaced.
func deleteProxy(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	pod := proxies(t, s)[0]
	return func(ctx context.Context) error {
		if err := kubectl(ctx, "--namespace", s.instance.Namespace, "delete", "pod", pod); err != nil {
			return err
		}
		return kubectl(ctx, "--namespace", s.instance.Namespace, "rollout", "status", "deployment/"+s.instance.Name+"-proxy", "--timeout=1m")
	}
}

func killProxy(t *testing.T, s *side) func(context.Context) error {
	t.Helper()
	signal, err := s.instance.FindProcess(t.Context(), proxies(t, s)[0], "haproxy")
	require.NoError(t, err)
	return func(ctx context.Context) error { return signal(ctx, "KILL") }
}
