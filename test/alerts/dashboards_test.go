package alerts

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	engine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dashboard is what a file of redis-dashboards holds, as far as queries go.
type dashboard struct {
	UID    string
	Panels []panel
	// Annotations are marks on all graphs.
	Annotations struct {
		List []struct{ Name, Expr string }
	}
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

type panel struct {
	Type, Title, Description string
	// Panels are those of a closed row.
	Panels  []panel
	Targets []struct {
		Expr, LegendFormat, RefID string
		Instant                   bool
	}
	FieldConfig struct {
		Defaults struct {
			NoValue    string
			Thresholds struct{ Steps []struct{ Value *float64 } }
			Mappings   []struct {
				Type    string
				Options map[string]any
			}
		}
	}
}

// unfolded returns all rows and panels, those of closed rows included.
func (d dashboard) unfolded() []panel {
	var all []panel
	for _, p := range d.Panels {
		all = append(append(all, p), p.Panels...)
	}
	return all
}

// question is one query of a dashboard, with what Grafana writes for ranges.
type question struct {
	// name is the dashboard, the panel and the query in it.
	name, expr, legend string
	instant            bool
}

// dashboards returns those for an audience.
func dashboards(t *testing.T, audience string) []dashboard {
	t.Helper()
	files, err := filepath.Glob(repository + "/charts/redis-dashboards/dashboards/" + audience + "/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all []dashboard
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var d dashboard
		require.NoError(t, json.Unmarshal(text, &d), file)
		all = append(all, d)
	}
	return all
}

var ranges = strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h")

// questions returns all queries of a dashboard.
func (d dashboard) questions() []question {
	var all []question
	for _, p := range d.unfolded() {
		for _, target := range p.Targets {
			name := fmt.Sprintf("%s: %s %s", d.UID, p.Title, target.RefID)
			all = append(all, question{name, ranges.Replace(target.Expr), target.LegendFormat, target.Instant})
		}
	}
	for _, a := range d.Annotations.List {
		all = append(all, question{d.UID + ": annotation " + a.Name, ranges.Replace(a.Expr), "", false})
	}
	return all
}

func questions(t *testing.T, audience string) []question {
	t.Helper()
	var all []question
	for _, d := range dashboards(t, audience) {
		all = append(all, d.questions()...)
	}
	require.NotEmpty(t, all)
	return all
}

// bound are values of variables in a dashboard of the target.
var bound = strings.NewReplacer("$cluster", "", "$namespace", target.namespace, "$instance", target.name)

// TestDashboardsOfTenantsAreScoped holds that no query of theirs can take a
// series of another instance.
func TestDashboardsOfTenantsAreScoped(t *testing.T) {
	for _, q := range questions(t, "tenants") {
		assert.Empty(t, outOfScope(t, q.expr, "$namespace", "$instance"), q.name)
	}
}

// TestOutOfScopeIsFound is its control: each matcher of each selector is needed.
func TestOutOfScopeIsFound(t *testing.T) {
	count := 0
	for _, q := range questions(t, "tenants") {
		for _, label := range []string{"cluster", "namespace", "tenant_redis", "name"} {
			matcher := regexp.MustCompile(`\b` + label + `="\$`)
			for _, place := range matcher.FindAllStringIndex(q.expr, -1) {
				mutant := q.expr[:place[0]] + label + `!="$` + q.expr[place[1]:]
				assert.NotEmpty(t, outOfScope(t, mutant, "$namespace", "$instance"), "%s:\n%s", q.name, mutant)
				count++
			}
		}
	}
	assert.Greater(t, count, 100)
	for _, loose := range []string{
		`up{namespace=~"$namespace",tenant_redis="$instance"}`, `up{namespace="$namespace"}`, `up{tenant_redis="$instance"}`,
		`up{namespace="redis-system",tenant_redis="$instance"}`, `up{namespace="$namespace",name="$instance"}`,
	} {
		assert.NotEmpty(t, outOfScope(t, loose, "$namespace", "$instance"), loose)
	}
}

// outOfScope returns the selectors that do not name the instance.
func outOfScope(t *testing.T, expr, namespace, instance string) []string {
	t.Helper()
	parsed, err := promql.ParseExpr(expr)
	require.NoError(t, err, expr)
	var found []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		equals := func(label, value string) bool {
			return slices.ContainsFunc(selector.LabelMatchers, func(m *labels.Matcher) bool {
				return m.Type == labels.MatchEqual && m.Name == label && m.Value == value
			})
		}
		// The operator calls the label of an instance by another name.
		own := "tenant_redis"
		if strings.HasPrefix(selector.Name, "redis_operator_") {
			own = "name"
		}
		if !equals("cluster", "$cluster") || !equals("namespace", namespace) || !equals(own, instance) {
			found = append(found, selector.String())
		}
		return nil
	})
	return found
}

