//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/topology"
)

const (
	// sooner divides each "for" during drills, and nothing else of a rule.
	sooner = 40
	// quiet is the longest "for" of the charts, 30 minutes, divided so.
	quiet = 45 * time.Second
	// grafana is where the alerts say that the dashboards are.
	grafana = "https://grafana.example/d"
	// aWindow is how far RedisOperatorNotReconciling looks back.
	aWindow = 3 * time.Minute
)

// lab is a few instances under a Prometheus.
type lab struct {
	monitoring *framework.Monitoring
	alerts     *watch
	// flooded and orphaned are drills of several stages, both about session.
	flooded, orphaned *drill
	// since is when Prometheus had all its targets.
	since time.Time
	// cache and other are caches, other with a proxy and, in TestDrills, Pods that write;
	// session keeps sessions.
	cache, other, session *framework.Instance
}

// TestDrills befalls instances and the operator with real faults: each alert
// must reach Alertmanager, and be resolved by what its runbook says. Every
// critical one is drilled.
func TestDrills(t *testing.T) {
	t.Parallel()
	l := newLab(t, sooner, monitored("drill-a"), monitored("drill-b", withProxy, withWrites), monitored("drill-c", withSessions))
	for _, stage := range []struct {
		name   string
		drills map[string]func(*testing.T, *lab)
	}{
		{"quiet", map[string]func(*testing.T, *lab){"nothing fires": drillNothing, "runbooks": drillRunbooks}},
		{"operator at work", map[string]func(*testing.T, *lab){
			"two masters": drillTwoMasters, "flood": drillFlood, "nothing counts": drillUncounted,
		}},
		{"operator away", map[string]func(*testing.T, *lab){"all": drillWithoutOperator}},
		{"operator back", map[string]func(*testing.T, *lab){
			"strange master": drillStrangeMaster, "orphan": drillOrphan, "no epoch left": drillSpentEpoch,
		}},
		{"windows", map[string]func(*testing.T, *lab){"flood": drillFloodIsOver, "operator away again": drillWithoutOperatorAgain}},
		{"all", map[string]func(*testing.T, *lab){"critical alerts": requireDrilled}},
		{"dashboards", map[string]func(*testing.T, *lab){"queries": checkDashboards}},
	} {
		passed := t.Run(stage.name, func(t *testing.T) {
			drills := map[string]func(*testing.T){}
			for name, drill := range stage.drills {
				drills[name] = func(t *testing.T) { t.Helper(); drill(t, l) }
			}
			atOnce(t, drills)
		})
		require.True(t, passed, "no further drills: %s", stage.name)
	}
}

// atOnce runs tests at the same time, however few cores there are: they mostly
// wait.
func atOnce(t *testing.T, tests map[string]func(*testing.T)) {
	t.Helper()
	var running sync.WaitGroup
	for name, test := range tests {
		running.Go(func() { t.Run(name, test) })
	}
	running.Wait()
}

// requireDrilled fails unless every critical alert has fired.
func requireDrilled(t *testing.T, _ *lab) {
	t.Helper()
	var missing []string
	for _, alert := range allAlerts(t) {
		drilled := slices.ContainsFunc(findings.all, func(f finding) bool { return f.alert == alert.Alert })
		if alert.Labels["severity"] == "critical" && !drilled {
			missing = append(missing, alert.Alert)
		}
	}
	require.Empty(t, missing, "critical alerts without a drill")
}

// These are what some of the instances have that a cache has not.
var (
	withProxy    = map[string]string{"proxy.enabled": "true"}
	withWrites   = map[string]string{"monitoring.probe.writes": "true"}
	withSessions = map[string]string{"purpose": `"session"`}
)

// targets is how many Prometheus has of an instance: six exporters and the probe, two
// proxies, two Pods that write.
func targets(release framework.Release) int {
	all := 7
	for _, two := range []string{"proxy.enabled", "monitoring.probe.writes"} {
		if release.Values[two] == "true" {
			all += 2
		}
	}
	return all
}

