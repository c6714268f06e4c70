package alerts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// example is a fault and the alert for it.
type example struct {
	alert string
	// fault strikes the target, and then each of the others, of which the
	// target's alert must know nothing; once strikes what there is one of.
	fault func(*instance)
	once  func(*world)
	// want is what fires after the rule's "for" and minutes more, margin by
	// default.
	want    alerts
	minutes int
	// silent are faults that the alert is not for, silentAfter minutes.
	silent      faults
	silentAfter int
}

type (
	alerts []struct {
		description string
		labels      labelled
	}
	labelled = map[string]string
	faults   map[string]func(*instance)
)

// alert is one without labels of its own.
func alert(description string) alerts {
	return alerts{{description: description}}
}

func examples() []example {
	return append(slices.Clone(tenantExamples), operatorExamples...)
}

// scene is a world, and what is to fire in it.
type scene struct {
	name    string
	change  func(*world)
	want    alerts
	minutes int
}

// scenes returns all that follows from an example.
func (e example) scenes(rule rulefmt.Rule) []scene {
	hold := int(time.Duration(rule.For).Minutes())
	due := hold + max(e.minutes, margin)
	strike := e.once
	if strike == nil {
		strike = func(w *world) { e.fault(w.instances[0]) }
	}
	found := append(e.silents(due), scene{"fires", strike, e.want, due})
	if hold > 0 {
		found = append(found, scene{"silent until it has lasted", strike, nil, hold - 1})
	}
	if e.fault != nil {
		for n, name := range []string{"silent when it is the neighbour", "silent when it is the namesake"} {
			found = append(found, scene{name, func(w *world) { e.fault(w.instances[n+1]) }, nil, due})
		}
	}
	return found
}

func (e example) silents(due int) []scene {
	var found []scene
	for _, name := range slices.Sorted(maps.Keys(e.silent)) {
		found = append(found, scene{"silent when " + name, func(w *world) { e.silent[name](w.instances[0]) }, nil, max(due, e.silentAfter)})
	}
	return found
}

// play stores the scene's world as far as the rule reads it.
func (s scene) play(t *testing.T, rule rulefmt.Rule, record *rulefmt.Rule) *lab {
	t.Helper()
	w := healthy(t)
	s.change(w)
	return scraped(t, w, rule, record, s.minutes)
}

// expected returns what the scene is to fire, complete.
func (s scene) expected(rule rulefmt.Rule) []fired {
	var want []fired
	for _, a := range s.want {
		labels := maps.Clone(rule.Labels)
		labels["alertname"] = rule.Alert
		maps.Copy(labels, a.labels)
		annotations := maps.Clone(rule.Annotations)
		annotations["description"] = a.description
		want = append(want, fired{labels, annotations})
	}
	return want
}

// recordOf returns the recording rule that an alert reads, if any.
func recordOf(t *testing.T, all rules, rule rulefmt.Rule) *rulefmt.Rule {
	t.Helper()
	for _, metric := range metrics(t, rule.Expr) {
		if record, found := all[metric]; found {
			return &record
		}
	}
	return nil
}

// TestAlerts holds that each alert fires with its fault, as exactly these
// labels and texts, and is silent before it, in an instance beside, and when
// something else is wrong.
func TestAlerts(t *testing.T) {
	all := everything(t)
	for _, e := range examples() {
		rule, found := all[e.alert]
		require.True(t, found, e.alert)
		for _, scene := range e.scenes(rule) {
			t.Run(e.alert+"/"+scene.name, func(t *testing.T) {
				before, after := scene.play(t, rule, recordOf(t, all, rule)).fires(rule)
				assert.Empty(t, before, "before the fault")
				assert.Equal(t, scene.expected(rule), after)
			})
		}
	}
}

// TestEachAlertHasExamples also holds that none is tested that is gone.
func TestEachAlertHasExamples(t *testing.T) {
	var tested []string
	for _, e := range examples() {
		tested = append(tested, e.alert)
	}
	slices.Sort(tested)
	assert.Equal(t, everything(t).alerts(), slices.Compact(tested))
}

