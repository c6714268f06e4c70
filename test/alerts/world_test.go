package alerts

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/stretchr/testify/require"
)

// id names an instance.
type id struct{ namespace, name string }

var (
	target    = id{"redis-system", "cache"}
	neighbour = id{"redis-system", "other"}
	namesake  = id{"elsewhere", "cache"}
)

// value is that of a series at a minute; the fault begins at minute 0. It is
// false where the scrape does not have the series.
type value func(minute int) (float64, bool)

type series struct {
	metric labels.Labels
	value  value
}

// world is what Prometheus scrapes: three instances, and the operator.
type world struct {
	t *testing.T
	// instances in the order target, neighbour, namesake.
	instances []*instance
	operator  []*scrape
	// overridden is whether the operator is scraped without honorLabels.
	overridden bool
	// others are operators of another kind or namespace.
	others []*scrape
}

// instance is one Redis with Sentinel.
type instance struct {
	id
	// redis has the master first.
	redis, sentinel, proxy []*scrape
	// certificates are the proxies', in a scrape of their own.
	certificates []*scrape
	probe        *scrape
	// account is that of the Pods that write, where there are any.
	account []*scrape
	world   *world
	// ip is the beginning of its Pods' addresses.
	ip string
}

// scrape is one target's.
type scrape struct {
	t      *testing.T
	labels map[string]string
	series []*series
}

// healthy returns three instances without a fault, each with the series that
// the real exporter recorded.
func healthy(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	for pod := range 2 {
		w.operator = append(w.operator, newScrape(t, "operator", "", map[string]string{
			"namespace": "redis-system", "job": "redis-operator", "container": "redis-operator",
			"pod": fmt.Sprintf("redis-operator-%d", pod), "instance": fmt.Sprintf("10.0.0.%d:9710", pod),
		}))
	}
	// The second waits for the lead, reconciles nothing and has asked for nothing.
	w.operator[1].series = slices.DeleteFunc(w.operator[1].series, func(s *series) bool {
		return s.metric.Get(model.MetricNameLabel) == "redis_operator_controller_k8s_operations_total"
	})
	for _, metric := range []string{
		`kooper_controller_processed_event_duration_seconds_count{controller="redisfailover",success="true"}`,
		`kooper_controller_processed_event_duration_seconds_sum{controller="redisfailover",success="true"}`,
		`redis_operator_controller_k8s_operations_total{namespace="redis-system",kind="StatefulSet",name="rfr-cache",operation="UPDATE",status="SUCCESS",err="NA"}`,
		`redis_operator_controller_redis_checks_total{namespace="redis-system",resource="cache",indicator="MASTER_COUNT_IS_NOT_ONE",instance="NA",status="HEALTHY"}`,
		`redis_operator_controller_sentinel_checks_total{namespace="redis-system",resource="cache",indicator="SENTINEL_NUMBER_IN_MEMORY_MISMATCH",instance="10.1.0.21",status="HEALTHY"}`,
		`kooper_controller_event_in_queue_duration_seconds_count{controller="redisfailover"}`,
		`kooper_controller_event_in_queue_duration_seconds_sum{controller="redisfailover"}`,
	} {
		w.operator[0].add(metric, grows(6))
	}
	for _, labels := range []map[string]string{
		{"namespace": "elsewhere", "job": "redis-operator"},
		{"namespace": "redis-system", "job": "other-operator"},
	} {
		other := &scrape{t: t, labels: labels}
		other.add("up", always(1))
		other.add(`kooper_controller_event_queue_length{controller="other"}`, always(0))
		other.add(`kooper_controller_processed_event_duration_seconds_count{controller="other",success="true"}`, grows(6))
		other.add(`kooper_controller_event_in_queue_duration_seconds_count{controller="other"}`, grows(6))
		other.add(`kooper_controller_event_in_queue_duration_seconds_sum{controller="other"}`, grows(600))
		w.others = append(w.others, other)
	}
	for n, id := range []id{target, neighbour, namesake} {
		i := w.instance(id, n)
		w.operator[0].add(i.clusterOK(), always(1))
		w.operator[0].add(i.looks(), grows(6))
		w.operator[0].add(i.begins(), grows(2))
		w.instances = append(w.instances, i)
	}
	return w
}

