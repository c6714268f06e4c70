package alerts

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shownRecord is a recording rule that dashboards read and no alert, with worlds in which its
// parts matter.
type shownRecord struct {
	record string
	worlds map[string]func(*world)
	// want is what it records in each of them, by its labels.
	want map[string]float64
}

var shownRecords = []shownRecord{
	{
		record: "tenant_redis:command_seconds:max",
		worlds: map[string]func(*world){
			"several are slow": func(w *world) {
				w.instances[0].slow(0, 0.1)
				w.instances[0].slow(1, 0.01)
				w.instances[1].slow(2, 0.2)
				w.instances[2].slow(0, 0.3)
			},
		},
		want: map[string]float64{
			`namespace="redis-system", tenant_redis="cache"`: 0.1,
			`namespace="redis-system", tenant_redis="other"`: 0.2,
			`namespace="elsewhere", tenant_redis="cache"`:    0.3,
		},
	},
	{
		record: "tenant_redis:command_seconds:max",
		worlds: map[string]func(*world){
			"one Redis runs commands": func(w *world) { w.instances[1].slow(0, 0.1) },
		},
		want: map[string]float64{`namespace="redis-system", tenant_redis="other"`: 0.1},
	},
	{
		record: "redis_operator:k8s_operations:rate5m",
		worlds: map[string]func(*world){
			"another operator works": othersCall,
			"the operator is scraped without honorLabels": func(w *world) {
				othersCall(w)
				w.override()
			},
		},
		want: map[string]float64{
			`job="redis-operator", kind="Service", namespace="redis-system", operation="GET"`:        0.1,
			`job="redis-operator", kind="StatefulSet", namespace="redis-system", operation="GET"`:    0.3,
			`job="redis-operator", kind="StatefulSet", namespace="redis-system", operation="UPDATE"`: 0.1,
		},
	},
}

// slow has a Redis of the instance run commands that take so many seconds each, beside
// one that waits by design.
func (i *instance) slow(redis int, seconds float64) {
	for command, paces := range map[string][2]float64{"get": {600, 600 * seconds}, "blpop": {60, 6000}} {
		for n, metric := range []string{"redis_commands_total", "redis_commands_duration_seconds_total"} {
			i.redis[redis].add(fmt.Sprintf("%s{cmd=%q}", metric, command), grows(paces[n]))
		}
	}
}

// othersCall has the operator of another release and one of another kind call Kubernetes.
func othersCall(w *world) {
	for n, other := range w.others {
		other.labels["instance"] = fmt.Sprintf("10.0.1.%d:9710", n)
		other.add(`redis_operator_controller_k8s_operations_total{namespace="without",kind="Service",name="rfr-a",operation="GET",status="SUCCESS",err="NA"}`, grows(60))
	}
}

// recorded returns what a rule records in a world, by its labels.
func (k shownRecord) recorded(t *testing.T, rule rulefmt.Rule, change func(*world)) map[string]float64 {
	t.Helper()
	w := healthy(t)
	change(w)
	l := newLab(t, 100_000, margin)
	all := w.scrape(metrics(t, rule.Expr))
	for minute := -10; minute <= l.minutes; minute++ {
		l.scrape(all, minute)
		l.record(rule, minute)
	}
	query, err := l.engine.NewInstantQuery(t.Context(), l.storage, nil, k.record, at(l.minutes))
	require.NoError(t, err)
	defer query.Close()
	vector, err := query.Exec(t.Context()).Vector()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, sample := range vector {
		own := labels.NewBuilder(sample.Metric).Del("__name__").Labels().String()
		found[strings.Trim(own, "{}")] = sample.F
	}
	return found
}

// is tells whether that is what is wanted, but for rounding.
func (k shownRecord) is(found map[string]float64) bool {
	return assert.InDeltaMapValues(new(testing.T), k.want, found, 1e-9)
}

// TestRecordsForDashboards holds what the rules record that no alert reads, and that no
// part of them could be left out.
func TestRecordsForDashboards(t *testing.T) {
	all := everything(t)
	told, mutated := map[string]bool{}, map[string]rulefmt.Rule{}
	for _, k := range shownRecords {
		for name, change := range k.worlds {
			assert.InDeltaMapValues(t, k.want, k.recorded(t, all[k.record], change), 1e-9, "%s: %s", k.record, name)
			for what, mutant := range recordMutants(t, all[k.record]) {
				mutated[k.record+" without "+what] = mutant
				if !k.is(k.recorded(t, mutant, change)) {
					told[k.record+" without "+what] = true
				}
			}
		}
	}
	assert.Greater(t, len(mutated), 20)
	for what, mutant := range mutated {
		assert.True(t, told[what], "no world tells %s:\n%s", what, mutant.Expr)
	}
}

// TestRecordsAreNamed holds that a record is called level:metric, or with what was done
// to it.
func TestRecordsAreNamed(t *testing.T) {
	for name, rule := range everything(t) {
		if rule.Record != "" {
			assert.Regexp(t, `^(tenant_redis|redis_operator):[a-z0-9_]+(:[a-z0-9]+)?$`, name)
		}
	}
}

