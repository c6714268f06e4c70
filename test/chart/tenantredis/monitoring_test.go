package tenantredis

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kube-network-policies/pkg/api"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// podMonitor has the fields that the chart sets.
type podMonitor struct {
	APIVersion, Kind string
	Metadata         map[string]any
	Spec             struct {
		Selector            struct{ MatchLabels map[string]string }
		PodMetricsEndpoints []struct {
			Port                           string
			Relabelings, MetricRelabelings []relabeling
		}
	}
}

type relabeling struct {
	Action, Regex            string
	SourceLabels             []string
	TargetLabel, Replacement string
}

var probing = values{"monitoring.enabled": "true", "monitoring.probe.prober": `"blackbox.monitoring:9115"`}

// TestMonitoringIsOffByDefault holds that an installation needs no CRD of the
// Prometheus Operator.
func TestMonitoringIsOffByDefault(t *testing.T) {
	kinds := map[string]int{}
	for _, o := range chart.Objects(t, nil) {
		assert.NotContains(t, o.GetAPIVersion(), "monitoring.coreos.com", o.ID())
	}
	for _, o := range chart.Objects(t, probing) {
		kinds[o.GetKind()]++
	}
	assert.Equal(t, 2, kinds["PodMonitor"])
	assert.Equal(t, 1, kinds["PrometheusRule"])
	assert.Equal(t, 1, kinds["Probe"])
}

func TestPodMonitors(t *testing.T) {
	objects := chart.Objects(t, probing)
	for _, component := range []string{"redis", "sentinel"} {
		monitor := render.Get[podMonitor](t, objects, chart.ID("PodMonitor")+"-"+component)
		assert.Equal(t, labelsOf(component), monitor.Spec.Selector.MatchLabels)
		require.Len(t, monitor.Spec.PodMetricsEndpoints, 1)
		endpoint := monitor.Spec.PodMetricsEndpoints[0]
		assert.Equal(t, "metrics", endpoint.Port)
		assert.Equal(t, []relabeling{
			{Action: "keep", SourceLabels: []string{"__meta_kubernetes_pod_phase"}, Regex: "Running"},
			{TargetLabel: "__tmp_disable_sharding", Replacement: "true"},
			{TargetLabel: "tenant_redis", Replacement: release},
			{TargetLabel: "component", Replacement: component},
			{SourceLabels: []string{"__meta_kubernetes_pod_ip"}, TargetLabel: "pod_ip"},
		}, endpoint.Relabelings)
	}
}

func TestProbe(t *testing.T) {
	probe := chart.Objects(t, probing)[chart.ID("Probe")]
	assert.Equal(t, map[string]any{
		"prober": map[string]any{"url": "blackbox.monitoring:9115"},
		"module": "tcp_connect",
		"targets": map[string]any{"staticConfig": map[string]any{
			"static":            []any{"rfs-" + release + "." + namespace + ":26379"},
			"labels":            map[string]any{"namespace": namespace, "tenant_redis": release},
			"relabelingConfigs": []any{map[string]any{"targetLabel": "__tmp_disable_sharding", "replacement": "true"}},
		}},
	}, probe.Object["spec"])
}

// TestProbeAccess holds that the Blackbox exporter gets in only where it is
// asked to probe, and only to Sentinel.
func TestProbeAccess(t *testing.T) {
	exporter := func(namespace string) *api.PodInfo {
		return pod(namespace, map[string]string{"app.kubernetes.io/name": "prometheus-blackbox-exporter"})
	}
	assert.Empty(t, reach(t, engineOf(t, chart.Objects(t, nil)), exporter("monitoring")))
	probed := engineOf(t, chart.Objects(t, probing))
	assert.Equal(t, []string{"sentinel:26379"}, reach(t, probed, exporter("monitoring")))
	assert.Empty(t, reach(t, probed, exporter("team-a")))
}

