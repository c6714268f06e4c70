// Package dashboards tests the chart charts/redis-dashboards as Helm renders it,
// without a cluster.
package dashboards

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

var chart = render.Chart{
	Dir:       render.Repository + "/charts/redis-dashboards",
	Release:   "redis-dashboards",
	Namespace: "monitoring",
}

type values = render.Values

// audiences are whom each dashboard is for.
var audiences = map[string]string{
	"tenant-redis": "tenants", "tenant-redis-failover": "tenants",
	"tenant-redis-fleet": "administrators", "redis-operator": "administrators",
}

func TestMain(m *testing.M) {
	render.UsePinnedHelm()
	m.Run()
}

// configMaps returns what is rendered, by the uid of the dashboard.
func configMaps(t *testing.T, v values) map[string]corev1.ConfigMap {
	t.Helper()
	objects := chart.Objects(t, v)
	found := map[string]corev1.ConfigMap{}
	for id, o := range objects {
		require.Equal(t, "ConfigMap", o.GetKind())
		configMap := render.Get[corev1.ConfigMap](t, objects, id)
		require.Len(t, configMap.Data, 1, id)
		for key, text := range configMap.Data {
			var dashboard struct{ UID string }
			require.NoError(t, json.Unmarshal([]byte(text), &dashboard), key)
			assert.Equal(t, dashboard.UID+".json", key)
			found[dashboard.UID] = configMap
		}
	}
	require.Len(t, found, len(audiences))
	return found
}

// TestConfigMaps holds that Grafana's sidecar finds each dashboard, unchanged.
func TestConfigMaps(t *testing.T) {
	for uid, configMap := range configMaps(t, nil) {
		assert.Equal(t, "redis-dashboards-"+uid, configMap.Name)
		assert.Equal(t, "monitoring", configMap.Namespace)
		assert.Equal(t, "1", configMap.Labels["grafana_dashboard"])
		assert.Empty(t, configMap.Annotations, "the sidecar's own folder")
		file, err := os.ReadFile(filepath.Join(chart.Dir, "dashboards", audiences[uid], uid+".json"))
		require.NoError(t, err)
		assert.JSONEq(t, string(file), configMap.Data[uid+".json"])
	}
}

func TestLabelsAndFolders(t *testing.T) {
	changed := configMaps(t, values{
		"labels":           `{"grafana_dashboard": null, "dashboards": "yes"}`,
		"folderAnnotation": `"k8s-sidecar-target-directory"`,
		"folders.tenants":  `"Tenants"`,
	})
	for uid, configMap := range changed {
		assert.NotContains(t, configMap.Labels, "grafana_dashboard")
		assert.Equal(t, "yes", configMap.Labels["dashboards"])
		if audiences[uid] == "tenants" {
			assert.Equal(t, map[string]string{"k8s-sidecar-target-directory": "Tenants"}, configMap.Annotations)
		} else {
			assert.Empty(t, configMap.Annotations)
		}
	}
}

func TestRefusedValues(t *testing.T) {
	for name, test := range map[string]struct {
		values values
		says   []string
	}{
		"unknown key":      {values{"enabled": "true"}, []string{"enabled: is not a value of this chart: remove it; here may be folderAnnotation, folders, labels"}},
		"no label":         {values{"labels": `{"grafana_dashboard": null}`}, []string{"labels: {} must be a map of names to values, one at least"}},
		"label as number":  {values{"labels.grafana_dashboard": "1"}, []string{`labels.grafana_dashboard: 1 must be a text: write "1", in quotes`}},
		"unknown audience": {values{"folders.fleet": `"Fleet"`}, []string{"folders.fleet: is not a value of this chart"}},
		"no annotation":    {values{"folderAnnotation": `""`}, []string{`folderAnnotation: "" must be a text that is not empty: set such a one`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := chart.Template(t, test.values)
			require.Error(t, err)
			for _, part := range test.says {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

// TestNoValueIsNull holds that null, which to Helm means no value at all, is refused.
func TestNoValueIsNull(t *testing.T) {
	chart.RefusesNull(t)
}

// TestMisfits holds that a value of a wrong type is answered in words.
func TestMisfits(t *testing.T) {
	chart.AnswersMisfits(t)
	chart.HelpsEditors(t)
}