// newLab installs up to three instances: a cache, one with a proxy and one that
// keeps sessions; and a monitoring whose rules wait a fraction as long.
func newLab(t *testing.T, divisor int, releases ...framework.Release) *lab {
	t.Helper()
	framework.InstallMonitoringCRDs(t)
	framework.PrepareMonitoring(t)
	installOperator(t)
	l := &lab{}
	all := framework.OperatorPods
	for n, into := range []**framework.Instance{&l.cache, &l.other, &l.session} {
		if n < len(releases) {
			*into = framework.Install(t, releases[n])
			framework.CopyRules(t, framework.DrillsNamespace, releases[n].Name, divisor)
			all += targets(releases[n])
		}
	}
	framework.CopyRules(t, framework.DrillsNamespace, "redis-operator", divisor)
	// What an instance goes through at its start, some alerts would remember.
	for _, i := range l.instances() {
		i.AwaitServing(t)
	}
	l.monitoring = framework.StartMonitoring(t)
	l.monitoring.AwaitTargets(t, all)
	awaitFirstPass(t, l.monitoring)
	l.since = time.Now()
	l.alerts = watchAlerts(t, l.monitoring)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("=== alerts\n%s", describe(l.alerts.now()))
		}
		assert.NoError(t, os.MkdirAll(framework.Path(drillsFolder), 0o755))
		if err := l.monitoring.SaveTSDB(framework.CleanupContext(t), framework.Path(drillsFolder+"/tsdb.tar.gz")); err != nil {
			t.Log("what Prometheus measured is not kept: ", err)
		}
	})
	return l
}

// awaitFirstPass waits until Prometheus has seen the operator at work, and has
// forgotten that it had not: a new Prometheus knows of no pass, and rules that
// wait a fraction as long do not wait for one.
func awaitFirstPass(t *testing.T, monitoring *framework.Monitoring) {
	t.Helper()
	const passes = `sum(rate(kooper_controller_processed_event_duration_seconds_count[5m]))`
	err := wait.PollUntilContextTimeout(t.Context(), time.Second, 3*operatorPass, true, func(ctx context.Context) (bool, error) {
		seen, err := monitoring.Value(ctx, passes)
		firing, unknown := monitoring.Value(ctx, `count(ALERTS{alertstate="firing"})`)
		return errors.Join(err, unknown) == nil && seen > 0 && firing == 0, nil
	})
	if err != nil {
		alerts, problem := monitoring.Alerts(framework.CleanupContext(t))
		require.NoError(t, err, "Prometheus does not see the operator at work, or this fires before any fault (%v):\n%s", problem, describe(alerts))
	}
}

const drillsFolder = ".cache/drills"

func (l *lab) instances() []*framework.Instance {
	var all []*framework.Instance
	for _, i := range []*framework.Instance{l.cache, l.other, l.session} {
		if i != nil {
			all = append(all, i)
		}
	}
	return all
}

// selectedLabels are those that the drills' Prometheus wants.
const selectedLabels = `{"release": "drill"}`

// monitored is a release with everything that its chart has for monitoring, and with
// more values.
func monitored(name string, more ...map[string]string) framework.Release {
	values := map[string]string{
		"operator.namespace": strconv.Quote(framework.DrillsNamespace),
		"monitoring.enabled": "true", "monitoring.probe.prober": strconv.Quote(framework.Prober), "monitoring.labels": selectedLabels,
		"monitoring.alertLabels": fmt.Sprintf(`{"tenant": %q}`, name), "monitoring.dashboardURL": strconv.Quote(grafana + "/tenant-redis"),
	}
	for _, m := range more {
		maps.Copy(values, m)
	}
	return framework.Release{Name: name, Namespace: framework.DrillsNamespace, Values: values}
}

// installOperator installs the drills' own operator with its PodMonitor and rules,
// until after the test.
func installOperator(t *testing.T) {
	t.Helper()
	framework.Namespace(t, framework.DrillsNamespace)
	t.Cleanup(func() { _ = framework.DrillsOperator.Uninstall(framework.CleanupContext(t)) })
	require.NoError(t, framework.DrillsOperator.Upgrade(t.Context(), map[string]string{
		"monitoring.enabled": "true", "monitoring.dashboardURL": strconv.Quote(grafana + "/redis-operator"), "monitoring.labels": selectedLabels,
	}))
}

// drillNothing is the control: without a fault nothing fires, for as long as any
// rule waits.
func drillNothing(t *testing.T, l *lab) {
	t.Helper()
	for end := time.Now().Add(quiet); time.Now().Before(end); {
		l.alerts.requireNone(t, func(framework.Alert) bool { return true })
		require.NoError(t, pause(t.Context(), look))
	}
}