// TestDashboardsOfAdministratorsAreScoped holds that they show Redis of this
// project and its operator alone.
func TestDashboardsOfAdministratorsAreScoped(t *testing.T) {
	for _, q := range questions(t, "administrators") {
		for _, selector := range selectors(t, q.expr) {
			_, instance := selector["tenant_redis"]
			assert.True(t, instance || selector["job"] == "redis-operator", "%s: %v", q.name, selector)
			assert.Equal(t, "$cluster", selector["cluster"], "%s: %v", q.name, selector)
		}
	}
}

// TestDashboardMetricsAreRecorded holds that every metric and label that a query
// reads is emitted, or is a recording rule of ours.
func TestDashboardMetricsAreRecorded(t *testing.T) {
	known := emitted(t, "")
	for _, q := range questions(t, "*") {
		assert.Empty(t, unknown(t, known, q.expr), q.name)
	}
}

// busy are three instances and an operator with something on every panel.
func busy(t *testing.T) *world {
	t.Helper()
	w := healthy(t)
	for _, i := range w.instances {
		each(i.redis, func(s *scrape) { s.grow(`{__name__=~".+_total|redis_replica_.+"}`, 60) })
		each(i.sentinel, i.failover(steps(5, 1, 2)))
		firing := &scrape{t: t, labels: map[string]string{"namespace": i.namespace, "tenant_redis": i.name}}
		firing.add(fmt.Sprintf(`ALERTS{alertname="RedisNotAnswering",alertstate="firing",severity="critical",pod="rfr-%s-0"}`, i.name), always(1))
		w.others = append(w.others, firing)
	}
	w.operator[0].grow(`{__name__=~".+_total"}`, 2)
	return w
}

// shown is a lab in which dashboards look at the last minutes.
func shown(t *testing.T, w scraper, asked []question) *lab {
	t.Helper()
	return watched(t, w, asked, everything(t))
}

// watched is shown with the records of these rules.
func watched(t *testing.T, w scraper, asked []question, all rules) *lab {
	t.Helper()
	l := newLab(t, 1_000_000, 10)
	var records []rulefmt.Rule
	var wanted []string
	for _, rule := range all {
		if rule.Record != "" {
			records = append(records, rule)
			wanted = append(wanted, metrics(t, rule.Expr)...)
		}
	}
	for _, q := range asked {
		wanted = append(wanted, metrics(t, bound.Replace(q.expr))...)
	}
	scraped := w.scrape(wanted)
	for minute := -10; minute <= l.minutes; minute++ {
		l.scrape(scraped, minute)
		for _, record := range records {
			l.record(record, minute)
		}
	}
	return l
}

// answer returns the series of a query, by their labels, over the time shown.
func (l *lab) answer(q question) map[string]string {
	l.t.Helper()
	start := at(-10)
	if q.instant {
		start = at(l.minutes)
	}
	asked, err := l.engine.NewRangeQuery(l.t.Context(), l.storage, nil, bound.Replace(q.expr), start, at(l.minutes), time.Minute)
	require.NoError(l.t, err, q.name)
	defer asked.Close()
	result := asked.Exec(l.t.Context())
	require.NoError(l.t, result.Err, "%s:\n%s", q.name, q.expr)
	matrix, err := result.Matrix()
	require.NoError(l.t, err, q.name)
	answers := map[string]string{}
	for _, series := range matrix {
		if slices.ContainsFunc(series.Floats, func(p engine.FPoint) bool { return math.IsNaN(p.F) || math.IsInf(p.F, 0) }) {
			l.t.Errorf("%s: %s is no number: %v", q.name, series.Metric, series.Floats)
		}
		answers[series.Metric.String()] = fmt.Sprint(series.Floats)
	}
	return answers
}

