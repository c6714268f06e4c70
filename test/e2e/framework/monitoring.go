//go:build e2e

package framework

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"
)

const (
	// MonitoringNamespace is the charts' default for where Prometheus is.
	MonitoringNamespace = "monitoring"
	// Prober is the Blackbox exporter of the test cluster.
	Prober = "blackbox-exporter.monitoring:9115"

	// keepVariable, if set, leaves the monitoring in the cluster after the test.
	keepVariable = "KEEP_MONITORING"

	manifests       = "test/e2e/monitoring"
	operatorModule  = "github.com/prometheus-operator/prometheus-operator"
	operatorSources = "ci/sources/prometheus-operator"

	// monitoringWithin is for five Pods to start on a busy machine, two of them
	// once the Prometheus Operator has seen what it is to make.
	monitoringWithin = 4 * time.Minute
	answerWithin     = 10 * time.Second
)

// Monitoring is a Prometheus and an Alertmanager that the Prometheus Operator
// runs in the test cluster.
type Monitoring struct {
	prometheus, alertmanager string
}

// Alert is one that Alertmanager has.
type Alert struct {
	Labels, Annotations map[string]string
	StartsAt            time.Time
}

// InstallMonitoringCRDs installs the CRDs of the Prometheus Operator, as its
// module has them. They stay: without them Helm could not remove what a release
// has of their kinds.
func InstallMonitoringCRDs(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "-C", Path(operatorSources), "mod", "download", "-json", operatorModule).Output()
	require.NoError(t, err, "%s", out)
	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(out, &module))
	folder := filepath.Join(module.Dir, "example/prometheus-operator-crd")
	// They are too large for the annotation of a client-side apply.
	_, err = Ask(t.Context(), "apply", "--server-side", "--force-conflicts", "--filename", folder)
	require.NoError(t, err)
	_, err = Ask(t.Context(), "wait", "--for=condition=Established", "--timeout=60s", "--filename", folder)
	require.NoError(t, err)
}

// PrepareMonitoring makes an empty namespace for the monitoring, and removes all
// of it after the test, unless KEEP_MONITORING is set.
func PrepareMonitoring(t *testing.T) {
	t.Helper()
	remove := func() {
		ctx := CleanupContext(t)
		_, _ = Ask(ctx, "delete", "--ignore-not-found", "--timeout=60s", "--wait=false", "--filename", Path(manifests))
		_, _ = Ask(ctx, "delete", "namespace", MonitoringNamespace, "--ignore-not-found", "--timeout=120s")
	}
	remove()
	t.Cleanup(func() {
		if t.Failed() {
			dumpMonitoring(t)
		}
		if os.Getenv(keepVariable) == "" {
			remove()
		}
	})
	require.NoError(t, makeNamespace(t.Context(), MonitoringNamespace))
}

// CopyRules gives Prometheus the PrometheusRule that a chart made, with every
// "for" divided by a number and nothing else changed.
func CopyRules(t *testing.T, namespace, name string, divisor int) {
	t.Helper()
	// Without terratest, which would log all of it.
	text, err := Ask(t.Context(), "--namespace", namespace, "get", "prometheusrule", name, "-o", "yaml")
	require.NoError(t, err)
	var rules map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &rules))
	made, _ := rules["metadata"].(map[string]any)
	rules["metadata"] = map[string]any{"name": name, "namespace": MonitoringNamespace, "labels": made["labels"]}
	delete(rules, "status")
	for _, group := range rules["spec"].(map[string]any)["groups"].([]any) {
		for _, rule := range group.(map[string]any)["rules"].([]any) {
			rule := rule.(map[string]any)
			if pending, ok := rule["for"].(string); ok {
				whole, err := time.ParseDuration(pending)
				require.NoError(t, err)
				rule["for"] = fmt.Sprintf("%dms", whole.Milliseconds()/int64(divisor))
			}
		}
	}
	copied, err := yaml.Marshal(rules)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), name+".yaml")
	require.NoError(t, os.WriteFile(file, copied, 0o600))
	_, err = Ask(t.Context(), "apply", "--filename", file)
	require.NoError(t, err)
}

// StartMonitoring starts the operator, Prometheus, Alertmanager and the Blackbox
// exporter. What Prometheus is to read should be there already: it learns of
// later changes only after a minute or two.
func StartMonitoring(t *testing.T) *Monitoring {
	t.Helper()
	_, err := Ask(t.Context(), "apply", "--filename", Path(manifests))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), monitoringWithin)
	defer cancel()
	for _, workload := range []string{
		"deployment/prometheus-operator", "deployment/blackbox-exporter", "statefulset/alertmanager-drill", "statefulset/prometheus-drill",
	} {
		var last error
		err := wait.PollUntilContextCancel(ctx, 2*time.Second, true, func(ctx context.Context) (bool, error) {
			// It does not exist before the operator has made it.
			_, last = Ask(ctx, "--namespace", MonitoringNamespace, "rollout", "status", workload, "--timeout=30s")
			return last == nil, nil
		})
		require.NoError(t, err, "%s does not start: %v", workload, last)
	}
	return &Monitoring{
		prometheus:   "http://" + Forward(t, MonitoringNamespace, "prometheus-drill-0", 9090),
		alertmanager: "http://" + Forward(t, MonitoringNamespace, "alertmanager-drill-0", 9093),
	}
}