// drillRunbooks runs the diagnosis of every runbook, also of those whose alerts no
// drill fires, where nothing is missing that a command could name.
func drillRunbooks(t *testing.T, l *lab) {
	t.Helper()
	all := allAlerts(t)
	const readers = 3
	parts := map[string]func(*testing.T){}
	for part := range slices.Chunk(all, len(all)/readers+1) {
		parts["from "+part[0].Alert] = func(t *testing.T) {
			t.Helper()
			for _, alert := range part {
				d := &drill{}
				switch {
				case alert.tenant && alert.Purpose == "session":
					d.instance = l.session
				case alert.tenant:
					// The one that has a proxy and the Pods that write.
					d.instance = l.other
				}
				d.diagnose(t, alert.Alert, rottenWhole)
			}
		}
	}
	atOnce(t, parts)
}

// pause waits, but not beyond the test.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drillTwoMasters promotes a replica and has the Sentinels forget it at once, so
// that they do not repair it; the operator does not while there are two.
func drillTwoMasters(t *testing.T, l *lab) {
	t.Helper()
	i := l.cache
	serving := i.AwaitServing(t)
	_, replicas := split(t, serving)
	d := l.begin(i, "a replica is promoted beside the master")
	promoteBeside(t, i, serving, replicas[0].Pod)
	d.fires(t, "RedisMultipleMasters", "RedisReplicaMissing", "RedisOperatorReconcileFailing", "RedisSentinelCountsWrong")
	output := d.mitigate(t, "RedisMultipleMasters", 0, map[string]string{"POD": replicas[0].Pod})
	require.Regexp(t, `[1-9]\d+ .*`+replicas[0].Pod+`\.rdb\n`, output, "the wrong master's data is saved before it is lost")
	i.AwaitServing(t)
	d.resolves(t, resolveWithin)
}

// promoteBeside promotes a replica. A pass of the operator that has counted the
// masters already makes it a replica again; those that come after it do not.
func promoteBeside(t *testing.T, i *framework.Instance, serving topology.Topology, replica string) {
	t.Helper()
	const aPass = 10 * time.Second
	var since time.Time
	err := wait.PollUntilContextTimeout(t.Context(), time.Second, detectWithin, true, func(context.Context) (bool, error) {
		if role := i.RedisCLI(t, replica, "ROLE"); !strings.HasPrefix(role, "master") {
			tellRedis(t, i, replica, "REPLICAOF NO ONE")
			tellSentinels(t, serving, "RESET", "mymaster")
			since = time.Now()
		}
		return time.Since(since) > aPass, nil
	})
	require.NoError(t, err, "%s does not stay a master", replica)
}

// drillUncounted has the exporters of the Pods that write hang: nothing counts the service
// level of their instance, until other Pods do.
func drillUncounted(t *testing.T, l *lab) {
	t.Helper()
	i := l.other
	i.AwaitServing(t)
	writers := framework.ListPods(t, i.Namespace, "app.kubernetes.io/component=probe,app.kubernetes.io/name="+i.Name)
	require.Len(t, writers, 2)
	d := l.begin(i, "the exporters of the Pods that write hang")
	for _, writer := range writers {
		signal, err := i.FindProcess(t.Context(), writer.Name, "exporter")
		require.NoError(t, err)
		require.NoError(t, signal(t.Context(), "STOP"))
	}
	d.fires(t, "RedisWriteProbeAbsent")
	d.mitigate(t, "RedisWriteProbeAbsent", 0, nil)
	d.resolves(t, resolveWithin)
	awaitLevel(t, l, i, asUp)
}

// drillWithoutOperatorAgain takes the operator away once more, for what it would
// repair before anybody is told.
func drillWithoutOperatorAgain(t *testing.T, l *lab) {
	t.Helper()
	t.Cleanup(func() { _ = framework.DrillsOperator.Start(framework.CleanupContext(t)) })
	l.cache.AwaitServing(t)
	l.other.AwaitServing(t)
	require.NoError(t, framework.DrillsOperator.Stop(t.Context()))
	quorum := l.begin(l.cache, "two of three Sentinels are gone")
	scaleSentinels(t, l.cache, 1)
	quorum.fires(t, "RedisSentinelQuorumLost")
	replicas := drillForgottenReplicas(t, l)
	require.NoError(t, framework.DrillsOperator.Start(t.Context()))
	quorum.mitigate(t, "RedisSentinelQuorumLost", 0, nil)
	for _, d := range []*drill{quorum, replicas} {
		d.instance.AwaitServing(t)
		d.resolves(t, resolveWithin)
	}
	awaitLevel(t, l, replicas.instance, asUp)
}

