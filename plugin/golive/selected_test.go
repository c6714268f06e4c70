package golive

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
)

// custom is an object of the Prometheus Operator.
func custom(kind, version, namespace, name string, labels map[string]string, spec map[string]any) unstructured.Unstructured {
	object := unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(schema.GroupVersionKind{Group: monitoringGroup, Version: version, Kind: kind})
	object.SetNamespace(namespace)
	object.SetName(name)
	object.SetLabels(labels)
	return object
}

// made is what the chart makes with these monitoring.labels.
func made(labels map[string]string) []unstructured.Unstructured {
	return []unstructured.Unstructured{
		custom("PodMonitor", "v1", namespace, name+"-redis", labels, nil),
		custom("PodMonitor", "v1", namespace, name+"-sentinel", labels, nil),
		custom("PrometheusRule", "v1", namespace, name, labels, nil),
	}
}

// anyone, wanting and wantsOdds are selectors.
var (
	anyone    = map[string]any{}
	wanting   = map[string]any{"matchLabels": map[string]any{"release": "kps"}}
	wantsOdds = map[string]any{"matchExpressions": []any{map[string]any{"key": "release", "operator": "DoesNotExist"}}}
)

// TestSelected holds what golive says of each way in which a Prometheus selects.
// The first is what kube-prometheus-stack makes with its defaults.
func TestSelected(t *testing.T) {
	stack := custom("Prometheus", "v1", "monitoring", "kps", nil, map[string]any{
		"podMonitorSelector": wanting, "podMonitorNamespaceSelector": anyone, "ruleSelector": wanting, "ruleNamespaceSelector": anyone,
	})
	all := func(kind, version string) unstructured.Unstructured {
		return custom(kind, version, "monitoring", "all", nil, map[string]any{
			"podMonitorSelector": anyone, "podMonitorNamespaceSelector": anyone, "ruleSelector": anyone, "ruleNamespaceSelector": anyone,
		})
	}
	const none = "no Prometheus selects PodMonitor sessions-redis, PodMonitor sessions-sentinel, PrometheusRule sessions"
	release := map[string]string{"release": "kps"}
	for title, test := range map[string]struct {
		labels  map[string]string
		readers []unstructured.Unstructured
		status  Status
		says    string
	}{
		"the stack's, without labels": {nil, []unstructured.Unstructured{stack}, Failed, none},
		"the stack's, another label":  {map[string]string{"release": "other"}, []unstructured.Unstructured{stack}, Failed, none},
		"the stack's, its label":      {release, []unstructured.Unstructured{stack}, OK, "selected by monitoring/kps"},
		"one of two":                  {nil, []unstructured.Unstructured{stack, all("Prometheus", "v1")}, OK, "selected by monitoring/all"},
		"by an expression":            {release, []unstructured.Unstructured{custom("Prometheus", "v1", "monitoring", "odd", nil, map[string]any{"podMonitorSelector": wantsOdds, "podMonitorNamespaceSelector": anyone, "ruleSelector": wantsOdds, "ruleNamespaceSelector": anyone})}, Failed, none},
		"by the namespace": {nil, []unstructured.Unstructured{custom("Prometheus", "v1", "monitoring", "ns", nil, map[string]any{
			"podMonitorSelector": anyone, "podMonitorNamespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": namespace}},
			"ruleSelector": anyone, "ruleNamespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "other"}},
		})}, Failed, "no Prometheus selects PrometheusRule sessions"},
		"of its own namespace": {nil, []unstructured.Unstructured{custom("Prometheus", "v1", "monitoring", "own", nil, map[string]any{"podMonitorSelector": anyone, "ruleSelector": anyone})}, Failed, none},
		"beside it":            {nil, []unstructured.Unstructured{custom("Prometheus", "v1", namespace, "own", nil, map[string]any{"podMonitorSelector": anyone, "ruleSelector": anyone})}, OK, "selected by redis-system/own"},
		"without selectors":    {nil, []unstructured.Unstructured{custom("Prometheus", "v1", namespace, "own", nil, nil)}, Failed, none},
		"an agent and a ruler": {nil, []unstructured.Unstructured{all("PrometheusAgent", "v1alpha1"), all("ThanosRuler", "v1")}, OK, "selected by monitoring/all"},
		"an agent alone":       {nil, []unstructured.Unstructured{all("PrometheusAgent", "v1alpha1"), stack}, Failed, "no Prometheus selects PrometheusRule sessions"},
		"no Prometheus":        {nil, nil, Skipped, "the cluster has no Prometheus object: another program must read the podmonitors"},
	} {
		t.Run(title, func(t *testing.T) {
			w := &world{monitoring: append(made(test.labels), test.readers...)}
			assertSelected(t, w, test.status, test.says)
		})
	}
	probe := custom("Probe", "v1", namespace, name, nil, nil)
	assertSelected(t, &world{monitoring: []unstructured.Unstructured{stack, probe}}, Failed, "no Prometheus selects Probe sessions")
	assertSelected(t, &world{monitoring: []unstructured.Unstructured{stack}}, Skipped, "the chart makes nothing for Prometheus: monitoring.enabled is false")
}

func assertSelected(t *testing.T, w *world, status Status, says string) {
	t.Helper()
	i := &instance{namespace: namespace, name: name}
	w.cluster().readSelection(t.Context(), i)
	seen, err := checkSelected(t.Context(), i)
	switch status {
	case OK:
		require.NoError(t, err)
		require.Equal(t, says, seen)
	case Skipped:
		require.ErrorIs(t, err, errSkipped)
		require.Equal(t, says, seen)
	case Failed:
		require.EqualError(t, err, says)
	}
}

// TestSelectedWithoutRights holds that who may not list them is told so, and no
// check fails.
func TestSelectedWithoutRights(t *testing.T) {
	c := (&world{monitoring: made(nil)}).cluster()
	c.Dynamic.(*dynamicfake.FakeDynamicClient).PrependReactor("list", "prometheuses", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(prometheuses.GroupResource(), "", errors.New("no right"))
	})
	i := &instance{namespace: namespace, name: name}
	c.readSelection(t.Context(), i)
	seen, err := checkSelected(t.Context(), i)
	require.ErrorIs(t, err, errSkipped)
	require.Contains(t, seen, "cannot tell: prometheuses.monitoring.coreos.com")
}

// TestNamespaceWithoutRights holds that the label which every namespace has needs
// no right.
func TestNamespaceWithoutRights(t *testing.T) {
	require.Equal(t, labels.Set{"kubernetes.io/metadata.name": namespace}, (&world{}).cluster().labelsOfNamespace(t.Context(), namespace))
}
