//go:build scale

package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	engine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// fleet is how many instances Prometheus scrapes, as often as it does by default.
	fleet  = 1000
	period = 30 * time.Second
	// shownFor is what administrators' dashboards show, lookBack what their queries look back
	// before it, and longest what those of failovers do.
	shownFor = 3 * time.Hour
	lookBack = 10 * time.Minute
	longest  = 24 * time.Hour
	// failovers is the metric of these.
	failovers = "tenant_redis:config_epoch:max"
	// mostSamples is Prometheus' own limit of a query.
	mostSamples = 50_000_000
	// inTime is how long a query may take.
	inTime = time.Second
)

// TestFleet holds that Prometheus answers each query of the administrators' dashboards in
// time where it scrapes 1,000 instances, from all series of the metrics that these read,
// and that it has time for the rules which record some of these.
func TestFleet(t *testing.T) {
	asked, records := questions(t, "administrators"), fleetRecords(t)
	all := fleetSeries(t, append(slices.Clone(asked), records...))
	store := newStorage(t)
	end := at(0)
	fill(t, store, all, end)
	t.Logf("%d series of %d instances", len(all), fleet)
	e := promqltest.NewTestEngine(t, false, 0, mostSamples)
	everywhere := strings.NewReplacer("$cluster", "", `=~"$namespace"`, `=~".+"`, "$namespace", target.namespace)
	for _, q := range asked {
		expr, start := everywhere.Replace(q.expr), end.Add(-shownFor)
		if q.instant {
			start = end
		}
		took := quickest(t, e, store, question{name: q.name, expr: expr}, start, end)
		assert.Less(t, took, inTime, "%s:\n%s", q.name, expr)
	}
	for _, q := range records {
		took := quickest(t, e, store, q, end, end)
		if strings.Contains(q.expr, "tenant_redis=") {
			took *= fleet
		}
		assert.Less(t, took, inTime, "%s of all:\n%s", q.name, q.expr)
	}
}

// quickest is how long a query takes at least, of three times.
func quickest(t *testing.T, e *engine.Engine, store storage.Queryable, q question, start, end time.Time) time.Duration {
	t.Helper()
	took := time.Hour
	for range 3 {
		query, err := e.NewRangeQuery(t.Context(), store, nil, q.expr, start, end, period)
		require.NoError(t, err, q.name)
		began := time.Now()
		result := query.Exec(t.Context())
		took = min(took, time.Since(began))
		require.NoError(t, result.Err, q.name)
		matrix, err := result.Matrix()
		require.NoError(t, err, q.name)
		assert.NotEmpty(t, matrix, "%s:\n%s", q.name, q.expr)
		query.Close()
	}
	t.Logf("%8.2f ms %s", took.Seconds()*1000, q.name)
	return took
}

// fleetRecords are the rules that record what dashboards could not ask for, as the
// operator's release and that of one instance have them.
func fleetRecords(t *testing.T) []question {
	t.Helper()
	all := everything(t)
	instances, operators := "tenant_redis:command_seconds:max", "redis_operator:k8s_operations:rate5m"
	return []question{
		{name: instances, expr: id{"tenant-0", "redis-0"}.own(all[instances].Expr)},
		{name: operators, expr: all[operators].Expr},
	}
}