// drillForgottenReplicas loses the master at a moment when the Sentinels know no
// replica: without the operator nobody is left who could repair that.
func drillForgottenReplicas(t *testing.T, l *lab) *drill {
	t.Helper()
	i := l.other
	serving := i.AwaitServing(t)
	master, replicas := split(t, serving)
	signal, err := i.FindProcess(t.Context(), master.Pod, "redis")
	require.NoError(t, err)
	d := l.begin(i, "the operator is away, and the master is lost while the Sentinels have forgotten its replicas")
	// They must not notice before they have forgotten. A process that dies, not
	// only stops, starts again and asks them for a failover at once.
	tellSentinels(t, serving, "SET", "mymaster", "down-after-milliseconds", "60000")
	require.NoError(t, signal(t.Context(), "STOP"))
	tellSentinels(t, serving, "RESET", "mymaster")
	tellSentinels(t, serving, "SET", "mymaster", "down-after-milliseconds", "2000")
	require.NoError(t, kubectl(t.Context(), "--namespace", i.Namespace, "delete", "pod", master.Pod, "--force", "--grace-period=0"))
	d.fires(t, "RedisMasterMissing", "RedisSentinelMasterDown", "RedisSentinelNoCandidate", "RedisReplicationBroken", "RedisProxyWithoutMaster")
	// By the writes, of which none gets through.
	awaitLevel(t, l, i, asDown)

	d.mitigate(t, "RedisMasterMissing", 0, nil)
	offsets := d.mitigate(t, "RedisMasterMissing", 1, nil)
	most := highestOffset(t, offsets)
	require.Contains(t, []string{replicas[0].Pod, replicas[1].Pod}, most, "the new Pod has nothing:\n%s", offsets)
	d.mitigate(t, "RedisMasterMissing", 2, map[string]string{"POD": most})
	return d
}

// highestOffset reads the Pod with the highest slave_repl_offset from lines such
// as "pod/rfr-x-0", "role:slave" and "slave_repl_offset:42".
func highestOffset(t *testing.T, output string) string {
	t.Helper()
	var pod, most string
	highest := -1
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "pod/"); ok {
			pod = name
		}
		if figure, ok := strings.CutPrefix(line, "slave_repl_offset:"); ok {
			offset, err := strconv.Atoi(figure)
			require.NoError(t, err, output)
			if offset > highest {
				most, highest = pod, offset
			}
		}
	}
	require.NotEmpty(t, most, output)
	return most
}

// split is the master and the replicas of an instance that serves.
func split(t *testing.T, serving topology.Topology) (topology.Redis, []topology.Redis) {
	t.Helper()
	master, found := serving.Master()
	require.True(t, found)
	return master, slices.DeleteFunc(slices.Clone(serving.Redis), func(r topology.Redis) bool { return r.Pod == master.Pod })
}

// tellRedis gives a Redis a command, which it must not refuse.
func tellRedis(t *testing.T, i *framework.Instance, pod, command string) {
	t.Helper()
	require.Equal(t, "OK", i.RedisCLI(t, pod, command), "%s: %s", pod, command)
}

// tellSentinels gives all Sentinels the same command at once.
func tellSentinels(t *testing.T, serving topology.Topology, command ...string) {
	t.Helper()
	var all []func(context.Context) error
	for _, sentinel := range serving.Sentinels {
		all = append(all, func(ctx context.Context) error { return askSentinel(ctx, sentinel.Pod, command...) })
	}
	require.NoError(t, together(t.Context(), all))
}

func askSentinel(ctx context.Context, pod string, command ...string) error {
	return kubectl(ctx, append([]string{
		"--namespace", framework.DrillsNamespace, "exec", pod, "--container=sentinel", "--", "redis-cli", "-e", "-p", "26379", "SENTINEL",
	}, command...)...)
}

// flood is what clients do to a Redis that drillFlood has made small: they fill
// its memory, leak connections until some are refused, and try a wrong password.
var flood = map[string]string{
	"memory": findMaster + `
value=$(head -c 1000000 /dev/zero | tr '\0' x)
for n in $(seq 1 1000000); do
  [ "$(printf %s "$value" | redis-cli -h "$1" -p "$2" -x SET "drill:$n")" = OK ] || sleep 0.5
  redis-cli -h "$1" -p "$2" STRLEN "drill:$n"
done`,
	// The exporter gets in between two bursts, with 87 of 100 in use: these and
	// seven of the instance's own. Bursts every 5 s, as often as Prometheus asks,
	// would shut it out each time or never.
	"connections": findMaster + `
for n in $(seq 80); do exec {held}<>"/dev/tcp/$1/$2"; done
while sleep 3.3; do
  leaked=()
  for n in $(seq 40); do exec {one}<>"/dev/tcp/$1/$2" && leaked+=("$one"); done
  sleep 0.3
  for one in "${leaked[@]}"; do exec {one}>&-; done
done`,
	"password": findMaster + `
while sleep 0.5; do REDISCLI_AUTH=wrong redis-cli -h "$1" -p "$2" PING; done`,
}