// TestGraphsSayThatTheyNeedRules holds that a graph of all instances which draws what rules
// record says whose, where it has nothing to draw.
func TestGraphsSayThatTheyNeedRules(t *testing.T) {
	level := regexp.MustCompile(`\b(tenant_redis|redis_operator):`)
	charts := map[string]string{"tenant_redis": "tenant-redis", "redis_operator": "redis-operator"}
	count := 0
	for _, d := range dashboards(t, "administrators") {
		for _, p := range d.unfolded() {
			if p.Type != "timeseries" {
				continue
			}
			for _, target := range p.Targets {
				for _, match := range level.FindAllStringSubmatch(target.Expr, -1) {
					assert.Contains(t, p.FieldConfig.Defaults.NoValue, charts[match[1]]+" installs with monitoring.enabled", "%s: %s", d.UID, p.Title)
					count++
				}
			}
		}
	}
	assert.Positive(t, count)
}

// TestVerdicts holds that the operator's dashboard shows each Redis that it looks after,
// whatever stops it there, and none that was deleted.
func TestVerdicts(t *testing.T) {
	w := healthy(t)
	w.instances[1].unseen()
	w.instances[0].namesakes()
	// Each pass over one ends with its first question.
	stopped := instance{id: id{target.namespace, "stopped"}}
	w.operator[0].add(stopped.clusterOK(), always(0))
	w.operator[0].add(stopped.begins(), grows(2))
	assert.Equal(t, map[string]string{
		`{name="cache", namespace="redis-system"}`:   "1",
		`{name="cache", namespace="elsewhere"}`:      "1",
		`{name="stopped", namespace="redis-system"}`: "0",
	}, latestOf(t, w, "redis-operator: Verdict on each Redis"))
}

// TestFailedChecks holds that the operator's dashboard counts what began within the
// interval, also with its first time, and nothing that is over or whose Sentinel is gone.
func TestFailedChecks(t *testing.T) {
	const within = 8 // of minutes 5 to 10, the interval
	w := healthy(t)
	check := func(resource, pod string, v value) {
		w.operator[0].add(fmt.Sprintf(`redis_operator_controller_sentinel_checks_total{namespace="a",resource=%q,indicator="I",instance=%q,status="UNHEALTHY"}`, resource, pod), v)
	}
	jumps := func(from, to float64) value {
		return func(minute int) (float64, bool) {
			if minute < within {
				return from, from > 0
			}
			return to, to > 0
		}
	}
	check("new", "1", jumps(0, 1))
	check("again", "1", jumps(2, 5))
	check("again", "2", jumps(0, 4))
	check("replaced", "1", jumps(9, 0))
	check("replaced", "2", jumps(0, 3))
	check("over", "1", jumps(7, 7))
	check("gone", "1", jumps(7, 0))
	assert.Equal(t, map[string]string{
		`{indicator="I", namespace="a", resource="new"}`:      "1",
		`{indicator="I", namespace="a", resource="again"}`:    "7",
		`{indicator="I", namespace="a", resource="replaced"}`: "3",
	}, latestOf(t, w, "redis-operator: Failed checks of Sentinel"))
}

// latestOf is what a panel of the administrators' shows last, by labels.
func latestOf(t *testing.T, w *world, panel string) map[string]string {
	t.Helper()
	var asked []question
	for _, q := range questions(t, "administrators") {
		if strings.HasPrefix(q.name, panel) {
			q.instant = true
			asked = append(asked, q)
		}
	}
	require.Len(t, asked, 1)
	found := map[string]string{}
	for series, points := range shown(t, w, asked).answer(asked[0]) {
		found[series], _, _ = strings.Cut(strings.Trim(points, "["), " ")
	}
	return found
}

// TestPassBegins holds that both versions of the operator begin a pass with the question
// for the Service rfr-NAME, which they count: by that the dashboard knows whom they look
// after.
func TestPassBegins(t *testing.T) {
	const begin = `func \(\w+ \*\w+\) `
	for _, version := range []string{"1.2", "1.3"} {
		const module = "github.com/spotahome/redis-operator"
		source := moduleSource(t, version, module, "operator/redisfailover") +
			moduleSource(t, version, module, "operator/redisfailover/service") +
			moduleSource(t, version, module, "service/k8s")
		for _, first := range []string{
			`Ensure\(.*\n\tif rf\.Spec\.Redis\.Exporter\.Enabled {\n.*EnsureRedisService\((?:.*\n){3}\t} else {\n.*EnsureNotPresentRedisService\(`,
			`EnsureNotPresentRedisService\(.*\n\tname := GetRedisName\(rf\)\n(?:.*\n){2}.*GetService\(namespace, name\)`,
			`EnsureRedisService\(.*\n.*generateRedisService\(.*\n.*CreateOrUpdateService\(`,
			`CreateOrUpdateService\(.*\n.*GetService\(`,
			`GetService\(.*\n.*\n\trecordMetrics\(namespace, "Service", name, "GET", err,`,
		} {
			assert.Regexp(t, begin+first, source, version)
		}
		assert.Regexp(t, `func generateRedisService\(.*\n\tname := GetRedisName\(rf\)`, source, version)
		assert.Regexp(t, `baseName += "rf"\n(?:.*\n)+?\s+redisName += "r"\n`, source, version)
	}
}