// TestForm holds what all alerts have in common.
func TestForm(t *testing.T) {
	for name, rule := range everything(t) {
		if rule.Record != "" {
			continue
		}
		assert.Regexp(t, `^Redis[A-Z][A-Za-z]+$`, name)
		assert.Contains(t, []string{"critical", "warning"}, rule.Labels["severity"], name)
		assert.Regexp(t, `^[A-Z][^{}<>]+\.$`, rule.Annotations["summary"], "%s: the same for each alert of its name", name)
		assert.NotRegexp(t, `<[a-zA-Z]+>`, rule.Expr+rule.Annotations["description"], "%s: a placeholder is left", name)
		assert.Regexp(t, `^https://.*/docs/runbooks/`+name+`\.md$`, rule.Annotations["runbook_url"], name)
		assert.Regexp(t, `^NAMESPACE=redis-system\nNAME=(`+target.name+`|redis-operator)\n$`, rule.Annotations["runbook_variables"], "%s: ready to paste", name)
	}
}

// TestInstance holds that alerts say whose they are and where to look.
func TestInstance(t *testing.T) {
	for name, rule := range tenant(t, "monitoring.alertLabels.tenant=team-a") {
		if rule.Record != "" {
			continue
		}
		assert.Equal(t, map[string]string{
			"severity": rule.Labels["severity"], "namespace": target.namespace, "tenant_redis": target.name, "tenant": "team-a",
		}, rule.Labels, name)
		assert.Equal(t, "https://grafana.example/d/tenant-redis?var-namespace=redis-system&var-instance=cache",
			rule.Annotations["dashboard_url"], name)
	}
}

// TestOperatorLabels holds the same of the operator's own.
func TestOperatorLabels(t *testing.T) {
	for name, rule := range operator(t, "monitoring.alertLabels.team=platform") {
		if rule.Record != "" {
			continue
		}
		assert.Equal(t, "platform", rule.Labels["team"], name)
	}
}

// TestExcluded takes one alert out, and by purpose and prober others.
func TestExcluded(t *testing.T) {
	all := tenant(t)
	less := tenant(t, "monitoring.excludedAlerts={RedisFailover}")
	assert.Contains(t, all, "RedisFailover")
	assert.NotContains(t, less, "RedisFailover")
	assert.Len(t, less, len(all)-1)
	assert.NotContains(t, operator(t, "monitoring.excludedAlerts={RedisOperatorDown}"), "RedisOperatorDown")

	assert.Contains(t, all, "RedisCacheTooSmall")
	assert.NotContains(t, all, "RedisMemoryNearLimit")
	assert.NotContains(t, tenant(t, "purpose=session"), "RedisCacheTooSmall")
	for _, name := range []string{"RedisUnreachable", "RedisProbeAbsent", "RedisErrorBudgetFastBurn", "RedisErrorBudgetSlowBurn", "tenant_redis:service_down"} {
		assert.NotContains(t, tenant(t, "monitoring.probe.prober="), name)
	}
	assert.NotContains(t, all, "RedisWriteProbeAbsent")
	assert.Contains(t, written(t), "RedisErrorBudgetFastBurn")
	assert.NotContains(t, written(t), "RedisUnreachable")
	assert.NotContains(t, tenant(t, "proxy.enabled=false", "proxy.tls.existingSecret="), "RedisProxyMissing")
	assert.NotContains(t, tenant(t, "proxy.tls.existingSecret="), "RedisCertificateExpiring")
}

// TestMigration holds that none of the alerts that an instance has while it copies
// another Redis is for what it has not got yet, a master, Sentinels and clients,
// that no other was left out, and that a copy which does not get on is told of.
func TestMigration(t *testing.T) {
	serving, migrating := tenant(t), tenant(t, "migrateFrom=192.0.2.1")
	unheard := serving.during(t, copies(1))
	assert.NotEmpty(t, unheard)
	// It stays, for Redis, and counts no Sentinels.
	unheard = slices.DeleteFunc(unheard, func(name string) bool { return name == "RedisPodMissing" })
	assert.Equal(t, unheard, slices.DeleteFunc(serving.alerts(), func(name string) bool {
		_, kept := migrating[name]
		return kept
	}))
	assert.Empty(t, migrating.during(t, copies(1)))
	assert.Equal(t, []string{"RedisReplicationBroken"}, migrating.during(t, copies(0)))
}

// copies has the target copy another Redis, with its links up (1) or down (0).
func copies(link float64) func(*world) {
	return func(w *world) {
		i := w.instances[0]
		i.redis[0] = i.pod("redis-replica", "redis", "rfr-cache-0", 11, 9121)
		each(i.redis, func(s *scrape) { s.follows("192.0.2.1", link) })
		each(i.sentinel, (*scrape).vanish)
		each(i.proxy, func(s *scrape) { s.set("haproxy_backend_active_servers", always(0)) })
		i.probe.set("probe_success", always(0))
	}
}