// findMaster waits until the Pod is let in, and sets $1 and $2 to the master.
const findMaster = `
until [ $# = 2 ]; do
  set -- $(redis-cli -h "$REDIS_SENTINEL_HOST" -p "$REDIS_SENTINEL_PORT" SENTINEL GET-MASTER-ADDR-BY-NAME "$REDIS_SENTINEL_MASTER")
done
export REDISCLI_AUTH="$REDIS_PASSWORD"
until redis-cli -h "$1" -p "$2" PING; do sleep 0.2; done`

// drillFlood begins a drill whose alerts look back for minutes.
func drillFlood(t *testing.T, l *lab) {
	t.Helper()
	i := l.session
	master, _ := split(t, i.AwaitServing(t))
	_, allowed, found := strings.Cut(i.RedisCLI(t, master.Pod, "CONFIG GET maxclients"), "\n")
	require.True(t, found)
	// The fewest connections that the chart allows.
	tellRedis(t, i, master.Pod, "CONFIG SET maxclients 100")
	l.flooded = l.begin(i, "clients fill the memory, use up the connections and have a wrong password")
	for name, script := range flood {
		startScript(t, i, "drill-"+name, script)
	}
	l.flooded.fires(t, "RedisConnectionsRejected", "RedisClientsNearLimit", "RedisWritesRefused", "RedisMemoryNearLimit", "RedisLoginsRefused")

	leaking := framework.Output(t, i.Tenant, "get", "pods", "--selector=job-name=drill-connections", "--output=jsonpath={.items[0].status.podIP}")
	owner := l.flooded.mitigate(t, "RedisMasterMissing", 3, map[string]string{"ADDRESS": leaking})
	require.Contains(t, owner, "drill-connections", "the runbook shows whose connections they are")
	// As the runbooks say: end the clients that leak, and the lives of sessions.
	for name := range flood {
		endScript(t, i, "drill-"+name)
	}
	tellRedis(t, i, master.Pod, "CONFIG SET maxclients "+allowed)
	tellRedis(t, i, master.Pod, "FLUSHALL")
	l.flooded.repaired = time.Now()
}

// startScript runs a script as a client of an instance until endScript.
func startScript(t *testing.T, i *framework.Instance, name, script string) {
	t.Helper()
	i.StartJob(t, i.Tenant, name, func(pod *corev1.PodTemplateSpec) {
		container := &pod.Spec.Containers[0]
		container.Image = "tenant-redis.local/valkey/valkey:8.1.11"
		container.Command = []string{"bash", "-c", script}
		container.Resources.Limits = nil
		// A shell that is a container's first process does not hear TERM.
		pod.Spec.TerminationGracePeriodSeconds = new(int64)
	})
}

func endScript(t *testing.T, i *framework.Instance, name string) {
	t.Helper()
	require.NoError(t, kubectl(t.Context(), "--namespace", i.Tenant, "delete", "job", name, "--cascade=foreground", "--timeout=90s"))
}

func drillFloodIsOver(t *testing.T, l *lab) {
	t.Helper()
	l.flooded.resolves(t, windowWithin)
}