// instance returns a healthy one, the n-th from 0 on.
func (w *world) instance(id id, n int) *instance {
	w.t.Helper()
	i := &instance{id: id, ip: fmt.Sprintf("10.%d.%d.", 1+n/256, n%256), world: w}
	for pod := range 3 {
		recording := "redis-replica"
		if pod == 0 {
			recording = "redis-master"
		}
		i.redis = append(i.redis, i.pod(recording, "redis", fmt.Sprintf("rfr-%s-%d", id.name, pod), 11+pod, 9121))
		i.sentinel = append(i.sentinel, i.pod("sentinel", "sentinel", fmt.Sprintf("rfs-%s-%d", id.name, pod), 21+pod, 9355))
	}
	for pod := range 2 {
		i.proxy = append(i.proxy, i.pod("proxy", "proxy", fmt.Sprintf("%s-proxy-%d", id.name, pod), 31+pod, 8404))
		i.certificates = append(i.certificates, i.pod("certificates", "certificates", fmt.Sprintf("%s-proxy-%d", id.name, pod), 31+pod, 8404))
	}
	i.probe = newScrape(w.t, "probe", "", map[string]string{
		"namespace": id.namespace, "tenant_redis": id.name, "job": "probe", "instance": "rfs-" + id.name + "." + id.namespace + ":26379",
	})
	return i
}

// pod returns the scrape of one Pod. Recorded on 127.0.0.x, it is the Pod that
// has x as the end of its address.
func (i *instance) pod(recording, component, name string, address, port int) *scrape {
	i.world.t.Helper()
	ip := i.ip + strconv.Itoa(address)
	return newScrape(i.world.t, recording, i.ip, map[string]string{
		"namespace": i.namespace, "tenant_redis": i.name, "component": component, "pod": name, "pod_ip": ip,
		"job": i.namespace + "/" + i.name + "-" + component, "instance": fmt.Sprintf("%s:%d", ip, port),
		"container": component + "-exporter", "endpoint": "metrics",
	})
}

func newScrape(t *testing.T, recording, ip string, labels map[string]string) *scrape {
	t.Helper()
	s := &scrape{t: t, labels: labels}
	s.add("up", always(1))
	for _, sample := range recorded(t, recording) {
		s.series = append(s.series, &series{sample.on(ip), always(sample.value)})
	}
	return s
}

// sample is one line of a recording.
type sample struct {
	metric labels.Labels
	value  float64
	// addressed is whether a label holds an address.
	addressed bool
}

// on returns the metric with addresses that begin with ip, instead of those of
// the recording.
func (s sample) on(ip string) labels.Labels {
	if !s.addressed {
		return s.metric
	}
	builder := labels.NewBuilder(s.metric)
	s.metric.Range(func(l labels.Label) { builder.Set(l.Name, strings.ReplaceAll(l.Value, loopback, ip)) })
	return builder.Labels()
}

// loopback begins the addresses of the recordings.
const loopback = "127.0.0."

// recordings are read once.
var recordings = map[string][]sample{}

// recorded returns the samples of a file in testdata.
func recorded(t *testing.T, name string) []sample {
	t.Helper()
	if samples, found := recordings[name]; found {
		return samples
	}
	data, err := os.ReadFile("testdata/" + name + ".txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		end := strings.LastIndex(line, " ")
		if end < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		metric, err := promql.ParseMetric(line[:end])
		require.NoError(t, err, line)
		f, err := strconv.ParseFloat(line[end+1:], 64)
		require.NoError(t, err, line)
		recordings[name] = append(recordings[name], sample{metric, f, strings.Contains(line, loopback)})
	}
	return recordings[name]
}

func (s *scrape) add(metric string, v value) {
	s.t.Helper()
	parsed, err := promql.ParseMetric(metric)
	require.NoError(s.t, err, metric)
	s.series = append(s.series, &series{parsed, v})
}

// set gives all series of the scrape that the selector matches another value
// from minute 0 on.
func (s *scrape) set(selector string, v value) {
	s.t.Helper()
	for _, series := range s.match(selector) {
		series.value = from0(series.value, v)
	}
}

// match returns the series of the scrape that the selector matches.
func (s *scrape) match(selector string) []*series {
	s.t.Helper()
	matchers, err := promql.ParseMetricSelector(selector)
	require.NoError(s.t, err, selector)
	found := slices.DeleteFunc(slices.Clone(s.series), func(series *series) bool {
		return slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(series.metric.Get(m.Name)) })
	})
	require.NotEmpty(s.t, found, "no series %s", selector)
	return found
}

// grow has a counter grow by so much a minute from minute 0 on.
func (s *scrape) grow(selector string, perMinute float64) {
	s.t.Helper()
	for _, series := range s.match(selector) {
		before := series.value
		series.value = func(minute int) (float64, bool) {
			f, found := before(minute)
			return f + perMinute*float64(max(minute, 0)), found
		}
	}
}

func (s *scrape) drop(selector string) {
	s.t.Helper()
	s.set(selector, never)
}

