// Package render renders a chart with Helm, without a cluster, for its tests.
package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Repository is the root of the repository, seen from a package of chart tests.
const Repository = "../../.."

// UsePinnedHelm puts the pinned helm before whatever else is installed.
func UsePinnedHelm() {
	bin, err := filepath.Abs(Repository + "/bin")
	if err != nil {
		panic(err)
	}
	if _, err := os.Stat(bin + "/helm"); err != nil {
		panic("bin/helm is missing: run make tools")
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		panic(err)
	}
}

// Built is the path of a program in bin/, which make builds.
func Built(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(Repository, "bin", name)
	require.FileExists(t, path, "run make build tools")
	return path
}

// Values maps the path of a value to JSON, as helm's --set-json takes it.
type Values map[string]string

// Chart is the folder of a chart and the release that it is rendered as.
type Chart struct {
	Dir, Release, Namespace string
	// Values are the defaults of the tests, which each may change.
	Values Values
	// Kubernetes is the version to render for; empty for the oldest that the
	// charts accept.
	Kubernetes string
	// Tests renders the Jobs of helm test, too, which no release has until that
	// is run.
	Tests bool
}

// outcome is how one run of helm template ended.
type outcome struct {
	manifest string
	err      error
}

// outcomes keeps each outcome by what was asked: many tests look at the same.
var outcomes sync.Map

// Template returns what helm template prints. It runs once for the same chart and
// values, so no chart may change after that.
func (c Chart) Template(t *testing.T, v Values) (string, error) {
	t.Helper()
	key := fmt.Sprint(c, v)
	if known, ok := outcomes.Load(key); ok {
		return known.(outcome).manifest, known.(outcome).err
	}
	manifest, err := c.template(t, v)
	outcomes.Store(key, outcome{manifest, err})
	return manifest, err
}

func (c Chart) template(t *testing.T, v Values) (string, error) {
	t.Helper()
	args := []string{"template", c.Release, c.Dir, "--namespace", c.Namespace, "--kube-version", cmp.Or(c.Kubernetes, "1.28.0")}
	if !c.Tests {
		args = append(args, "--skip-tests")
	}
	all := c.With(v)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "--set-json", path+"="+all[path])
	}
	var manifest, problem strings.Builder
	helm := exec.CommandContext(t.Context(), "helm", args...)
	helm.Stdout, helm.Stderr = &manifest, &problem
	if err := helm.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, problem.String())
	}
	return strings.TrimSuffix(manifest.String(), "\n"), nil
}

// With returns the chart's own values with others put over them.
func (c Chart) With(v Values) Values {
	all := maps.Clone(c.Values)
	if all == nil {
		all = Values{}
	}
	maps.Copy(all, v)
	return all
}

// ID is that of the object of this kind that bears the release's name and is in
// its namespace.
func (c Chart) ID(kind string) string {
	return kind + "/" + c.Namespace + "/" + c.Release
}

// Object is one rendered document.
type Object struct {
	unstructured.Unstructured
	Raw []byte
}

// ID names the object by kind, namespace and name.
func (o Object) ID() string {
	if o.GetNamespace() == "" {
		return o.GetKind() + "/" + o.GetName()
	}
	return o.GetKind() + "/" + o.GetNamespace() + "/" + o.GetName()
}

// Objects returns the rendered objects by their ID.
func (c Chart) Objects(t *testing.T, v Values) map[string]Object {
	t.Helper()
	manifest, err := c.Template(t, v)
	require.NoError(t, err)

	objects := map[string]Object{}
	for _, o := range Split(t, manifest) {
		require.NotContains(t, objects, o.ID(), "rendered twice")
		objects[o.ID()] = o
	}
	return objects
}

// Split returns the objects of a manifest.
func Split(t *testing.T, manifest string) []Object {
	t.Helper()
	var objects []Object
	for document := range bytes.SplitSeq([]byte(manifest), []byte("\n---\n")) {
		o := Object{Raw: document}
		require.NoError(t, yaml.UnmarshalStrict(document, &o.Object))
		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
	return objects
}

// Get decodes one object and fails on fields that its type does not have, and on
// values of another type, such as a number where a text belongs.
func Get[T any](t *testing.T, objects map[string]Object, id string) T {
	t.Helper()
	var typed T
	require.Contains(t, objects, id)
	data, err := yaml.YAMLToJSONStrict(objects[id].Raw)
	require.NoError(t, err, id)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&typed), id)
	return typed
}
