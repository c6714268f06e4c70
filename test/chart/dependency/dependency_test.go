// Package dependency tests the charts as others use them: as dependencies of a
// chart, under names of its choice, beside charts that know nothing of them.
package dependency

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const charts = render.Repository + "/charts"

func TestMain(m *testing.M) {
	render.UsePinnedHelm()
	os.Exit(m.Run())
}

// defined finds the names of templates in a file.
var defined = regexp.MustCompile(`define "([^"]+)"`)

// names returns the names of the templates that a chart defines.
func names(t *testing.T, chart string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(filepath.Join(charts, chart, "templates"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range defined.FindAllStringSubmatch(string(text), -1) {
			found = append(found, match[1])
		}
		return err
	}))
	return found
}

// TestNamesAreTheCharts holds that no template shares its name with one of
// another chart: all charts of a release share one set of names, and the last
// that defines one wins.
func TestNamesAreTheCharts(t *testing.T) {
	for _, chart := range []string{"redis-operator", "tenant-redis", "redis-dashboards"} {
		for _, name := range names(t, chart) {
			require.True(t, strings.HasPrefix(name, chart+"."), "%s: %s", chart, name)
		}
	}
	require.NotEmpty(t, names(t, "tenant-redis"))
}

// dependency is a chart under the name that its parent gives to it.
type dependency struct{ chart, alias string }

// parent returns a chart with dependencies, whose own templates have the names
// of ours without their prefix, as a chart called redis would have them.
func parent(t *testing.T, dependencies ...dependency) string {
	t.Helper()
	dir := t.TempDir()
	metadata := []string{"apiVersion: v2", "name: shop", "version: 1.0.0", "dependencies:"}
	hostile := map[string]string{}
	for _, d := range dependencies {
		metadata = append(metadata, fmt.Sprintf("  - {name: %s, alias: %s, version: '*'}", d.chart, d.alias))
		to := filepath.Join(dir, "charts", d.chart)
		if _, err := os.Stat(to); err == nil {
			continue
		}
		require.NoError(t, os.CopyFS(to, os.DirFS(filepath.Join(charts, d.chart))))
		for _, name := range names(t, d.chart) {
			own := strings.TrimPrefix(name, d.chart+".")
			for _, prefix := range []string{"", "redis.", "operator.", "shop."} {
				hostile[prefix+own] = fmt.Sprintf("{{ define %q }}hostile{{ end }}\n", prefix+own)
			}
		}
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "templates"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "templates", "_helpers.tpl"), []byte(strings.Join(slices.Collect(maps.Values(hostile)), "")), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Chart.yaml"), []byte(strings.Join(metadata, "\n")), 0o600))
	return dir
}

// same turns objects into text, without the label that names the chart, in which
// Helm writes the alias.
func same(t *testing.T, objects map[string]render.Object) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for id, o := range objects {
		unstructured.RemoveNestedField(o.Object, "metadata", "labels", "helm.sh/chart")
		text, err := yaml.Marshal(o.Object)
		require.NoError(t, err)
		texts[id] = string(text)
	}
	return texts
}

// TestDependencies holds that two instances and an operator under aliases, with
// globals and hostile neighbours, are what each would be alone.
func TestDependencies(t *testing.T) {
	const release, namespace = "shop", "redis-system"
	instance := func(name string) render.Values {
		return render.Values{"name": `"` + name + `"`, "auth.existingSecret": `"mine"`, "monitoring.enabled": "true", "proxy.enabled": "true"}
	}
	alone := map[string]struct {
		chart  string
		values render.Values
	}{
		"first":    {"tenant-redis", instance("orders")},
		"second":   {"tenant-redis", instance("sessions")},
		"operator": {"redis-operator", render.Values{"monitoring.enabled": "true"}},
	}
	want, all := map[string]string{}, render.Values{"global": `{"imageRegistry": "mirror.example", "redis": {"name": "hostile"}}`}
	for alias, a := range alone {
		chart := render.Chart{Dir: filepath.Join(charts, a.chart), Release: release, Namespace: namespace}
		for id, text := range same(t, chart.Objects(t, a.values)) {
			want[id] = text
		}
		for key, value := range a.values {
			all[alias+"."+key] = value
		}
	}
	dir := parent(t, dependency{"tenant-redis", "first"}, dependency{"tenant-redis", "second"}, dependency{"redis-operator", "operator"})
	chart := render.Chart{Dir: dir, Release: release, Namespace: namespace}
	require.Equal(t, want, same(t, chart.Objects(t, all)))

	delete(all, "first.name")
	_, err := chart.Template(t, all)
	require.ErrorContains(t, err, `name: is empty, and as a dependency this chart has the release's name, "shop", as all other charts of the release have: set name to what the instance is called`)
}

// TestNamesAreText holds that a release or a namespace may be called what YAML
// takes for something else.
func TestNamesAreText(t *testing.T) {
	for _, name := range []string{"null", "true"} {
		for chart, values := range map[string]render.Values{
			"tenant-redis": {
				"auth.existingSecret": `"mine"`, "monitoring.enabled": "true", "monitoring.probe.prober": `"a:1"`,
				"proxy.enabled": "true", "proxy.sidecar": "true", "tenantNamespaces": `["` + name + `", "no"]`,
				"tenantSubjects": `[{"kind": "ServiceAccount", "name": "null", "namespace": "true"}]`,
			},
			"redis-operator":   {"monitoring.enabled": "true", "watchedNamespaces": `["` + name + `"]`},
			"redis-dashboards": nil,
		} {
			c := render.Chart{Dir: filepath.Join(charts, chart), Release: name, Namespace: name, Tests: true}
			for id, o := range c.Objects(t, values) {
				require.NotContains(t, id, "//", "%s: no name or no namespace", chart)
				require.NotEmpty(t, o.GetName(), "%s: %s", chart, id)
				_, given, err := unstructured.NestedString(o.Object, "metadata", "namespace")
				require.NoError(t, err, id)
				if given {
					require.Contains(t, []string{name, "no"}, o.GetNamespace(), id)
				}
			}
		}
	}
}
