package alerts

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oldest is the folder of what the oldest exporter says that the alerts can do with.
const oldest = "oldest/"

// TestMetricsAreRecorded holds that the exporter emits every metric and label
// that a rule reads, the chart's and the oldest that it takes: in the recordings,
// or for the operator in its source.
func TestMetricsAreRecorded(t *testing.T) {
	for _, folder := range []string{"", oldest} {
		known := emitted(t, folder)
		for name, rule := range everything(t) {
			assert.Empty(t, unknown(t, known, rule.Expr), name)
		}
	}
	known := emitted(t, "")
	assert.Equal(t, []string{"redis_upp"}, unknown(t, known, `sum(redis_upp)`))
	assert.Equal(t, []string{"redis_up{role}"}, unknown(t, known, `redis_up{role="master"}`))
}

// unknown returns the metrics and labels of an expression that are not known.
func unknown(t *testing.T, known map[string]map[string]bool, expr string) []string {
	t.Helper()
	var found []string
	for _, selector := range selectors(t, expr) {
		metric := selector[model.MetricNameLabel]
		if known[metric] == nil {
			found = append(found, metric)
			continue
		}
		for label := range selector {
			if label != model.MetricNameLabel && !relabelled[label] && !known[metric][label] {
				found = append(found, metric+"{"+label+"}")
			}
		}
	}
	return found
}

// TestExporterVersions holds that what is recorded is what the chart has, and that
// the chart refuses an exporter older than the oldest recorded, if anything reads it.
func TestExporterVersions(t *testing.T) {
	assert.Contains(t, template(t, "tenant-redis", target.name, target.namespace, "redisfailover", "auth.enabled=false"),
		"redis_exporter:"+versionOf(t, "")+`"`)

	least := versionOf(t, oldest)
	accept := func(version string, set ...string) error {
		args := []string{"template", "cache", repository + "/charts/tenant-redis", "--set", "auth.enabled=false,exporter.image=example.com:5000/redis_exporter:" + version}
		out, err := exec.CommandContext(t.Context(), repository+"/bin/helm", append(args, set...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	require.NoError(t, accept(least, "--set", "monitoring.enabled=true"))
	require.NoError(t, accept("a-name", "--set", "monitoring.enabled=true"))
	require.NoError(t, accept("v1.45.0"))
	require.ErrorContains(t, accept("v1.45.0-alpine", "--set", "monitoring.enabled=true"), `redis_exporter:v1.45.0-alpine" is older`)
	require.ErrorContains(t, accept("v1.81.9", "--set", "monitoring.enabled=true"), "use "+least+" or later")
}

// versionOf is the exporter's that made the recordings in a folder.
func versionOf(t *testing.T, folder string) string {
	t.Helper()
	versions := map[string]bool{}
	for _, recording := range exporterRecordings {
		for _, sample := range recorded(t, folder+recording) {
			if sample.metric.Get(model.MetricNameLabel) == "redis_exporter_build_info" {
				versions[sample.metric.Get("version")] = true
			}
		}
	}
	require.Len(t, versions, 1, "recorded with one exporter")
	return slices.Collect(maps.Keys(versions))[0]
}

// exporterRecordings are those of Redis and Sentinel in which nothing is wrong.
var exporterRecordings = []string{"redis-master", "redis-replica", "sentinel"}

// emitted returns the labels of each metric that is scraped or recorded, with the
// exporter recorded in a folder.
func emitted(t *testing.T, folder string) map[string]map[string]bool {
	t.Helper()
	known := map[string]map[string]bool{}
	learn := func(metric labels.Labels) {
		name := metric.Get(model.MetricNameLabel)
		if known[name] == nil {
			known[name] = map[string]bool{}
		}
		for label := range metric.Map() {
			known[name][label] = true
		}
	}
	recordings := []string{"proxy", "certificates", "probe"}
	for _, recording := range exporterRecordings {
		recordings = append(recordings, folder+recording)
	}
	for _, recording := range recordings {
		for _, sample := range recorded(t, recording) {
			learn(sample.metric)
		}
	}
	for _, scrape := range healthy(t).operator {
		for _, series := range scrape.series {
			learn(series.metric)
		}
	}
	for name, rule := range everything(t) {
		if rule.Record != "" {
			known[name] = map[string]bool{}
		}
	}
	// Prometheus itself writes this.
	known["ALERTS"] = map[string]bool{"alertname": true, "alertstate": true, "severity": true}
	return known
}

// relabelled are labels that the PodMonitors set, what Prometheus makes of a metric's
// own namespace without honorLabels, and what one with several clusters adds.
var relabelled = map[string]bool{"cluster": true, "namespace": true, "tenant_redis": true, "component": true, "job": true, "exported_namespace": true}

// TestOperatorMetrics holds that both versions of the operator declare the
// metrics that its alerts and dashboards read, and the values of labels that they select.
func TestOperatorMetrics(t *testing.T) {
	for _, version := range []string{"1.2", "1.3"} {
		source := moduleSource(t, version, "github.com/spotahome/redis-operator", "metrics") +
			moduleSource(t, version, "github.com/spotahome/redis-operator", "operator/redisfailover") +
			moduleSource(t, version, "github.com/spotahome/kooper/v2", "metrics/prometheus")
		expressions := map[string]string{}
		for name, rule := range operator(t) {
			expressions[name] = rule.Expr
		}
		for _, q := range questions(t, "*") {
			expressions[q.name] = q.expr
		}
		for name, expr := range expressions {
			for _, metric := range metrics(t, expr) {
				_, short, own := strings.Cut(metric, "_controller_")
				if own {
					short = strings.TrimSuffix(strings.TrimSuffix(short, "_count"), "_sum")
					assert.Regexp(t, `Name:\s+"`+short+`"`, source, "%s: %s in operator %s", name, metric, version)
				}
			}
		}
		for _, value := range []string{"UNHEALTHY", "FAIL", "RESOURCE_NOT_FOUND", "redisfailover"} {
			assert.Contains(t, source, `"`+value+`"`, "operator %s", version)
		}
		for _, labels := range []string{`"namespace", "name"`, `"namespace", "resource", "indicator", "instance", "status"`, `"namespace", "kind", "name", "operation", "status", "err"`} {
			assert.Contains(t, source, labels, "operator %s", version)
		}
	}
}

// moduleSource returns the Go source of one package of a module that the
// operator is built from.
func moduleSource(t *testing.T, version, module, folder string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "-C", repository+"/ci/sources/redis-operator-"+version, "list", "-m", "-f", "{{.Dir}}", module).Output()
	require.NoError(t, err, module)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), folder, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, module)
	var source strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		source.Write(data)
	}
	return source.String()
}

