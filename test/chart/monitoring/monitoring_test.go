// Package monitoring tests the manifests of the drills' monitoring, and what the
// charts make for it, without a cluster.
package monitoring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const (
	manifests = render.Repository + "/test/e2e/monitoring"
	group     = "monitoring.coreos.com"
)

// plurals are the kinds of the Prometheus Operator that are used here.
var plurals = map[string]string{
	"Prometheus": "prometheuses", "Alertmanager": "alertmanagers",
	"PodMonitor": "podmonitors", "Probe": "probes", "PrometheusRule": "prometheusrules",
}

func TestMain(m *testing.M) {
	render.UsePinnedHelm()
	os.Exit(m.Run())
}

// stack is all objects of the monitoring, by their files' names.
func stack(t *testing.T) map[string]render.Object {
	t.Helper()
	files, err := filepath.Glob(manifests + "/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	objects := map[string]render.Object{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		documents := render.Split(t, string(text))
		require.Len(t, documents, 1, "%s: one object per file", file)
		objects[filepath.Base(file)] = documents[0]
	}
	return objects
}

// problems are the fields of an object of the Prometheus Operator that its CRD
// does not have or does not allow.
func problems(t *testing.T, o render.Object) []string {
	t.Helper()
	require.Contains(t, plurals, o.GetKind())
	crd := render.ModuleFile(t, "prometheus-operator", "github.com/prometheus-operator/prometheus-operator",
		"example/prometheus-operator-crd/"+group+"_"+plurals[o.GetKind()]+".yaml")
	var found []string
	for _, problem := range render.ClosedSchema(t, crd).Validate(o.Object).Errors {
		found = append(found, problem.Error())
	}
	return found
}

func ours(o render.Object) bool { return !strings.HasPrefix(o.GetAPIVersion(), group) }

// decode fails on a field that an object of Kubernetes' own does not have.
func decode(o render.Object) (runtime.Object, error) {
	decoded, _, err := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer().Decode(o.Raw, nil, nil)
	return decoded, err
}

func TestManifestsFit(t *testing.T) {
	for file, o := range stack(t) {
		if ours(o) {
			_, err := decode(o)
			assert.NoError(t, err, file)
		} else {
			assert.Empty(t, problems(t, o), file)
		}
	}
}

func TestTheCheckFindsMistakes(t *testing.T) {
	for file, mistake := range map[string]string{
		"prometheus.yaml":          "scrapeIntervall: 5s",
		"operator-deployment.yaml": "replica: 2",
	} {
		text, err := os.ReadFile(filepath.Join(manifests, file))
		require.NoError(t, err)
		o := render.Split(t, strings.Replace(string(text), "\nspec:\n", "\nspec:\n  "+mistake+"\n", 1))[0]
		if ours(o) {
			_, err = decode(o)
			assert.ErrorContains(t, err, "unknown field")
		} else {
			assert.NotEmpty(t, problems(t, o), file)
		}
	}
}

// TestChartsFit holds that the Prometheus Operator knows every field of what the
// charts make for it.
func TestChartsFit(t *testing.T) {
	for chart, v := range map[string]render.Values{
		"tenant-redis":   {"auth.existingSecret": `"mine"`, "monitoring.enabled": "true", "monitoring.probe.prober": `"blackbox-exporter.monitoring:9115"`, "proxy.enabled": "true"},
		"redis-operator": {"monitoring.enabled": "true"},
	} {
		found := 0
		for id, o := range (render.Chart{Dir: render.Repository + "/charts/" + chart, Release: "redis-operator", Namespace: "redis-system"}).Objects(t, v) {
			if !ours(o) {
				found++
				assert.Empty(t, problems(t, o), id)
			}
		}
		assert.Positive(t, found, chart)
	}
}

// TestChartsBearTheLabels holds that all that is made for a Prometheus bears the
// labels by which it may select, beside the chart's own, and nothing else does.
func TestChartsBearTheLabels(t *testing.T) {
	for chart, v := range map[string]render.Values{
		"tenant-redis":   {"auth.existingSecret": `"mine"`, "monitoring.probe.prober": `"a:1"`, "proxy.enabled": "true"},
		"redis-operator": {},
	} {
		v["monitoring.enabled"], v["monitoring.labels"] = "true", `{"release": "kps", "on": "true"}`
		for id, o := range (render.Chart{Dir: render.Repository + "/charts/" + chart, Release: "redis-operator", Namespace: "redis-system"}).Objects(t, v) {
			assert.Equal(t, !ours(o), o.GetLabels()["release"] == "kps" && o.GetLabels()["on"] == "true", id)
			if !ours(o) {
				assert.Equal(t, chart, o.GetLabels()["app.kubernetes.io/name"], id)
			}
		}
	}
}

// TestPodsAreRestricted holds that the namespace takes the Pods of the
// Deployments. Those of the Prometheus Operator get what its objects say.
func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for file, o := range stack(t) {
		if o.GetKind() == "Deployment" {
			decoded, err := decode(o)
			require.NoError(t, err)
			pod := decoded.(*appsv1.Deployment).Spec.Template
			for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
				assert.True(t, result.Allowed, "%s: %s: %s", file, result.ForbiddenReason, result.ForbiddenDetail)
			}
			for _, container := range pod.Spec.Containers {
				assert.NotEmpty(t, container.Resources.Requests, file)
				assertListed(t, container.Image)
			}
		}
		if !ours(o) {
			spec := o.Object["spec"].(map[string]any)
			assertListed(t, spec["image"].(string))
			assert.True(t, strings.HasSuffix(spec["image"].(string), ":"+spec["version"].(string)), "%s: image and version differ", file)
			var context corev1.PodSecurityContext
			require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(spec["securityContext"].(map[string]any), &context))
			assert.True(t, *context.RunAsNonRoot, file)
			assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, context.SeccompProfile.Type, file)
		}
	}
}

// assertListed holds that the cluster gets an image.
func assertListed(t *testing.T, image string) {
	t.Helper()
	list, err := os.ReadFile(render.Repository + "/ci/images/list-tests")
	require.NoError(t, err)
	_, name, _ := strings.Cut(image, "/")
	assert.Contains(t, string(list), "quay.io/"+name+"\n")
}