// drillWithoutOperator takes the operator away, and meanwhile does to the
// instances what it would repair within 30 s. When it is back, it may not take its
// lead at first.
func drillWithoutOperator(t *testing.T, l *lab) {
	t.Helper()
	foreign, _ := split(t, l.session.AwaitServing(t))
	t.Cleanup(func() { _ = framework.DrillsOperator.Start(framework.CleanupContext(t)) })
	down := l.begin(nil, "there is no operator")
	require.NoError(t, framework.DrillsOperator.Stop(t.Context()))
	idle := l.begin(nil, "the operator may not take its lead")
	allow := forbidLead(t)

	var wrong, gone *drill
	atOnce(t, map[string]func(*testing.T){
		"operator": func(t *testing.T) { t.Helper(); down.fires(t, "RedisOperatorDown") },
		"Sentinels gone, then replicas that the master refuses": func(t *testing.T) {
			t.Helper()
			serving := l.cache.AwaitServing(t)
			gone = l.begin(l.cache, "there are no Sentinels")
			scaleSentinels(t, l.cache, 0)
			gone.fires(t, "RedisUnreachable", "RedisSentinelMetricsAbsent")
			drillRefusedReplicas(t, l, serving)
		},
		"foreign master, then a wrong Sentinel": func(t *testing.T) {
			t.Helper()
			drillForeignMaster(t, l, foreign)
			wrong = drillWrongSentinel(t, l)
		},
		"flapping, then an orphan": func(t *testing.T) {
			t.Helper()
			// It looks back for an hour.
			flap(t, l, l.session).keepFiring(t)
			require.NoError(t, kubectl(t.Context(), "--namespace", l.session.Namespace, "delete", "redisfailover", l.session.Name, "--cascade=orphan"))
		},
	})
	require.False(t, t.Failed())

	l.orphaned = l.begin(l.session, "a RedisFailover is deleted, its Pods are not")
	down.mitigate(t, "RedisOperatorDown", 0, nil)
	down.resolves(t, resolveWithin)
	require.NoError(t, pause(t.Context(), time.Until(idle.at.Add(aWindow))))
	idle.fires(t, "RedisOperatorNotReconciling")
	drillServiceLevel(t, l, gone)
	allow()
	idle.mitigate(t, "RedisOperatorNotReconciling", 0, nil)
	gone.mitigate(t, "RedisSentinelMetricsAbsent", 0, nil)
	// The rest of its repair is the operator's.
	wrong.repaired = idle.repaired
	idle.resolves(t, windowWithin)
	for _, d := range []*drill{gone, wrong} {
		d.instance.AwaitServing(t)
		d.resolves(t, resolveWithin)
	}
	awaitLevel(t, l, gone.instance, asUp)
}

// drillServiceLevel holds the account of the service level to an instance that has been
// unreachable for minutes: it counts as down, and one that is counted by writes does not. Its
// month is worse than that one's, and the alert on its error budget fires, which looks back
// for half an hour.
func drillServiceLevel(t *testing.T, l *lab, gone *drill) {
	t.Helper()
	budget := &drill{alerts: gone.alerts, instance: gone.instance, fault: gone.fault + ", for minutes", at: gone.at, found: map[string]*finding{}}
	budget.fires(t, "RedisErrorBudgetFastBurn")
	budget.keepFiring(t)
	assert.InDelta(t, asDown, level(t, l, "service_down", gone.instance), 0)
	assert.InDelta(t, asUp, level(t, l, "service_down", l.other), 0)
	assert.Less(t, level(t, l, "service_availability:ratio30d", gone.instance), level(t, l, "service_availability:ratio30d", l.other))
}

// level is what a recording rule of the service level has of an instance, the most of its ways.
func level(t *testing.T, l *lab, record string, i *framework.Instance) float64 {
	t.Helper()
	query := fmt.Sprintf("max(tenant_redis:%s{tenant_redis=%q})", record, i.Name)
	series, err := l.monitoring.Query(t.Context(), query)
	require.NoError(t, err, query)
	require.Len(t, series, 1, query)
	value, err := strconv.ParseFloat(fmt.Sprint(series[0].Value[1]), 64)
	require.NoError(t, err, query)
	return value
}

// asUp and asDown are what the service level has of an instance.
const asUp, asDown = 0.0, 1.0

// awaitLevel waits until an instance counts as up or down, which a new look of the prober or
// an older last write shows.
func awaitLevel(t *testing.T, l *lab, i *framework.Instance, want float64) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), look, detectWithin, true, func(context.Context) (bool, error) {
		return level(t, l, "service_down", i) == want, nil
	})
	require.NoError(t, err, "%s does not count as %v: 0 is up, 1 is down", i.Name, want)
}

// forbidLead takes the operator's right to its lock away, until it is allowed again
// or the test ends: its Pods run, and none leads.
func forbidLead(t *testing.T) (allow func()) {
	t.Helper()
	const binding = "redis-operator-leader-election"
	saved := framework.Output(t, framework.DrillsNamespace, "get", "rolebinding", binding, "-o", "jsonpath={.roleRef.name} {.subjects[0].name}")
	require.Equal(t, "redis-operator-leader-election redis-operator", saved)
	allow = func() {
		_ = kubectl(framework.CleanupContext(t), "--namespace", framework.DrillsNamespace, "create", "rolebinding", binding,
			"--role=redis-operator-leader-election", "--serviceaccount="+framework.DrillsNamespace+":redis-operator")
	}
	t.Cleanup(allow)
	require.NoError(t, kubectl(t.Context(), "--namespace", framework.DrillsNamespace, "delete", "rolebinding", binding))
	return allow
}

