//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/runbook"
)

const (
	// detectWithin covers the longest "for" of a drill, 23 s, a scrape, two
	// evaluations, and a busy machine.
	detectWithin = 2 * time.Minute
	// resolveWithin covers two passes of the operator after a repair, and the
	// start of new Pods.
	resolveWithin = 4 * time.Minute
	// windowWithin is for alerts that look back 5 minutes.
	windowWithin = resolveWithin + 5*time.Minute

	// scriptWithin is the longest that a runbook's block may take: a rollout's
	// two minutes, and a little.
	scriptWithin = 150 * time.Second
)

// drill is a fault, and what is to be told of it.
type drill struct {
	alerts *watch
	// instance is the one that the fault befalls; nil for the operator.
	instance *framework.Instance
	fault    string
	// at is when the fault began, and repaired when it was over.
	at, repaired time.Time
	found        map[string]*finding
}

// finding is one alert of a drill.
type finding struct {
	alert, severity, fault string
	// detected and resolved are counted from the fault, toResolve from its
	// repair.
	detected, resolved, toResolve time.Duration
}

const (
	// look is the time between two looks at the alerts.
	look = 500 * time.Millisecond
	// outdated is when an answer no longer proves that nothing fires.
	outdated = 15 * time.Second
)

// watch has the alerts that Alertmanager had when it answered last, and when each
// was there last.
type watch struct {
	mu       sync.Mutex
	alerts   []framework.Alert
	answered time.Time
	seen     map[string]time.Time
}

// watchAlerts asks Alertmanager until the test ends.
func watchAlerts(t *testing.T, m *framework.Monitoring) *watch {
	t.Helper()
	w := &watch{answered: time.Now(), seen: map[string]time.Time{}}
	go func() {
		for pause(t.Context(), look) == nil {
			// One that does not answer will: who waits for an alert waits on, who
			// wants none fails.
			if alerts, err := m.Alerts(t.Context()); err == nil {
				w.note(alerts)
			}
		}
	}()
	return w
}

func (w *watch) note(alerts []framework.Alert) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alerts, w.answered = alerts, time.Now()
	for _, alert := range alerts {
		w.seen[alert.Labels["alertname"]] = time.Now()
		w.seen[alert.Labels["alertname"]+" "+about(alert)] = time.Now()
	}
}

func (w *watch) now() []framework.Alert {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.alerts
}

// requireNone fails if an alert fires that is one of these, or if nobody knows.
func (w *watch) requireNone(t *testing.T, these func(framework.Alert) bool) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Less(t, time.Since(w.answered), outdated, "Alertmanager does not answer")
	require.Empty(t, describe(slices.DeleteFunc(slices.Clone(w.alerts), func(a framework.Alert) bool { return !these(a) })), "this fires")
}

// lastSeen is when an alert was there last, about an instance or any.
func (w *watch) lastSeen(name string, i *framework.Instance) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i != nil {
		name += " " + i.Name
	}
	return w.seen[name]
}

// begin notes that a fault begins now.
func (l *lab) begin(i *framework.Instance, fault string) *drill {
	return &drill{alerts: l.alerts, instance: i, fault: fault, at: time.Now(), found: map[string]*finding{}}
}

// subject is the name of what an alert's runbook is about: for those of the operator's
// chart that is the operator, whichever instance the alert names.
func (d *drill) subject(t *testing.T, alert string) string {
	t.Helper()
	if d.instance == nil || !alertSource(t, alert).tenant {
		return "redis-operator"
	}
	return d.instance.Name
}

// fires waits until Alertmanager has all these alerts, checks what they say,
// and runs the diagnosis of their runbooks.
func (d *drill) fires(t *testing.T, alerts ...string) {
	t.Helper()
	missing := slices.Clone(alerts)
	err := wait.PollUntilContextTimeout(t.Context(), look, detectWithin, true, func(context.Context) (bool, error) {
		now := d.alerts.now()
		missing = slices.DeleteFunc(missing, func(name string) bool {
			alert, firing := d.find(now, name)
			// One that fired before the fault says nothing about it.
			if !firing || alert.StartsAt.Before(d.at) {
				return false
			}
			d.note(t, alert)
			return true
		})
		return len(missing) == 0, nil
	})
	require.NoError(t, err, "%s: these do not fire: %v; what does:\n%s", d.fault, missing, describe(d.alerts.now()))
	for _, name := range alerts {
		d.diagnose(t, name, rotten)
	}
}