// replace replaces the series that the selector matches by another from minute
// 0 on, as a label that changes does.
func (s *scrape) replace(selector, metric string, v value) {
	s.t.Helper()
	s.drop(selector)
	s.add(metric, from0(never, v))
}

// vanish takes the target away: its Pod is gone.
func (s *scrape) vanish() {
	for _, series := range s.series {
		series.value = from0(series.value, never)
	}
}

// unscraped leaves the target, whose exporter does not answer.
func (s *scrape) unscraped() {
	s.vanish()
	s.set("up", always(0))
}

// denied is a Redis that refuses its exporter, as recorded.
func (s *scrape) denied() {
	s.unscraped()
	s.set("up", always(1))
	s.set("redis_up", always(0))
}

// follows makes a replica follow another address.
func (s *scrape) follows(address string, link float64) {
	s.replace("redis_slave_info", fmt.Sprintf(`redis_slave_info{master_host=%q,master_port="6379",read_only="1"}`, address), always(1))
	s.replace("redis_master_link_up", fmt.Sprintf(`redis_master_link_up{master_host=%q,master_port="6379"}`, address), always(link))
}

// role changes what a Redis says that it is.
func (s *scrape) role(role string) {
	s.replace("redis_instance_info", fmt.Sprintf(`redis_instance_info{role=%q}`, role), always(1))
}

// watches makes a Sentinel name another master.
func (s *scrape) watches(address string) { s.watchesFrom(address, 0) }

// watchesFrom makes it name another one from that minute on.
func (s *scrape) watchesFrom(address string, from int) {
	const metric = "redis_sentinel_master_status"
	for _, series := range s.match(metric) {
		before := series.value
		series.value = func(minute int) (float64, bool) {
			f, found := before(minute)
			return f, found && minute < from
		}
	}
	s.add(fmt.Sprintf(metric+`{master_address="%s:6379",master_name="mymaster",master_status="ok"}`, address),
		func(minute int) (float64, bool) { return 1, minute >= from })
}

// quorumless makes a Sentinel say what the real one said, recorded.
func (s *scrape) quorumless() {
	const metric = "redis_sentinel_master_ckquorum_status"
	s.drop(metric)
	for _, sample := range recorded(s.t, "sentinel-no-quorum") {
		if sample.metric.Get(model.MetricNameLabel) == metric {
			s.series = append(s.series, &series{sample.metric, from0(never, always(sample.value))})
		}
	}
}

// vanish takes the whole instance away.
func (i *instance) vanish() {
	each(i.redis, (*scrape).vanish)
	each(i.sentinel, (*scrape).vanish)
	each(i.proxy, (*scrape).vanish)
	each(i.certificates, (*scrape).vanish)
	i.probe.vanish()
}

// looks is how often the operator has asked for the instance's StatefulSet, once in
// each pass.
func (i *instance) looks() string {
	return fmt.Sprintf(`redis_operator_controller_k8s_operations_total{namespace=%q,kind="StatefulSet",name="rfr-%s",operation="GET",status="SUCCESS",err="NA"}`,
		i.namespace, i.name)
}

// begins is how often a pass over the instance has begun: with the question for the
// Service rfr-NAME.
func (i *instance) begins() string {
	return fmt.Sprintf(`redis_operator_controller_k8s_operations_total{namespace=%q,kind="Service",name="rfr-%s",operation="GET",status="SUCCESS",err="NA"}`,
		i.namespace, i.name)
}

// namesakes are two Redis that were deleted after failed reconciles: one has the name of
// the instance's Pod, one that of its Service, for which the operator asks.
func (i *instance) namesakes() {
	for gone, asked := range map[string]string{
		i.name + "-0":   `kind="Pod",name="rfr-` + i.name + `-0"`,
		"rfs-" + i.name: `kind="Service",name="rfs-` + i.name + `"`,
	} {
		i.world.operator[0].add((&instance{id: id{i.namespace, gone}}).clusterOK(), always(0))
		i.world.operator[0].add(fmt.Sprintf(`redis_operator_controller_k8s_operations_total{namespace=%q,%s,operation="GET",status="SUCCESS",err="NA"}`,
			i.namespace, asked), grows(6))
	}
}

// unseen has the operator look at the instance no more. It does not forget what it
// has counted.
func (i *instance) unseen() {
	i.world.operator[0].set(i.asked(), always(6000))
}

// forgotten has the operator look at the instance no more, and drop what it has
// counted, which it does 5 to 10 minutes after its last look.
func (i *instance) forgotten() {
	i.world.operator[0].drop(i.asked())
}