// Forward makes a port of a Pod reachable until the test's end, and returns where.
func Forward(t *testing.T, namespace, pod string, port int) string {
	t.Helper()
	forward := exec.CommandContext(t.Context(), "kubectl", "--namespace", namespace, "port-forward", "pod/"+pod, fmt.Sprintf(":%d", port))
	says, err := forward.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, forward.Start())
	t.Cleanup(func() { _ = forward.Wait() })
	var at string
	_, err = fmt.Fscanf(says, "Forwarding from %s", &at)
	require.NoError(t, err, "port %d of %s is not forwarded", port, pod)
	go func() { _, _ = io.Copy(io.Discard, says) }()
	return at
}

// Alerts are those that Alertmanager has at this moment.
func (m *Monitoring) Alerts(ctx context.Context) ([]Alert, error) {
	var alerts []Alert
	return alerts, get(ctx, m.alertmanager+"/api/v2/alerts", &alerts)
}

// Series is one of the answer to a query.
type Series struct {
	Metric map[string]string
	// Value has the time and, as text, the value.
	Value []any
}

// Query is the answer of Prometheus to a query about this moment.
func (m *Monitoring) Query(ctx context.Context, query string) ([]Series, error) {
	var answer struct {
		Data struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := get(ctx, m.prometheus+"/api/v1/query?query="+url.QueryEscape(query), &answer); err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	if answer.Data.ResultType != "vector" {
		return []Series{{}}, nil
	}
	var series []Series
	return series, json.Unmarshal(answer.Data.Result, &series)
}

// Value is that of the only series of a query's answer, 0 if there is none.
func (m *Monitoring) Value(ctx context.Context, query string) (float64, error) {
	series, err := m.Query(ctx, query)
	if err != nil || len(series) == 0 {
		return 0, err
	}
	if len(series) > 1 || len(series[0].Value) != 2 {
		return 0, fmt.Errorf("%s has %d series, not one", query, len(series))
	}
	return strconv.ParseFloat(fmt.Sprint(series[0].Value[1]), 64)
}

// QueryRange is the raw answer of Prometheus to a query about a span of time.
func (m *Monitoring) QueryRange(ctx context.Context, query string, from, to time.Time) (json.RawMessage, error) {
	var answer json.RawMessage
	parameters := url.Values{
		"query": {query}, "step": {"5"},
		"start": {from.UTC().Format(time.RFC3339)}, "end": {to.UTC().Format(time.RFC3339)},
	}
	return answer, get(ctx, m.prometheus+"/api/v1/query_range?"+parameters.Encode(), &answer)
}

// AwaitTargets waits until Prometheus has as many targets and reaches all of
// them.
func (m *Monitoring) AwaitTargets(t *testing.T, targets int) {
	t.Helper()
	state := "it has not answered"
	err := wait.PollUntilContextTimeout(t.Context(), time.Second, monitoringWithin, true, func(ctx context.Context) (bool, error) {
		up, problems := m.targets(ctx)
		state = fmt.Sprintf("%d of %d targets are up\n%s", up, targets, strings.Join(problems, "\n"))
		return up == targets && len(problems) == 0, nil
	})
	require.NoError(t, err, "Prometheus does not reach all it should: %s", state)
}

// targets counts those that Prometheus reaches, and says what is wrong with the
// others.
func (m *Monitoring) targets(ctx context.Context) (up int, problems []string) {
	var answer struct {
		Data struct {
			ActiveTargets []struct {
				Health, LastError, ScrapeURL string
			}
		}
	}
	if err := get(ctx, m.prometheus+"/api/v1/targets?state=active", &answer); err != nil {
		return 0, []string{err.Error()}
	}
	for _, target := range answer.Data.ActiveTargets {
		if target.Health == "up" {
			up++
		} else {
			problems = append(problems, target.ScrapeURL+": "+target.LastError)
		}
	}
	return up, problems
}

// SaveTSDB packs all that Prometheus has measured into a file.
func (m *Monitoring) SaveTSDB(ctx context.Context, file string) error {
	var answer struct{ Data struct{ Name string } }
	if err := ask(ctx, http.MethodPost, m.prometheus+"/api/v1/admin/tsdb/snapshot", &answer); err != nil {
		return err
	}
	// Its image has no tar: the node does.
	where, err := Ask(ctx, "--namespace", MonitoringNamespace, "get", "pod", "prometheus-drill-0", "-o", "jsonpath={.spec.nodeName} {.metadata.uid}")
	if err != nil {
		return err
	}
	node, uid, _ := strings.Cut(where, " ")
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	pack := exec.CommandContext(ctx, "docker", "exec", node, "sh", "-c",
		"tar -C /var/lib/kubelet/pods/"+uid+"/volumes/kubernetes.io~empty-dir/prometheus-drill-db/snapshots/"+answer.Data.Name+" -cz .")
	pack.Stdout = out
	return pack.Run()
}

// get reads JSON from a URL.
func get(ctx context.Context, url string, into any) error {
	return ask(ctx, http.MethodGet, url, into)
}

func ask(ctx context.Context, method, url string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", request.URL.Path, response.Status)
	}
	// To the end: what is left unread would break the connection.
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// dumpMonitoring logs what it takes to understand why there is no monitoring.
func dumpMonitoring(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"get", "pods,prometheuses,alertmanagers,prometheusrules", "--output=wide"},
		{"get", "podmonitors,probes,prometheusrules", "--all-namespaces"},
		{"get", "events", "--sort-by=.lastTimestamp"},
		{"logs", "deployment/prometheus-operator", "--tail=50"},
		{"logs", "prometheus-drill-0", "--all-containers", "--tail=50"},
		{"logs", "alertmanager-drill-0", "--all-containers", "--tail=50"},
	} {
		out, err := Ask(CleanupContext(t), append([]string{"--namespace", MonitoringNamespace}, args...)...)
		t.Logf("=== monitoring: kubectl %s (%v)\n%s", strings.Join(args, " "), err, out)
	}
}