// find finds an alert about the drill's instance among others.
func (d *drill) find(alerts []framework.Alert, name string) (framework.Alert, bool) {
	for _, alert := range alerts {
		if alert.Labels["alertname"] == name && (d.instance == nil || about(alert) == d.instance.Name) {
			return alert, true
		}
	}
	return framework.Alert{}, false
}

// about is the instance that an alert is about, if it is about one.
func about(alert framework.Alert) string {
	return cmp.Or(alert.Labels["tenant_redis"], alert.Labels["name"])
}

// note keeps when an alert was seen first, and checks what it tells.
func (d *drill) note(t *testing.T, alert framework.Alert) {
	t.Helper()
	name := alert.Labels["alertname"]
	source := alertSource(t, name)
	d.found[name] = &finding{alert: name, severity: source.Labels["severity"], fault: d.fault, detected: time.Since(d.at)}
	t.Logf("%s fires %s after: %s", name, d.found[name].detected.Round(time.Second), d.fault)

	assert.Equal(t, source.Labels["severity"], alert.Labels["severity"], name)
	assert.Equal(t, source.Annotations["summary"], alert.Annotations["summary"], name)
	assert.True(t, strings.HasSuffix(alert.Annotations["runbook_url"], "/"+name+".md"), "%s: runbook_url is %q", name, alert.Annotations["runbook_url"])
	assert.Contains(t, alert.Annotations["runbook_variables"], "\nNAME="+d.subject(t, name)+"\n", name)
	assert.NotRegexp(t, `^$|<[a-z ]+>`, alert.Annotations["description"], name)
	assert.Regexp(t, `^`+regexp.QuoteMeta(grafana)+`/\S+$`, alert.Annotations["dashboard_url"], name)
	if source.tenant {
		assert.Contains(t, alert.Annotations["dashboard_url"], "&var-instance="+d.instance.Name, name)
		assert.Equal(t, d.instance.Namespace, alert.Labels["namespace"], name)
		assert.Equal(t, d.instance.Tenant, alert.Labels["tenant"], "%s: the label that monitoring.alertLabels adds", name)
		assert.Contains(t, alert.Annotations["description"], d.instance.Name, name)
	}
}

// resolves waits until none of the alerts that fired is there any more.
func (d *drill) resolves(t *testing.T, within time.Duration) {
	t.Helper()
	var firing []string
	for name, f := range d.found {
		if f.resolved == 0 {
			firing = append(firing, name)
		}
	}
	err := wait.PollUntilContextTimeout(t.Context(), look, within, true, func(context.Context) (bool, error) {
		now := d.alerts.now()
		firing = slices.DeleteFunc(firing, func(name string) bool {
			_, still := d.find(now, name)
			if !still {
				f := d.found[name]
				// It may have ended while the test did something else.
				ended := d.alerts.lastSeen(name, d.instance)
				f.resolved, f.toResolve = ended.Sub(d.at), max(0, ended.Sub(d.repaired))
				t.Logf("%s is resolved %s after the repair of: %s", name, f.toResolve.Round(time.Second), d.fault)
				recordFinding(t, *f)
			}
			return !still
		})
		return len(firing) == 0, nil
	})
	require.NoError(t, err, "%s: these do not resolve: %v", d.fault, firing)
}

// keepFiring records the alerts of a drill that look back for longer than the
// tests of every commit may last.
func (d *drill) keepFiring(t *testing.T) {
	t.Helper()
	for _, f := range d.found {
		if f.resolved == 0 {
			recordFinding(t, *f)
		}
	}
}

const rot = `command not found|^[Ee]rror: unknown |syntax error|unbound variable|doesn't have a resource type|^(ERR (unknown|wrong|syntax)|NOAUTH|WRONGPASS|NOPERM) `

var (
	// rotten is what commands print that do not fit the cluster, its tools or Redis
	// any more, whatever its state.
	rotten = regexp.MustCompile(`(?m)` + rot)
	// rottenWhole is the same where nothing is missing.
	rottenWhole = regexp.MustCompile(`(?m)\(NotFound\)|` + rot)
)

// diagnose runs the diagnosis of an alert's runbook. A Pod that is away may well
// make a command fail; what no state of the cluster explains may not.
func (d *drill) diagnose(t *testing.T, alert string, unfit *regexp.Regexp) {
	t.Helper()
	book := d.runbook(t, alert)
	for n := range book.Blocks(runbook.Diagnosis) {
		script, err := book.Script(runbook.Diagnosis, n, d.variables(t, alert, nil))
		require.NoError(t, err)
		output, err := runScript(t, "set -u\n"+script)
		assert.NotEmpty(t, output, "the diagnosis of %s shows nothing (%v)", alert, err)
		assert.NotRegexp(t, unfit, output, "the diagnosis of %s does not fit", alert)
	}
}