// TestStatusIsGreenForNothingCritical holds that nobody reads "Up" while something
// critical fires.
func TestStatusIsGreenForNothingCritical(t *testing.T) {
	var status []question
	for _, d := range dashboards(t, "tenants") {
		for _, p := range d.Panels {
			if p.Title != "Status" {
				continue
			}
			status = append(status, dashboard{UID: d.UID, Panels: []panel{p}}.questions()...)
			for _, mapping := range p.FieldConfig.Defaults.Mappings {
				for value, shown := range mapping.Options {
					state, isState := shown.(map[string]any)
					assert.Equal(t, mapping.Type == "value" && value == "1", isState && state["color"] == "green", "%s: %s", d.UID, value)
				}
			}
		}
	}
	require.Len(t, status, 2)
	for alert, want := range map[string]string{
		"":                                       "[1 ",
		`alertstate="firing",severity="warning"`: "[1 ",
		`alertstate="pending",severity="critical"`: "[1 ",
		`alertstate="firing",severity="critical"`:  "[1.5 ",
	} {
		w := healthy(t)
		firing := &scrape{t: t, labels: map[string]string{"namespace": target.namespace, "tenant_redis": target.name}}
		if alert != "" {
			firing.add(`ALERTS{alertname="RedisNotAnswering",`+alert+`}`, always(1))
		}
		w.others = append(w.others, firing)
		l := shown(t, w, status)
		for _, q := range status {
			answers := slices.Collect(maps.Values(l.answer(q)))
			require.Len(t, answers, 1)
			assert.True(t, strings.HasPrefix(answers[0], want), "%s: %s while %q fires", q.name, answers[0], alert)
		}
	}
}

var placeholder = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)

// TestDashboardsShowData holds that each query returns series, and labels for
// its legend.
func TestDashboardsShowData(t *testing.T) {
	for _, audience := range []string{"tenants", "administrators"} {
		asked := questions(t, audience)
		if audience == "administrators" {
			for n := range asked {
				// The fleet's variable matches all, as its choice All does.
				asked[n].expr = strings.ReplaceAll(asked[n].expr, `=~"$namespace"`, `=~".+"`)
			}
		}
		l := shown(t, busy(t), asked)
		assert.Empty(t, l.answer(question{name: "control", expr: `redis_up{namespace="nowhere"}`}))
		for _, q := range asked {
			answers := l.answer(q)
			assert.NotEmpty(t, answers, "%s:\n%s", q.name, q.expr)
			for series := range answers {
				for _, label := range placeholder.FindAllStringSubmatch(q.legend, -1) {
					assert.Contains(t, series, label[1]+"=", "%s: no label for the legend %s", q.name, q.legend)
				}
			}
		}
	}
}

// TestDashboardsOfTenantsShowOneInstance holds that a neighbour in the same
// namespace and a namesake in another change nothing.
func TestDashboardsOfTenantsShowOneInstance(t *testing.T) {
	asked := questions(t, "tenants")
	crowded := shown(t, busy(t), asked)
	w := busy(t)
	w.instances = w.instances[:1]
	w.others = slices.DeleteFunc(w.others, func(s *scrape) bool {
		return s.labels["tenant_redis"] != "" && (s.labels["namespace"] != target.namespace || s.labels["tenant_redis"] != target.name)
	})
	alone := shown(t, w, asked)
	for _, q := range asked {
		assert.Equal(t, alone.answer(q), crowded.answer(q), q.name)
	}

	// Without its scope a query does see the others.
	for _, expr := range []string{`count(redis_up{namespace="$namespace"})`, `count(redis_up{tenant_redis="$instance"})`} {
		q := question{name: "control", expr: expr}
		assert.NotEqual(t, alone.answer(q), crowded.answer(q), expr)
	}
}

var alertName = regexp.MustCompile(`\bRedis[A-Z]\w+`)

// TestDashboardsNameAlerts holds that each alert has a panel that names it, and
// that the limits of a panel are those of the alerts that it names.
func TestDashboardsNameAlerts(t *testing.T) {
	all := everything(t)
	named := map[string]bool{}
	for _, d := range dashboards(t, "*") {
		for _, p := range d.unfolded() {
			literals := map[float64]bool{}
			for _, name := range alertName.FindAllString(p.Description, -1) {
				if name == "RedisFailovers" {
					continue
				}
				require.Contains(t, all, name, "%s: %s", d.UID, p.Title)
				named[name] = true
				maps.Copy(literals, numbers(t, all[name].Expr))
			}
			for _, step := range p.FieldConfig.Defaults.Thresholds.Steps {
				if step.Value != nil {
					assert.Contains(t, literals, *step.Value, "%s: %s: no alert that it names has this limit", d.UID, p.Title)
				}
			}
		}
	}
	assert.Equal(t, all.alerts(), slices.Sorted(maps.Keys(named)))
}