func TestRefusedMonitoring(t *testing.T) {
	for name, test := range map[string]struct {
		values values
		says   []string
	}{
		"unknown alert":           {values{"monitoring.excludedAlerts": `["RedisMasterMising"]`}, []string{"monitoring.excludedAlerts", `"RedisMasterMising"`, "RedisMasterMissing"}},
		"prober as address":       {values{"monitoring.probe.prober": `"http://blackbox:9115"`}, []string{"monitoring.probe.prober"}},
		"module with a space":     {values{"monitoring.probe.module": `"tcp connect"`}, []string{"monitoring.probe.module", "tcp connect"}},
		"runbooks with a slash":   {values{"monitoring.runbooksURL": `"https://a.example/"`}, []string{"monitoring.runbooksURL"}},
		"no runbooks":             {values{"monitoring.runbooksURL": `""`}, []string{"monitoring.runbooksURL"}},
		"dashboard with variable": {values{"monitoring.dashboardURL": `"https://a.example/d/a?var-a=b"`}, []string{"monitoring.dashboardURL"}},
		"label with a dash":       {values{"monitoring.alertLabels": `{"cost-centre": "1"}`}, []string{"monitoring.alertLabels", "cost-centre"}},
		"own severity":            {values{"monitoring.alertLabels": `{"severity": "low"}`}, []string{"monitoring.alertLabels", "severity"}},
		"label as number":         {values{"monitoring.alertLabels": `{"team": 1}`}, []string{"monitoring.alertLabels.team"}},
		"a label of the chart":    {values{"monitoring.labels": `{"app.kubernetes.io/name": "a"}`}, []string{"monitoring.labels", "app.kubernetes.io"}},
		"no label key":            {values{"monitoring.labels": `{"a b": "a"}`}, []string{"monitoring.labels", "a b"}},
		"no label value":          {values{"monitoring.labels": `{"a": "b c"}`}, []string{"monitoring.labels.a", "b c"}},
		"memory":                  {values{"monitoring.thresholds.memoryPercent": "100"}, []string{"monitoring.thresholds.memoryPercent", "99"}},
		"clients":                 {values{"monitoring.thresholds.clientsPercent": "9"}, []string{"monitoring.thresholds.clientsPercent", "10"}},
		"lag":                     {values{"monitoring.thresholds.replicationLagBytes": "1000"}, []string{"monitoring.thresholds.replicationLagBytes"}},
		"command":                 {values{"monitoring.thresholds.commandMilliseconds": "0"}, []string{"monitoring.thresholds.commandMilliseconds", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, chart, test.values, test.says...)
		})
	}
}

// TestExportersTellOfHanging holds that an exporter gives up on what hangs before
// Prometheus gives up on the exporter, after 10 s by default, and half of that in
// the drills.
func TestExportersTellOfHanging(t *testing.T) {
	for name, c := range components(t, nil) {
		require.Len(t, c.Exporter.Env, 1, name)
		variable := c.Exporter.Env[0]
		require.Equal(t, "REDIS_EXPORTER_CONNECTION_TIMEOUT", variable.Name, name)
		patience, err := time.ParseDuration(variable.Value)
		require.NoError(t, err, name)
		require.Less(t, patience, 5*time.Second, name)
	}
}

// writing has the Pod that writes.
func writing(v values) values {
	all := values{"monitoring.enabled": "true", "monitoring.probe.writes": "true"}
	maps.Copy(all, v)
	return all
}

// TestWriteProbe holds that the Pod that writes has what the tenant's have, is let in as
// they are, and is read by Prometheus alone.
func TestWriteProbe(t *testing.T) {
	objects := chart.Objects(t, writing(nil))
	probe := render.Get[appsv1.Deployment](t, objects, chart.ID("Deployment")+"-probe").Spec.Template
	assert.Equal(t, release, probe.Spec.Containers[0].EnvFrom[0].ConfigMapRef.Name)
	monitor := render.Get[podMonitor](t, objects, chart.ID("PodMonitor")+"-probe")
	assert.Subset(t, probe.Labels, monitor.Spec.Selector.MatchLabels)
	// Of its own Redis nothing else may be among the instance's series.
	assert.Equal(t, []relabeling{{Action: "keep", SourceLabels: []string{"__name__"}, Regex: "redis_key_value"}}, monitor.Spec.PodMetricsEndpoints[0].MetricRelabelings)
	engine := engineOf(t, objects)
	assert.Equal(t, []string{"redis:6379", "sentinel:26379"}, reach(t, engine, pod(namespace, probe.Labels)))

	for name, c := range map[string]struct {
		values values
		secret *corev1.SecretVolumeSource
		user   []corev1.EnvVar
	}{
		"own password": {values{"auth.existingSecret": `"mine"`}, &corev1.SecretVolumeSource{SecretName: "mine", Items: []corev1.KeyToPath{{Key: "password", Path: "REDIS_PASSWORD"}}}, nil},
		"own user":     {values{"auth.existingSecret": `"mine"`, "auth.tenantUser": `"app"`}, &corev1.SecretVolumeSource{SecretName: "mine", Items: []corev1.KeyToPath{{Key: "tenant-password", Path: "REDIS_PASSWORD"}}}, []corev1.EnvVar{{Name: "REDIS_USERNAME", Value: "app"}}},
		"without":      {values{"auth.existingSecret": `""`, "auth.enabled": "false"}, nil, nil},
	} {
		spec := render.Get[appsv1.Deployment](t, chart.Objects(t, writing(c.values)), chart.ID("Deployment")+"-probe").Spec.Template.Spec
		assert.Equal(t, c.user, spec.Containers[0].Env, name)
		if c.secret == nil {
			assert.Empty(t, spec.Volumes, name)
			continue
		}
		assert.Equal(t, c.secret, spec.Volumes[0].Secret, name)
	}
	for id := range chart.Objects(t, writing(values{"migrateFrom": `"192.0.2.1"`})) {
		assert.NotContains(t, id, "-probe", "a copy takes no writes")
	}
}