// TestRecordedTraps holds what the rules take for granted, as the real exporter
// says it. A new exporter is recorded anew: see record.sh.
func TestRecordedTraps(t *testing.T) {
	lines := func(recording, pattern string) []string {
		data, err := os.ReadFile("testdata/" + recording + ".txt")
		require.NoError(t, err)
		return regexp.MustCompile("(?m)^"+pattern+"$").FindAllString(string(data), -1)
	}
	assert.Len(t, lines("sentinel", `redis_instance_info{.*role="".*} 1`), 1, "Sentinel has no role")
	assert.Len(t, lines("sentinel", `redis_up 1`), 1, "Sentinel emits redis_up, too")
	assert.Len(t, lines("sentinel-no-quorum", `redis_sentinel_master_ckquorum_status{.*message="NOQUORUM.*"} 0`), 1)
	assert.Len(t, lines("sentinel-no-quorum", `redis_sentinel_master_ok_slaves{.*} 2`), 1, "replicas are usable without a quorum")
	assert.Len(t, lines("sentinel-master-down", `redis_sentinel_master_status{.*master_status="[so]down"} 0`), 1)
	assert.Len(t, lines("redis-denied", `redis_up 0`), 1)
	assert.Empty(t, lines("redis-denied", `.*(WRONGPASS|NOAUTH).*`), "the exporter does not say that its password is wrong")
	assert.Len(t, lines("redis-full", `redis_up 0`), 1)
	assert.Empty(t, lines("redis-full", `redis_(instance_info|rejected_connections_total).*`), "a Redis without a free connection tells its exporter neither its role nor that it refuses")
	assert.Len(t, lines("redis-orphan", `redis_master_link_up{.*} 0`), 1)
	assert.Empty(t, lines("redis-master", `redis_master_link_up.*`), "only a replica has a link")
	assert.Len(t, lines("redis-replica", `redis_connected_slaves 0`), 1)
	assert.Len(t, lines("redis-master", `redis_errors_total{err="OOM"} 1`), 1, "an error's series begins with the error")
	assert.Empty(t, lines("redis-master", `redis_acl_access_denied.*`), "Redis 7.0 does not count refused logins")
}

// TestSeriesOfAnInstance holds the number that docs/scale.md says.
func TestSeriesOfAnInstance(t *testing.T) {
	count := func(scrapes ...*scrape) int {
		series := 0
		for _, s := range scrapes {
			series += len(s.series)
		}
		return series
	}
	i := healthy(t).instances[0]
	page, err := os.ReadFile(repository + "/docs/scale.md")
	require.NoError(t, err)
	assert.Contains(t, string(page), fmt.Sprintf("%d series of an instance. %d are of its Redis, %d of its Sentinels, %d of its proxies and %d of its probe",
		count(i.scrapes()...), count(i.redis...), count(i.sentinel...), count(append(i.proxy, i.certificates...)...), count(i.probe)))
}
