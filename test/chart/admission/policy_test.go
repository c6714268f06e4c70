// Package admission holds the operator chart's admission policy against the code
// with which the API server carries such policies out.
package admission

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/input"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const (
	system = "redis-system"
	other  = "not-redis"

	manifest = "apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\n" +
		"metadata:\n  name: sessions\n  namespace: redis-system\nspec:\n  redis: {replicas: 3}\n"
)

var chart = render.Chart{
	Dir: render.Repository + "/charts/redis-operator", Release: "redis-operator", Namespace: system,
	Values:     render.Values{"admission.requireProvenance": "true"},
	Kubernetes: "1.30.0",
}

func TestMain(m *testing.M) {
	render.UsePinnedHelm()
	m.Run()
}

func object(t *testing.T, text []byte) *unstructured.Unstructured {
	t.Helper()
	var o unstructured.Unstructured
	require.NoError(t, yaml.UnmarshalStrict(text, &o.Object))
	return &o
}

// plain is the object as the chart renders it, without tenant-post.
func plain(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return object(t, []byte(manifest))
}

// rendered is the object as tenant-post renders it.
func rendered(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	team, err := input.Tenant(render.Repository + "/plugin/cmd/tenant/testdata/tenant.yaml")
	require.NoError(t, err)
	result, err := rules.Render(team, []byte(manifest))
	require.NoError(t, err)
	return object(t, result.Bytes())
}

// with returns a copy with one of its annotations set.
func with(o *unstructured.Unstructured, annotation, value string) *unstructured.Unstructured {
	o = o.DeepCopy()
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[annotation] = value
	o.SetAnnotations(annotations)
	return o
}

// scaled returns a copy that asks for another number of replicas.
func scaled(t *testing.T, o *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	o = o.DeepCopy()
	require.NoError(t, unstructured.SetNestedField(o.Object, int64(5), "spec", "redis", "replicas"))
	return o
}

// leaving returns a copy that is being deleted, with a finalizer or without.
func leaving(o *unstructured.Unstructured, finalizers ...string) *unstructured.Unstructured {
	o = o.DeepCopy()
	now := metav1.NewTime(time.Unix(0, 0))
	o.SetDeletionTimestamp(&now)
	o.SetFinalizers(finalizers)
	return o
}

func TestRefusesWhatTenantPostHasNotRendered(t *testing.T) {
	s := newServer(t, nil)
	plain, rendered := plain(t), rendered(t)
	for name, r := range map[string]request{
		"new object":                   {after: plain},
		"other annotations":            {after: with(plain, "example.com/owner", "a")},
		"empty annotation":             {after: with(plain, tenant.Provenance, "")},
		"annotation of something else": {after: with(plain, tenant.Provenance, "by hand")},
		"upgrade that forgot it":       {before: rendered, after: scaled(t, plain)},
		"annotation taken off":         {before: rendered, after: plain},
		"change of an older object":    {before: plain, after: scaled(t, plain)},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.ask(t, r)
			require.ErrorContains(t, err, `redisfailovers.databases.spotahome.com "sessions" is forbidden: ValidatingAdmissionPolicy '`+policyName+`'`)
			for _, part := range []string{tenant.Provenance + " is missing", "--post-renderer tenant-post", "--post-renderer-args --tenant=FILE", "helm tenant upgrade"} {
				require.ErrorContains(t, err, part)
			}
		})
	}
}

func TestAdmits(t *testing.T) {
	s := newServer(t, nil)
	plain, rendered := plain(t), rendered(t)
	for name, r := range map[string]request{
		"new object":                 {after: rendered},
		"upgrade":                    {before: rendered, after: scaled(t, rendered)},
		"adoption of an older one":   {before: plain, after: rendered},
		"label set by hand":          {before: rendered, after: with(rendered, "example.com/note", "a")},
		"deletion of an older one":   {before: plain},
		"its finalizer taken off":    {before: leaving(plain, metav1.FinalizerDeleteDependents), after: leaving(plain)},
		"status":                     {before: plain, after: plain, subresource: "status"},
		"deletion of a rendered one": {before: rendered},
	} {
		t.Run(name, func(t *testing.T) { require.NoError(t, s.ask(t, r)) })
	}
}

// TestNamespaces holds that the policy is about the namespaces that are listed,
// about those that the operator serves, or about all.
func TestNamespaces(t *testing.T) {
	elsewhere := plain(t)
	elsewhere.SetNamespace(other)
	for name, test := range map[string]struct {
		values        render.Values
		refused       bool
		alsoElsewhere bool
	}{
		"all":                  {nil, true, true},
		"watched":              {render.Values{"watchedNamespaces": `["redis-system"]`}, true, false},
		"listed":               {render.Values{"admission.namespaces": `["redis-system"]`}, true, false},
		"listed, not watched":  {render.Values{"admission.namespaces": `["not-redis"]`, "watchedNamespaces": `["redis-system"]`}, false, true},
		"another than the two": {render.Values{"admission.namespaces": `["team-a"]`}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, test.values)
			require.Equal(t, test.refused, s.ask(t, request{after: plain(t)}) != nil)
			require.Equal(t, test.alsoElsewhere, s.ask(t, request{after: elsewhere}) != nil)
		})
	}
}

func TestIsOffByDefault(t *testing.T) {
	for id := range chart.Objects(t, render.Values{"admission.requireProvenance": "false"}) {
		require.NotContains(t, id, "ValidatingAdmissionPolicy")
	}
}

func TestRefusedValues(t *testing.T) {
	older := chart
	older.Kubernetes = "1.29.9"
	_, err := older.Template(t, nil)
	require.ErrorContains(t, err, "admission.requireProvenance: true must be false on Kubernetes v1.29.9")

	_, err = chart.Template(t, render.Values{"admission.requireProvenance": "false", "admission.namespaces": `["a"]`})
	require.ErrorContains(t, err, `admission.namespaces: ["a"] must be empty while admission.requireProvenance is false`)
}