// asked selects what the operator has asked for on the instance's behalf.
func (i *instance) asked() string {
	label := "namespace"
	if i.world.overridden {
		label = "exported_namespace"
	}
	return fmt.Sprintf(`redis_operator_controller_k8s_operations_total{%s=%q,name="rfr-%s"}`, label, i.namespace, i.name)
}

// wait has events wait for the operator for so many seconds more.
func (w *world) wait(seconds float64) {
	w.operator[0].grow("kooper_controller_event_in_queue_duration_seconds_sum", 6*seconds)
}

// override has the operator scraped without honorLabels: the namespace of a metric
// becomes that of its Pod, and the metric's own goes into another label.
func (w *world) override() {
	w.overridden = true
	for _, s := range w.operator {
		for _, series := range s.series {
			if own := series.metric.Get("namespace"); own != "" {
				series.metric = labels.NewBuilder(series.metric).Del("namespace").Set("exported_namespace", own).Labels()
			}
		}
	}
}

// serve gives the master so many replicas, and the first of them so many of its own.
func (i *instance) serve(master, replica float64) {
	i.redis[0].set("redis_connected_slaves", always(master))
	i.redis[1].set("redis_connected_slaves", always(replica))
}

// clusterOK is the operator's verdict on the instance.
func (i *instance) clusterOK() string {
	return fmt.Sprintf("redis_operator_controller_cluster_ok{namespace=%q,name=%q}", i.namespace, i.name)
}

// failover has a Sentinel count failovers. The metric bears the new master's
// address, so that each begins another series.
func (i *instance) failover(epoch value) func(*scrape) {
	return func(s *scrape) {
		s.drop("redis_sentinel_master_config_epoch")
		for master := range 3 {
			metric := fmt.Sprintf(`redis_sentinel_master_config_epoch{master_address="%s%d:6379",master_name="mymaster"}`, i.ip, 11+master)
			s.add(metric, from0(never, func(minute int) (float64, bool) {
				f, _ := epoch(minute)
				return f, int(f)%3 == master
			}))
		}
	}
}

func each(scrapes []*scrape, do func(*scrape)) {
	for _, s := range scrapes {
		do(s)
	}
}

// scrape returns the series of these metrics as Prometheus stores them. Labels
// of a metric win over those of the target, as with honorLabels, which matters
// to the operator's alone.
func (w *world) scrape(metrics []string) []*series {
	scrapes := slices.Concat(w.operator, w.others)
	for _, i := range w.instances {
		scrapes = append(scrapes, i.scrapes()...)
	}
	var found []*series
	for _, scrape := range scrapes {
		for _, s := range scrape.series {
			if !slices.Contains(metrics, s.metric.Get(model.MetricNameLabel)) {
				continue
			}
			builder := labels.NewBuilder(s.metric)
			for name, value := range scrape.labels {
				if !s.metric.Has(name) {
					builder.Set(name, value)
				}
			}
			found = append(found, &series{builder.Labels(), s.value})
		}
	}
	return found
}

// scrapes are those of all targets of an instance.
func (i *instance) scrapes() []*scrape {
	return slices.Concat(i.redis, i.sentinel, i.proxy, i.certificates, []*scrape{i.probe}, i.account)
}

// writes gives it a Pod more that writes, so many seconds after the last time that it could.
func (i *instance) writes(sentinel, proxy value) {
	i.world.t.Helper()
	number := len(i.account)
	account := i.pod("probe-writes", "probe", fmt.Sprintf("%s-probe-%d", i.name, number), 41+number, 9121)
	for way, age := range map[string]value{"sentinel": sentinel, "proxy": proxy} {
		for _, series := range account.match(fmt.Sprintf("redis_key_value{key=%q}", way)) {
			series.value = func(minute int) (float64, bool) {
				seconds, found := age(minute)
				return float64(at(minute).Unix()) - seconds, found
			}
		}
	}
	i.account = append(i.account, account)
}

func always(f float64) value {
	return func(int) (float64, bool) { return f, true }
}

func never(int) (float64, bool) {
	return 0, false
}

// grows is a counter that grows by so much a minute, all the time.
func grows(perMinute float64) value {
	return func(minute int) (float64, bool) { return perMinute * float64(minute+1000), true }
}

// steps is each of the values for so many minutes, the last one for ever.
func steps(minutes int, values ...float64) value {
	return func(minute int) (float64, bool) {
		return values[min(minute/minutes, len(values)-1)], true
	}
}

func from0(before, after value) value {
	return func(minute int) (float64, bool) {
		if minute < 0 {
			return before(minute)
		}
		return after(minute)
	}
}