// mitigate runs one block of the mitigation that an alert's runbook gives and
// returns what it prints. What the runbook lets its reader choose is given.
func (d *drill) mitigate(t *testing.T, alert string, n int, choices map[string]string) string {
	t.Helper()
	script, err := d.runbook(t, alert).Script(runbook.Mitigation, n, d.variables(t, alert, choices))
	require.NoError(t, err)
	output, err := runScript(t, "set -u\n"+script)
	require.NoError(t, err, "the mitigation of %s fails:\n%s", alert, output)
	assert.NotRegexp(t, rotten, output, "the mitigation of %s does not fit", alert)
	d.repaired = time.Now()
	return output
}

func (d *drill) runbook(t *testing.T, alert string) runbook.Runbook {
	t.Helper()
	book, err := runbook.Read(framework.Path("docs/runbooks/" + alert + ".md"))
	require.NoError(t, err)
	return book
}

// variables are those that each runbook begins with, and a reader's choices.
func (d *drill) variables(t *testing.T, alert string, choices map[string]string) map[string]string {
	t.Helper()
	variables := map[string]string{"NAMESPACE": framework.DrillsNamespace, "NAME": d.subject(t, alert)}
	for name, value := range choices {
		variables[name] = value
	}
	return variables
}

func runScript(t *testing.T, script string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), scriptWithin)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", script)
	// Some save a file where the reader is.
	command.Dir = t.TempDir()
	// A command that hangs in a Pod must not hold its output open.
	command.WaitDelay = 5 * time.Second
	output, err := command.CombinedOutput()
	return string(output), err
}

// source is an alert as its chart has it.
type source struct {
	Alert               string
	Purpose             string
	Labels, Annotations map[string]string
	tenant              bool
}

func alertSource(t *testing.T, name string) source {
	t.Helper()
	for _, chart := range []string{"tenant-redis", "redis-operator"} {
		text, err := os.ReadFile(framework.Path("charts/" + chart + "/alerts/" + name + ".yaml"))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		s := source{tenant: chart == "tenant-redis"}
		require.NoError(t, yaml.Unmarshal(text, &s))
		return s
	}
	require.Fail(t, "no chart has the alert "+name)
	return source{}
}

// allAlerts are those of both charts.
func allAlerts(t *testing.T) []source {
	t.Helper()
	files, err := filepath.Glob(framework.Path("charts/*/alerts/*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all []source
	for _, file := range files {
		all = append(all, alertSource(t, strings.TrimSuffix(filepath.Base(file), ".yaml")))
	}
	return all
}

// describe lists alerts for people to read.
func describe(alerts []framework.Alert) string {
	var lines []string
	for _, alert := range alerts {
		lines = append(lines, fmt.Sprintf("%s (%s) %s since %s: %s", alert.Labels["alertname"], alert.Labels["severity"],
			alert.Labels["tenant_redis"], alert.StartsAt.Local().Format(time.TimeOnly), alert.Annotations["description"]))
	}
	return strings.Join(lines, "\n")
}

// findings are those of all drills so far.
var findings struct {
	sync.Mutex
	all []finding
}

const findingsFile = ".cache/log/drills.md"

func recordFinding(t *testing.T, f finding) {
	t.Helper()
	findings.Lock()
	defer findings.Unlock()
	findings.all = append(findings.all, f)
	file := framework.Path(findingsFile)
	assert.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	assert.NoError(t, os.WriteFile(file, []byte(findingsTable()), 0o600))
}

// findingsTable is a table in Markdown: critical alerts first, each by its name.
func findingsTable() string {
	rows := slices.Clone(findings.all)
	slices.SortStableFunc(rows, func(a, b finding) int {
		return strings.Compare(a.severity+" "+a.alert, b.severity+" "+b.alert)
	})
	var out strings.Builder
	out.WriteString("| alert | severity | fault | fires after | resolved after | after the repair |\n|---|---|---|---|---|---|\n")
	for _, f := range rows {
		resolved, toResolve := "-", "-"
		if f.resolved > 0 {
			resolved, toResolve = fmt.Sprintf("%.0f s", f.resolved.Seconds()), fmt.Sprintf("%.0f s", f.toResolve.Seconds())
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %.0f s | %s | %s |\n", f.alert, f.severity, f.fault, f.detected.Seconds(), resolved, toResolve)
	}
	return out.String()
}