func scaleSentinels(t *testing.T, i *framework.Instance, replicas int) {
	t.Helper()
	require.NoError(t, kubectl(t.Context(), "--namespace", i.Namespace, "scale", "deployment/rfs-"+i.Name, fmt.Sprintf("--replicas=%d", replicas)))
}

// drillRefusedReplicas gives the replicas another password than their master's, as a
// rotation that is half done, while no Sentinel and no operator sees it.
func drillRefusedReplicas(t *testing.T, l *lab, serving topology.Topology) {
	t.Helper()
	i := l.cache
	master, replicas := split(t, serving)
	d := l.begin(i, "the master refuses its replicas' password")
	for _, replica := range replicas {
		tellRedis(t, i, replica.Pod, "CONFIG SET masterauth another")
	}
	require.Equal(t, strconv.Itoa(len(replicas)), i.RedisCLI(t, master.Pod, "CLIENT KILL TYPE replica"))
	d.fires(t, "RedisReplicaNone")
	d.mitigate(t, "RedisReplicaNone", 0, nil)
	for _, replica := range replicas {
		tellRedis(t, i, replica.Pod, `CONFIG SET masterauth "$REDIS_PASSWORD"`)
	}
	d.repaired = time.Now()
	d.resolves(t, resolveWithin)
}

// drillForeignMaster has a replica follow another instance's master, and the
// Sentinels forget it. The NetworkPolicy keeps the replica from its data.
func drillForeignMaster(t *testing.T, l *lab, foreign topology.Redis) {
	t.Helper()
	i := l.other
	serving := i.AwaitServing(t)
	_, replicas := split(t, serving)
	d := l.begin(i, "a replica follows another instance's master")
	tellRedis(t, i, replicas[0].Pod, "REPLICAOF "+foreign.IP+" 6379")
	tellSentinels(t, serving, "RESET", "mymaster")
	d.fires(t, "RedisForeignMaster")
	d.mitigate(t, "RedisForeignMaster", 0, map[string]string{"POD": replicas[0].Pod})
	d.resolves(t, resolveWithin)
}

// nobody is an address for documentation (RFC 5737).
const nobody = "192.0.2.1"

// drillWrongSentinel has one Sentinel name an address as the master that nobody has. Its
// successor knows no master until the operator is back.
func drillWrongSentinel(t *testing.T, l *lab) *drill {
	t.Helper()
	i := l.other
	serving := i.AwaitServing(t)
	pod := serving.Sentinels[0].Pod
	d := l.begin(i, "a Sentinel names another Redis as the master")
	require.NoError(t, askSentinel(t.Context(), pod, "REMOVE", "mymaster"))
	require.NoError(t, askSentinel(t.Context(), pod, "MONITOR", "mymaster", nobody, "6379", "2"))
	d.fires(t, "RedisSentinelForeignMaster", "RedisSentinelDisagree", "RedisSentinelWrongMaster", "RedisSentinelSettingsLost")
	d.mitigate(t, "RedisSentinelDisagree", 0, map[string]string{"POD": pod})
	return d
}

// drillStrangeMaster has a Sentinel watch a second master, and then cuts the
// exporters off from Prometheus.
func drillStrangeMaster(t *testing.T, l *lab) {
	t.Helper()
	i := l.cache
	serving := i.AwaitServing(t)
	master, _ := split(t, serving)
	pod := serving.Sentinels[0].Pod
	d := l.begin(i, "a Sentinel watches a second master")
	require.NoError(t, askSentinel(t.Context(), pod, "MONITOR", "stranger", master.IP, "6379", "2"))
	d.fires(t, "RedisSentinelMasterCountWrong")
	d.mitigate(t, "RedisSentinelMasterCountWrong", 0, map[string]string{"POD": pod})
	i.AwaitServing(t)
	d.resolves(t, resolveWithin)

	d = l.begin(i, "NetworkPolicies cut the exporters off from Prometheus")
	release := monitored(i.Name)
	release.Values["monitoring.namespace"] = `"elsewhere"`
	i.Upgrade(t, framework.Path("charts/tenant-redis"), release)
	for _, redis := range serving.Redis {
		// A connection that is there already passes any policy.
		signal, err := i.FindProcess(t.Context(), redis.Pod, "redis-exporter")
		require.NoError(t, err)
		require.NoError(t, signal(t.Context(), "KILL"))
	}
	d.fires(t, "RedisMetricsAbsent", "RedisNotScraped")
	i.Upgrade(t, framework.Path("charts/tenant-redis"), monitored(i.Name))
	d.repaired = time.Now()
	d.resolves(t, resolveWithin)
}