// numbers returns the numbers in an expression.
func numbers(t *testing.T, expr string) map[float64]bool {
	t.Helper()
	parsed, err := promql.ParseExpr(expr)
	require.NoError(t, err, expr)
	found := map[float64]bool{}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if number, ok := node.(*parser.NumberLiteral); ok {
			found[number.Val] = true
		}
		return nil
	})
	return found
}

// TestAlertsLinkToADashboard holds that alerts set the variables of the
// dashboard that they link to, and that those of the proxy find its row there.
func TestAlertsLinkToADashboard(t *testing.T) {
	variables, rows := map[string][]string{}, map[string][]string{}
	for _, d := range dashboards(t, "tenants") {
		for _, v := range d.Templating.List {
			variables[d.UID] = append(variables[d.UID], v.Name)
		}
		for _, p := range d.Panels {
			if p.Type == "row" {
				rows[d.UID] = append(rows[d.UID], p.Title)
			}
		}
	}
	address := regexp.MustCompile(`/d/([a-z-]+)\?var-(\w+)=\S+&var-(\w+)=`)
	for name, rule := range tenant(t) {
		if rule.Record != "" {
			continue
		}
		link := address.FindStringSubmatch(rule.Annotations["dashboard_url"])
		require.Len(t, link, 4, name)
		assert.Subset(t, variables[link[1]], link[2:], name)
		if strings.HasPrefix(name, "RedisProxy") {
			assert.Contains(t, rows[link[1]], "Proxy", name)
		}
	}
	assert.Equal(t, []string{"datasource", "cluster", "namespace", "instance"}, variables["tenant-redis"])
	assert.NotContains(t, rows["tenant-redis-failover"], "Proxy", "the control")
}

// TestProxyRow holds that the row of the proxy shows nothing where there is
// none, and is closed, so that nobody stumbles over it.
func TestProxyRow(t *testing.T) {
	var row panel
	for _, d := range dashboards(t, "tenants") {
		for _, p := range d.Panels {
			if p.Title == "Proxy" {
				row = p
			}
		}
	}
	asked := dashboard{Panels: row.Panels}.questions()
	require.NotEmpty(t, asked, "a row that is closed holds its panels")
	without := busy(t)
	for _, i := range without.instances[:1] {
		i.proxy, i.certificates = nil, nil
	}
	alone, with := shown(t, without, asked), shown(t, busy(t), asked)
	for _, q := range asked {
		assert.Empty(t, alone.answer(q), q.name)
		assert.NotEmpty(t, with.answer(q), q.name)
	}
}

// panelOf returns the queries of the panels that an audience has by that title, with All
// chosen as namespace.
func panelOf(t *testing.T, audience, title string) []question {
	t.Helper()
	var found []question
	for _, d := range dashboards(t, audience) {
		for _, p := range d.unfolded() {
			if p.Title == title {
				found = append(found, dashboard{UID: d.UID, Panels: []panel{p}}.questions()...)
			}
		}
	}
	require.NotEmpty(t, found, title)
	for n := range found {
		found[n].expr = strings.ReplaceAll(found[n].expr, `=~"$namespace"`, `=~".+"`)
		found[n].instant = true
	}
	return found
}

// lastOf is what a query shows last, by labels.
func (l *lab) lastOf(q question) map[string]string {
	l.t.Helper()
	found := l.answer(q)
	for series, points := range found {
		found[series], _, _ = strings.Cut(strings.Trim(points, "["), " ")
	}
	return found
}

// addAlert has Prometheus say that an alert of the instance fires.
func (i *instance) addAlert(name, others string) {
	firing := &scrape{t: i.world.t, labels: map[string]string{"namespace": i.namespace, "tenant_redis": i.name}}
	firing.add(fmt.Sprintf(`ALERTS{alertname=%q,alertstate="firing",severity="critical"%s}`, name, others), always(1))
	i.world.others = append(i.world.others, firing)
}