// during returns the names of the alerts that fire in the end.
func (r rules) during(t *testing.T, change func(*world)) []string {
	t.Helper()
	const longest = 30 // minutes, the most that a rule waits
	var found []string
	for _, name := range r.alerts() {
		scene := scene{"", change, nil, longest + margin}
		if _, after := scene.play(t, r[name], recordOf(t, r, r[name])).fires(r[name]); len(after) > 0 {
			found = append(found, name)
		}
	}
	return found
}

// TestScope holds that each selector of the tenant's chart names the instance and
// no other that is like it.
func TestScope(t *testing.T) {
	for _, all := range []rules{tenant(t), written(t)} {
		assertScope(t, all)
	}
}

func assertScope(t *testing.T, all rules) {
	t.Helper()
	for name, rule := range all {
		parsed, err := promql.ParseExpr(rule.Expr)
		require.NoError(t, err)
		for _, selector := range parser.ExtractSelectors(parsed) {
			exact := map[string]string{}
			for _, m := range selector {
				if m.Type == labels.MatchEqual {
					exact[m.Name] = m.Value
				}
			}
			if strings.HasPrefix(exact[model.MetricNameLabel], "kooper_controller_event_") {
				// Whether there is an operator at all, and how far behind it is.
				continue
			}
			assert.Equal(t, target.namespace, cmp.Or(exact["exported_namespace"], exact["namespace"]), name)
			assert.Equal(t, target.name, exact["tenant_redis"]+strings.TrimPrefix(exact["name"], "rfr-"), name)
		}
	}
}

// critical are the alerts that somebody gets up for. One that is made less of, or
// more, changes this list, too.
var critical = []string{
	"RedisConnectionsRejected", "RedisFailoverFlapping", "RedisForeignMaster", "RedisHealingBlocked", "RedisMasterMissing",
	"RedisMetricsAbsent", "RedisMultipleMasters", "RedisNotReconciled", "RedisOperatorDown", "RedisOperatorNotReconciling",
	"RedisOperatorReconcileFailing", "RedisProxyWithoutMaster", "RedisReplicaNone", "RedisSentinelDisagree",
	"RedisSentinelEpochSpent", "RedisSentinelForeignMaster", "RedisSentinelMasterCountWrong", "RedisSentinelMasterDown", "RedisSentinelMetricsAbsent", "RedisSentinelNoCandidate",
	"RedisSentinelQuorumLost", "RedisSentinelWrongMaster", "RedisUnreachable", "RedisWritesRefused",
}

func TestCritical(t *testing.T) {
	all := everything(t)
	assert.Equal(t, critical, slices.DeleteFunc(all.alerts(), func(name string) bool { return all[name].Labels["severity"] != "critical" }))
}

// TestMemoryNearKill holds that its threshold is of the memory that the
// container of Redis gets.
func TestMemoryNearKill(t *testing.T) {
	for _, c := range []struct{ size, limit, mebibytes string }{
		{"small", "256Mi", "256"},
		{"large", "4Gi", "4096"},
		{"own,redis.memory=1500Mi,redis.cpu=1500m", "1500Mi", "1500"},
	} {
		var failover struct {
			Spec struct {
				Redis struct {
					Resources struct{ Limits map[string]string }
				}
			}
		}
		manifest := template(t, "tenant-redis", target.name, target.namespace, "redisfailover", "auth.enabled=false", "size="+c.size)
		require.NoError(t, yaml.Unmarshal([]byte(manifest), &failover))
		assert.Equal(t, c.limit, failover.Spec.Redis.Resources.Limits["memory"])
		assert.Contains(t, tenant(t, "size="+c.size)["RedisMemoryNearKill"].Expr, "/ ("+c.mebibytes+" * 1024 * 1024)")
	}
}

