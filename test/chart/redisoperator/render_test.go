// Package redisoperator tests the chart charts/redis-operator as Helm renders
// it, without a cluster.
package redisoperator

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/gruntwork-io/terratest/modules/helm"
	"github.com/gruntwork-io/terratest/modules/k8s"
	"github.com/gruntwork-io/terratest/modules/logger"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	repository = "../../.."
	chart      = repository + "/charts/redis-operator"
	release    = "redis-operator"
	namespace  = "redis-system"
)

// values maps the path of a value to JSON, as helm's --set-json takes it.
type values map[string]string

func TestMain(m *testing.M) {
	// The pinned helm comes first, whatever else is installed.
	bin, err := filepath.Abs(repository + "/bin")
	if err != nil {
		panic(err)
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func helmTemplate(t *testing.T, v values) (string, error) {
	t.Helper()
	options := &helm.Options{
		SetJSONValues:  v,
		KubectlOptions: k8s.NewKubectlOptions("", "", namespace),
		Logger:         logger.Discard,
	}
	// Rendered for the oldest Kubernetes that the chart accepts.
	return helm.RenderTemplateContextE(t, t.Context(), options, chart, release, nil, "--kube-version", "1.28.0")
}

// object is one rendered document.
type object struct {
	unstructured.Unstructured
	raw []byte
}

func (o object) id() string {
	if o.GetNamespace() == "" {
		return o.GetKind() + "/" + o.GetName()
	}
	return o.GetKind() + "/" + o.GetNamespace() + "/" + o.GetName()
}

// render returns the rendered objects by kind, namespace and name.
func render(t *testing.T, v values) map[string]object {
	t.Helper()
	manifest, err := helmTemplate(t, v)
	require.NoError(t, err)

	objects := map[string]object{}
	for document := range bytes.SplitSeq([]byte(manifest), []byte("\n---\n")) {
		o := object{raw: document}
		require.NoError(t, yaml.UnmarshalStrict(document, &o.Object))
		if len(o.Object) == 0 {
			continue
		}
		require.NotContains(t, objects, o.id(), "rendered twice")
		objects[o.id()] = o
	}
	return objects
}

// get decodes one object and fails on fields that its type does not have.
func get[T any](t *testing.T, objects map[string]object, id string) T {
	t.Helper()
	var typed T
	require.Contains(t, objects, id)
	require.NoError(t, yaml.UnmarshalStrict(objects[id].raw, &typed), id)
	return typed
}

func namespaced(kind string) string {
	return kind + "/" + namespace + "/" + release
}
