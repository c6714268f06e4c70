// Package alerts tests alerts and dashboards with Prometheus' own engine: each
// alert fires with its fault, stays silent without, and has no part that could
// be left out; each query of a dashboard shows something, and a tenant's shows
// nothing of another.
package alerts

import (
	"log/slog"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const repository = "../.."

var promql = parser.NewParser(parser.Options{})

// rules are the rendered rules of one chart, by the name of the alert or record.
type rules map[string]rulefmt.Rule

// manifests are what was rendered, by the arguments: many tests look at the same.
var manifests = map[string]string{}

// template renders one template of a chart, once.
func template(t *testing.T, chart, release, namespace, name string, set ...string) string {
	t.Helper()
	args := []string{
		"template", release, repository + "/charts/" + chart, "--namespace", namespace,
		"--show-only", "templates/" + name + ".yaml",
	}
	for _, s := range append([]string{"monitoring.enabled=true"}, set...) {
		args = append(args, "--set", s)
	}
	key := strings.Join(args, " ")
	if manifest, known := manifests[key]; known {
		return manifest
	}
	require.FileExists(t, repository+"/bin/helm", "run make tools")
	var stderr strings.Builder
	command := exec.CommandContext(t.Context(), repository+"/bin/helm", args...)
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, stderr.String())
	manifests[key] = string(out)
	return manifests[key]
}

// render renders the rules of a chart.
func render(t *testing.T, chart, release, namespace string, set ...string) rules {
	t.Helper()
	var object struct{ Spec map[string]any }
	require.NoError(t, yaml.Unmarshal([]byte(template(t, chart, release, namespace, "prometheusrule", set...)), &object))
	spec, err := yaml.Marshal(object.Spec)
	require.NoError(t, err)
	groups, errs := rulefmt.Parse(spec, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
	require.Empty(t, errs)
	found := rules{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			found[rule.Alert+rule.Record] = rule
		}
	}
	return found
}

// tenant renders the tenant chart with all that is off by default.
func tenant(t *testing.T, set ...string) rules {
	t.Helper()
	return render(t, "tenant-redis", target.name, target.namespace, append([]string{
		"auth.enabled=false", "proxy.enabled=true", "proxy.tls.existingSecret=certificate", "monitoring.probe.prober=blackbox.monitoring:9115",
		"monitoring.dashboardURL=https://grafana.example/d/tenant-redis",
	}, set...)...)
}

func operator(t *testing.T, set ...string) rules {
	t.Helper()
	return render(t, "redis-operator", "redis-operator", "redis-system", set...)
}

// written renders it with a service level that is counted by writes.
func written(t *testing.T, set ...string) rules {
	t.Helper()
	return tenant(t, append([]string{"monitoring.probe.prober=", "monitoring.probe.writes=true"}, set...)...)
}

// everything returns the rules of both charts and both purposes. Of records that are
// there twice it has the prober's.
func everything(t *testing.T, set ...string) rules {
	t.Helper()
	all := written(t, set...)
	maps.Copy(all, tenant(t, append([]string{"purpose=session"}, set...)...))
	maps.Copy(all, tenant(t, append([]string{"purpose=cache"}, set...)...))
	maps.Copy(all, operator(t, set...))
	return all
}

// alerts returns the names of the alerts alone, sorted.
func (r rules) alerts() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r)) {
		if r[name].Alert != "" {
			names = append(names, name)
		}
	}
	return names
}