// TestPodMonitors holds that a Pod whose container cannot start is missing: it has
// an address, so that Prometheus would find it and count it.
func TestPodMonitors(t *testing.T) {
	for _, component := range []string{"redis", "sentinel", "proxy", "probe"} {
		var monitor struct {
			Spec struct {
				PodMetricsEndpoints []struct {
					Relabelings []relabeling
				}
			}
		}
		manifest := template(t, "tenant-redis", target.name, target.namespace, "podmonitor-"+component, "auth.enabled=false", "proxy.enabled=true", "monitoring.probe.writes=true")
		require.NoError(t, yaml.Unmarshal([]byte(manifest), &monitor))
		require.Len(t, monitor.Spec.PodMetricsEndpoints, 1)
		found := func(phase string) (map[string]string, bool) {
			builder := labels.NewBuilder(labels.FromStrings("__meta_kubernetes_pod_phase", phase, "__meta_kubernetes_pod_ip", "10.1.0.11"))
			for _, r := range monitor.Spec.PodMetricsEndpoints[0].Relabelings {
				if !relabel.ProcessBuilder(builder, r.config()) {
					return nil, false
				}
			}
			return builder.Labels().Map(), true
		}
		_, pending := found("Pending")
		assert.False(t, pending, component)
		running, kept := found("Running")
		assert.True(t, kept, component)
		assert.Equal(t, []string{"cache", component, "10.1.0.11"}, []string{running["tenant_redis"], running["component"], running["pod_ip"]})
	}
}

// relabeling is one of a monitor.
type relabeling struct {
	Action, Regex, TargetLabel, Replacement string
	SourceLabels                            []model.LabelName
	Modulus                                 uint64
}

// config fills in what is not there, as the Prometheus Operator does.
func (r relabeling) config() *relabel.Config {
	config := relabel.DefaultRelabelConfig
	config.SourceLabels, config.TargetLabel = r.SourceLabels, r.TargetLabel
	config.Action = relabel.Action(cmp.Or(r.Action, "replace"))
	config.Regex = relabel.MustNewRegexp(cmp.Or(r.Regex, "(.*)"))
	config.Replacement = cmp.Or(r.Replacement, "$1")
	config.Modulus = r.Modulus
	config.NameValidationScheme = model.UTF8Validation
	return &config
}

// sharding is what the Prometheus Operator v0.85 adds for the first of two shards.
var sharding = []relabeling{
	{SourceLabels: []model.LabelName{"__address__", "__tmp_hash"}, Regex: "(.+);", TargetLabel: "__tmp_hash", Replacement: "$1"},
	{SourceLabels: []model.LabelName{"__tmp_hash"}, TargetLabel: "__tmp_hash", Modulus: 2, Action: "hashmod"},
	{SourceLabels: []model.LabelName{"__tmp_hash", "__tmp_disable_sharding"}, Regex: "0;|.+;.+", Action: "keep"},
}

// TestShards holds that each shard of a Prometheus has all targets of an instance
// and of the operator: it evaluates all alerts, and with half of the Pods some
// would fire for ever.
func TestShards(t *testing.T) {
	// The control: without it, half of the targets are left.
	assert.InDelta(t, 32, kept(nil), 16)
	for _, component := range []string{"redis", "sentinel", "proxy"} {
		assert.Equal(t, 64, kept(relabelings(t, "tenant-redis", "podmonitor-"+component, "auth.enabled=false", "proxy.enabled=true")), component)
	}
	assert.Equal(t, 64, kept(relabelings(t, "tenant-redis", "probe", "auth.enabled=false", "monitoring.probe.prober=a:1")))
	assert.Equal(t, 64, kept(relabelings(t, "redis-operator", "podmonitor")))
}

// kept is how many of 64 targets are left to the first shard.
func kept(own []relabeling) int {
	count := 0
	for n := range 64 {
		builder := labels.NewBuilder(labels.FromStrings("__meta_kubernetes_pod_phase", "Running", "__address__", fmt.Sprintf("10.1.0.%d:9121", n)))
		if !slices.ContainsFunc(append(slices.Clone(own), sharding...), func(r relabeling) bool { return !relabel.ProcessBuilder(builder, r.config()) }) {
			count++
		}
	}
	return count
}

// relabelings are those of a monitor of a chart.
func relabelings(t *testing.T, chart, name string, set ...string) []relabeling {
	t.Helper()
	var monitor struct {
		Spec struct {
			PodMetricsEndpoints []struct{ Relabelings []relabeling }
			Targets             struct {
				StaticConfig struct{ RelabelingConfigs []relabeling }
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(template(t, chart, target.name, target.namespace, name, set...)), &monitor))
	found := monitor.Spec.Targets.StaticConfig.RelabelingConfigs
	for _, endpoint := range monitor.Spec.PodMetricsEndpoints {
		found = append(found, endpoint.Relabelings...)
	}
	return found
}