// drillSpentEpoch tells one Sentinel of the last epoch, in the name of another one.
func drillSpentEpoch(t *testing.T, l *lab) {
	t.Helper()
	i := l.other
	serving := i.AwaitServing(t)
	master, _ := split(t, serving)
	sentinel := func(pod string, command ...string) string {
		t.Helper()
		answer, err := framework.Ask(t.Context(), append([]string{
			"--namespace", i.Namespace, "exec", pod, "--container=sentinel", "--", "redis-cli", "-p", "26379",
		}, command...)...)
		require.NoError(t, err)
		return answer
	}
	pods := i.Pods(t, "sentinel")
	told, named := pods[0], pods[1]
	hello := fmt.Sprintf("%s,26379,%s,%d,mymaster,%s,6379,0", named.Status.PodIP, sentinel(named.Name, "SENTINEL", "MYID"), uint64(math.MaxUint64), master.IP)
	d := l.begin(i, "a Sentinel is told the last epoch")
	require.Equal(t, "1", sentinel(told.Name, "PUBLISH", "__sentinel__:hello", hello))
	d.fires(t, "RedisSentinelEpochSpent")
	d.mitigate(t, "RedisSentinelEpochSpent", 0, nil)
	i.AwaitServing(t)
	d.resolves(t, resolveWithin)
}

// flap makes one failover more than there are Redis, each as soon as Prometheus
// has seen the one before.
func flap(t *testing.T, l *lab, i *framework.Instance) *drill {
	t.Helper()
	serving := i.AwaitServing(t)
	epoch := fmt.Sprintf(`changes(tenant_redis:config_epoch:max{tenant_redis=%q}[1h])`, i.Name)
	d := l.begin(i, "the master changes four times")
	for n := 1; n <= 4; n++ {
		before := l.value(t, epoch)
		err := wait.PollUntilContextTimeout(t.Context(), time.Second, detectWithin, true, func(ctx context.Context) (bool, error) {
			// It is refused while another failover goes on.
			_ = askSentinel(ctx, serving.Sentinels[0].Pod, "FAILOVER", "mymaster")
			for range 10 {
				if now, err := l.monitoring.Value(ctx, epoch); err == nil && now > before {
					return true, nil
				}
				if err := pause(ctx, time.Second); err != nil {
					return false, err
				}
			}
			return false, nil
		})
		require.NoError(t, err, "Prometheus does not see failover %d", n)
	}
	d.fires(t, "RedisFailoverFlapping", "RedisFailover")
	i.AwaitServing(t)
	return d
}

func (l *lab) value(t *testing.T, query string) float64 {
	t.Helper()
	value, err := l.monitoring.Value(t.Context(), query)
	require.NoError(t, err)
	return value
}

// drillOrphan is about the instance whose RedisFailover was deleted while no
// operator saw it. Once it is back, a Pod is lost that no node takes.
func drillOrphan(t *testing.T, l *lab) {
	t.Helper()
	i := l.session
	l.orphaned.fires(t, "RedisNotReconciled")
	i.Upgrade(t, framework.Path("charts/tenant-redis"), monitored(i.Name, withSessions))
	l.orphaned.repaired = time.Now()
	l.orphaned.resolves(t, resolveWithin)

	_, replicas := split(t, i.AwaitServing(t))
	node := nodeOf(t, i.Namespace, replicas[0].Pod)
	t.Cleanup(func() { _ = kubectl(framework.CleanupContext(t), "uncordon", node) })
	d := l.begin(i, "a Pod is lost and no node takes the next one")
	require.NoError(t, kubectl(t.Context(), "cordon", node))
	require.NoError(t, kubectl(t.Context(), "--namespace", i.Namespace, "delete", "pod", replicas[0].Pod))
	d.fires(t, "RedisHealingBlocked", "RedisPodMissing")
	listed := d.mitigate(t, "RedisHealingBlocked", 0, nil)
	require.Regexp(t, regexp.MustCompile(`(?m)^`+node+` +true$`), listed, "the runbook shows the node that is closed")
	d.mitigate(t, "RedisHealingBlocked", 1, map[string]string{"NODE": node})
	i.AwaitServing(t)
	d.resolves(t, resolveWithin)
}