// fleetSeries are those that the questions read: what exporters have recorded, what rules
// record of that, and the operator's.
func fleetSeries(t *testing.T, asked []question) []labels.Labels {
	t.Helper()
	var wanted []string
	for _, q := range asked {
		wanted = append(wanted, metrics(t, bound.Replace(q.expr))...)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	w := healthy(t)
	found := named(append(w.operator, w.called()), wanted)
	for n := range fleet {
		i := w.instance(id{fmt.Sprintf("tenant-%d", n/10), fmt.Sprintf("redis-%d", n)}, n)
		found = append(found, named(i.scrapes(), wanted)...)
		found = append(found, named([]*scrape{i.recorded(), i.lookedAfter(w.operator[0].labels)}, wanted)...)
	}
	return found
}

// named are the series of scrapes that have one of the names, as Prometheus stores them.
func named(scrapes []*scrape, names []string) []labels.Labels {
	var found []labels.Labels
	for _, s := range (&world{others: scrapes}).scrape(names) {
		found = append(found, s.metric)
	}
	return found
}

// recorded are the series that rules make of an instance; one of ten has an alert.
func (i *instance) recorded() *scrape {
	s := &scrape{t: i.world.t, labels: map[string]string{"namespace": i.namespace, "tenant_redis": i.name}}
	for _, record := range []string{"masters:count", "connected_replicas:max", "config_epoch:max", "memory_used_ratio:max", "command_seconds:max", "service_availability:ratio30d"} {
		s.add("tenant_redis:"+record, always(1))
	}
	if strings.HasSuffix(i.name, "0") {
		s.add(`ALERTS{alertname="RedisNotAnswering",alertstate="firing",severity="critical"}`, always(1))
	}
	return s
}

// called are the series that the operator's rule makes of its calls.
func (w *world) called() *scrape {
	s := &scrape{t: w.t, labels: map[string]string{"namespace": target.namespace, "job": "redis-operator"}}
	for _, kind := range []string{"ConfigMap", "Deployment", "Pod", "Secret", "Service", "StatefulSet"} {
		for _, operation := range []string{"GET", "UPDATE"} {
			s.add(fmt.Sprintf("redis_operator:k8s_operations:rate5m{kind=%q,operation=%q}", kind, operation), always(1))
		}
	}
	return s
}

// lookedAfter are the series that the operator has of an instance; one of ten fails a check.
func (i *instance) lookedAfter(leader map[string]string) *scrape {
	s := &scrape{t: i.world.t, labels: leader}
	s.add(i.clusterOK(), always(1))
	calls := map[string][]string{
		"GET NAME-auth": {"Secret"}, "GET NAME-scripts": {"ConfigMap"}, "GET rfr-NAME-0": {"Pod"}, "GET rfr-NAME-1": {"Pod"}, "GET rfr-NAME-2": {"Pod"},
	}
	for _, operation := range []string{"GET ", "UPDATE "} {
		calls[operation+"rfr-NAME"] = []string{"StatefulSet", "Service", "ConfigMap"}
		calls[operation+"rfs-NAME"] = []string{"Deployment", "Service", "ConfigMap"}
		calls[operation+"rfr-readiness-NAME"] = []string{"ConfigMap"}
		calls[operation+"rfrm-NAME"], calls[operation+"rfrs-NAME"] = []string{"Service"}, []string{"Service"}
	}
	for call, kinds := range calls {
		operation, name, _ := strings.Cut(strings.Replace(call, "NAME", i.name, 1), " ")
		for _, kind := range kinds {
			s.add(fmt.Sprintf(`redis_operator_controller_k8s_operations_total{namespace=%q,kind=%q,name=%q,operation=%q,status="SUCCESS",err="NA"}`,
				i.namespace, kind, name, operation), always(1))
		}
	}
	status := []string{"HEALTHY"}
	if strings.HasSuffix(i.name, "0") {
		status = append(status, "UNHEALTHY")
	}
	for _, status := range status {
		for _, indicator := range []string{"MASTER_COUNT_IS_NOT_ONE", "SLAVE_IS_CONFIGURED_WITH_WRONG_MASTER_IP", "APPLY_REDIS_CONFIG"} {
			s.add(fmt.Sprintf(`redis_operator_controller_redis_checks_total{namespace=%q,resource=%q,indicator=%q,instance="NA",status=%q}`, i.namespace, i.name, indicator, status), always(1))
		}
		for pod := range 3 {
			for _, indicator := range []string{"SENTINEL_NUMBER_IN_MEMORY_MISMATCH", "SENTINEL_IS_CONFIGURED_WITH_WRONG_MASTER_IP", "REDIS_SLAVES_NUMBER_IN_MEMORY_MISMATCH", "APPLY_SENTINEL_CONFIG"} {
				s.add(fmt.Sprintf(`redis_operator_controller_sentinel_checks_total{namespace=%q,resource=%q,indicator=%q,instance="%s%d",status=%q}`,
					i.namespace, i.name, indicator, i.ip, 21+pod, status), always(1))
			}
		}
	}
	return s
}

// fill has Prometheus scrape all of them until a time, as long as queries look back. What
// counts grows, each at a pace of its own, one of a hundred instances fails over all the
// time, and all else stays what it is.
func fill(t *testing.T, store storage.Appendable, all []labels.Labels, to time.Time) {
	t.Helper()
	references, grows, since := make([]storage.SeriesRef, len(all)), make([]float64, len(all)), make([]time.Time, len(all))
	for n, series := range all {
		name := series.Get(model.MetricNameLabel)
		since[n] = to.Add(-shownFor - lookBack)
		if name == failovers {
			since[n] = to.Add(-longest)
		}
		failing := name == failovers && strings.HasSuffix(series.Get("tenant_redis"), "00")
		if failing || strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_count") || strings.HasSuffix(name, "_sum") {
			grows[n] = float64(1 + n%7)
		}
	}
	scrape := 0
	for now := to.Add(-longest); !now.After(to); now = now.Add(period) {
		app := store.Appender(t.Context())
		scrape++
		for n := range all {
			if now.Before(since[n]) {
				continue
			}
			reference, err := app.Append(references[n], all[n], now.UnixMilli(), 1+float64(scrape)*grows[n])
			require.NoError(t, err)
			references[n] = reference
		}
		require.NoError(t, app.Commit())
	}
}
