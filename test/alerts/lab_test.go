package alerts

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	stale "github.com/prometheus/prometheus/model/value"
	engine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	prometheus "github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/teststorage"
	"github.com/stretchr/testify/require"
)

// margin is how many minutes a rule is looked at before the fault, and after the
// alert is due.
const margin = 3

// lab is a world that Prometheus has scraped.
type lab struct {
	t       *testing.T
	storage *teststorage.TestStorage
	engine  *engine.Engine
	minutes int
	// last are the series that a recording rule had a minute ago.
	last map[string]map[string]labels.Labels
}

func newLab(t *testing.T, samples, minutes int) *lab {
	t.Helper()
	return &lab{t, newStorage(t), promqltest.NewTestEngine(t, false, 0, samples), minutes, map[string]map[string]labels.Labels{}}
}

// newStorage is Prometheus' own, which writes no log that another start would read, and is
// made for a few series: most of the work of a small test would be to set it up.
func newStorage(t *testing.T) *teststorage.TestStorage {
	t.Helper()
	return teststorage.New(t, func(o *tsdb.Options) {
		o.WALSegmentSize = -1
		o.StripeSize = 64
		o.EnableExemplarStorage = false
	})
}

// scraper has the series of some metrics: a world, or several clusters' worlds.
type scraper interface {
	scrape(metrics []string) []*series
}

// scraped stores the series of a world that the rule reads, one scrape a
// minute, until so many minutes after the fault began.
func scraped(t *testing.T, w scraper, rule rulefmt.Rule, record *rulefmt.Rule, minutes int) *lab {
	t.Helper()
	l := newLab(t, 100_000, minutes)
	wanted := metrics(t, rule.Expr)
	if record != nil {
		wanted = append(wanted, metrics(t, record.Expr)...)
	}
	all := w.scrape(wanted)
	for minute := first(rule) - longestRange(t, rule.Expr); minute <= minutes; minute++ {
		l.scrape(all, minute)
		if record != nil {
			l.record(*record, minute)
		}
	}
	return l
}

func (l *lab) scrape(all []*series, minute int) {
	l.t.Helper()
	app := l.storage.Appender(l.t.Context())
	for _, s := range all {
		v, now := s.value(minute)
		if _, before := s.value(minute - 1); !now && !before {
			continue
		} else if !now {
			// What Prometheus writes when a scrape lacks a series.
			v = math.Float64frombits(stale.StaleNaN)
		}
		_, err := app.Append(0, s.metric, at(minute).UnixMilli(), v)
		require.NoError(l.t, err, s.metric.String())
	}
	require.NoError(l.t, app.Commit())
}

// record evaluates the recording rule of each instance, or of the operator: one rule is
// rendered for each release.
func (l *lab) record(rule rulefmt.Rule, minute int) {
	l.t.Helper()
	app := l.storage.Appender(l.t.Context())
	gone := l.last[rule.Record]
	l.last[rule.Record] = map[string]labels.Labels{}
	releases := []id{target, neighbour, namesake}
	if rule.Labels["tenant_redis"] == "" {
		releases = releases[:1]
	}
	for _, i := range releases {
		expr, err := promql.ParseExpr(i.own(rule.Expr))
		require.NoError(l.t, err)
		own := map[string]string{}
		for name, value := range rule.Labels {
			own[name] = cmp.Or(map[string]string{target.namespace: i.namespace, target.name: i.name}[value], value)
		}
		vector, err := prometheus.NewRecordingRule(rule.Record, expr, labels.FromMap(own)).
			Eval(l.t.Context(), 0, at(minute), prometheus.EngineQueryFunc(l.engine, l.storage), nil, 0)
		if err != nil {
			// Two series with the same labels: only a mutated rule has them.
			continue
		}
		for _, sample := range vector {
			_, err := app.Append(0, sample.Metric, at(minute).UnixMilli(), sample.F)
			require.NoError(l.t, err)
			delete(gone, sample.Metric.String())
			l.last[rule.Record][sample.Metric.String()] = sample.Metric
		}
	}
	// As Prometheus does.
	for _, metric := range gone {
		_, err := app.Append(0, metric, at(minute).UnixMilli(), math.Float64frombits(stale.StaleNaN))
		require.NoError(l.t, err)
	}
	require.NoError(l.t, app.Commit())
}

// own returns the target's expression for another instance.
func (i id) own(expr string) string {
	return strings.NewReplacer(
		fmt.Sprintf("namespace=%q", target.namespace), fmt.Sprintf("namespace=%q", i.namespace),
		fmt.Sprintf("tenant_redis=%q", target.name), fmt.Sprintf("tenant_redis=%q", i.name),
	).Replace(expr)
}

// first is the minute from which on a rule is looked at: an alert that is
// pending without a fault would fire before it.
func first(rule rulefmt.Rule) int {
	return -margin - int(time.Duration(rule.For).Minutes())
}

// longestRange returns the minutes that an expression looks back.
func longestRange(t *testing.T, expr string) int {
	t.Helper()
	parsed, err := promql.ParseExpr(expr)
	require.NoError(t, err, expr)
	var longest time.Duration
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if matrix, ok := node.(*parser.MatrixSelector); ok {
			longest = max(longest, matrix.Range)
		}
		return nil
	})
	return int(longest.Minutes())
}

func at(minute int) time.Time {
	return time.Unix(1_800_000_000, 0).Add(time.Duration(minute) * time.Minute)
}

// fired is an alert as Alertmanager would get it.
type fired struct {
	labels, annotations map[string]string
}

// fires returns what fires of a rule at the end, and before the fault. An
// error of the evaluation counts as an alert that cannot be: only mutated
// rules have it.
func (l *lab) fires(rule rulefmt.Rule) (before, after []fired) {
	l.t.Helper()
	expr, err := promql.ParseExpr(rule.Expr)
	require.NoError(l.t, err, rule.Expr)
	alerting := prometheus.NewAlertingRule(rule.Alert, expr, time.Duration(rule.For), 0,
		labels.FromMap(rule.Labels), labels.FromMap(rule.Annotations), labels.EmptyLabels(), "", true, slog.New(slog.DiscardHandler))
	query := prometheus.EngineQueryFunc(l.engine, l.storage)
	for minute := first(rule); minute <= l.minutes; minute++ {
		if _, err := alerting.Eval(context.WithoutCancel(l.t.Context()), 0, at(minute), query, nil, 0); err != nil {
			return nil, []fired{{labels: map[string]string{"error": err.Error()}}}
		}
		if minute < 0 {
			before = append(before, firing(alerting)...)
		}
	}
	return before, firing(alerting)
}

func firing(rule *prometheus.AlertingRule) []fired {
	var found []fired
	for _, alert := range rule.ActiveAlerts() {
		if alert.State == prometheus.StateFiring {
			found = append(found, fired{alert.Labels.Map(), alert.Annotations.Map()})
		}
	}
	slices.SortFunc(found, func(a, b fired) int {
		return slices.Compare([]string{fmt.Sprint(a)}, []string{fmt.Sprint(b)})
	})
	return found
}

// metrics returns the names of the metrics that an expression reads.
func metrics(t *testing.T, expr string) []string {
	t.Helper()
	parsed, err := promql.ParseExpr(expr)
	require.NoError(t, err, expr)
	var names []string
	for _, selectors := range parser.ExtractSelectors(parsed) {
		for _, m := range selectors {
			if m.Name == model.MetricNameLabel {
				names = append(names, m.Value)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