// TestFleetCountsWhatIsGone holds that no figure of the fleet is green for an instance of
// which there is nothing left to say so.
func TestFleetCountsWhatIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		change            func(*instance)
		masters, quorums  string
		instances, alerts string
	}{
		"healthy":          {func(*instance) {}, "0", "0", "3", "0"},
		"no Sentinels":     {func(i *instance) { each(i.sentinel, (*scrape).vanish) }, "0", "1", "3", "0"},
		"no quorum":        {func(i *instance) { each(i.sentinel, (*scrape).quorumless) }, "0", "1", "3", "0"},
		"no Redis":         {func(i *instance) { each(i.redis, (*scrape).vanish) }, "1", "0", "3", "0"},
		"only the proxies": {func(i *instance) { each(i.redis, (*scrape).vanish); each(i.sentinel, (*scrape).vanish) }, "1", "1", "3", "0"},
		"nothing": {func(i *instance) {
			i.vanish()
			i.addAlert("RedisMetricsAbsent", "")
		}, "1", "1", "3", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := healthy(t)
			c.change(w.instances[0])
			for title, want := range map[string]string{
				"Instances": c.instances, "Without one master": c.masters, "Without a quorum": c.quorums, "Critical alerts": c.alerts,
			} {
				q := panelOf(t, "administrators", title)[0]
				if title == "Instances" {
					require.Contains(t, q.expr, "count(count by")
				}
				assert.Equal(t, map[string]string{"{}": want}, shown(t, w, []question{q}).lastOf(q), title)
			}
		})
	}
}

// TestAlertsAreCountedAsListed holds that "Firing alerts" has the number of lines of the
// list below it, whatever labels the alerts have, and the fleet the same.
func TestAlertsAreCountedAsListed(t *testing.T) {
	w := healthy(t)
	w.instances[0].addAlert("RedisSentinelDisagree", `,master_address="10.1.0.11:6379"`)
	w.instances[0].addAlert("RedisSentinelDisagree", `,master_address="10.1.0.12:6379"`)
	w.instances[0].addAlert("RedisNotAnswering", `,pod="rfr-cache-0"`)
	w.instances[0].addAlert("RedisNotAnswering", `,pod="rfr-cache-1"`)
	asked := panelOf(t, "tenants", "Firing alerts")
	require.Len(t, asked, 2)
	l := shown(t, w, asked)
	assert.Equal(t, map[string]string{"{}": "3"}, l.lastOf(asked[0]))
	assert.Len(t, l.lastOf(asked[1]), 3)

	w.instances[2].addAlert("RedisSentinelDisagree", `,master_address="10.3.0.11:6379"`)
	for title, want := range map[string]string{"Critical alerts": "{}", "Firing alerts": `{severity="critical"}`} {
		q := panelOf(t, "administrators", title)[0]
		assert.Equal(t, map[string]string{want: "4"}, shown(t, w, []question{q}).lastOf(q), title)
	}
}

// TestMastersAreNamed holds that panels name a master's Pod, and its address where no Pod of
// the instance has it.
func TestMastersAreNamed(t *testing.T) {
	for title, change := range map[string]func(*instance, string){
		"Master that Sentinels name":  func(i *instance, address string) { i.sentinel[1].watches(address) },
		"Master that replicas follow": func(i *instance, address string) { i.redis[1].follows(address, 1) },
	} {
		q := panelOf(t, "tenants", title)[0]
		w := healthy(t)
		before := pods(t, shown(t, w, []question{q}).lastOf(q))
		assert.Len(t, before, 1, title)
		assert.Contains(t, before, "rfr-cache-0", title)
		change(w.instances[0], "10.9.9.9")
		change(w.instances[1], "10.9.9.9")
		after := pods(t, shown(t, w, []question{q}).lastOf(q))
		assert.Equal(t, "1", after["10.9.9.9"], title)
		assert.Len(t, after, 2, title)
		assert.Contains(t, after, "rfr-cache-0", title)
	}
}

// pods are what series have, by their label pod.
func pods(t *testing.T, series map[string]string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for name, shown := range series {
		metric, err := promql.ParseMetric(name)
		require.NoError(t, err)
		require.NotContains(t, found, metric.Get("pod"), "twice")
		found[metric.Get("pod")] = shown
	}
	return found
}
