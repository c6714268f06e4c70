// Package platform holds what the charts render, and what the operator makes of
// it, against the platform's rules, the chart's NetworkPolicies and the names
// that others rely on.
package platform

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

var (
	tenantChart   = render.Chart{Dir: render.Repository + "/charts/tenant-redis", Release: "cache", Namespace: "redis-system"}
	operatorChart = render.Chart{Dir: render.Repository + "/charts/redis-operator", Release: "redis-operator", Namespace: "redis-system"}
)

// operators are the versions of the operator, each with the go.mod that has it
// and the flavour that the chart renders for it.
var operators = map[string]struct{ modfile, flavour string }{
	"v1.3.0-rc1": {"go.mod", "spotahome-1.3"},
	"v1.2.4":     {"v1.2.mod", "spotahome-1.2"},
}

// programs is the folder with test/operator built for each version.
var programs string

func TestMain(m *testing.M) {
	render.UsePinnedHelm()
	dir, err := os.MkdirTemp("", "operator")
	if err != nil {
		panic(err)
	}
	programs = dir
	defer func() { _ = os.RemoveAll(dir) }()
	for version, operator := range operators {
		build := exec.Command("go", "-C", render.Repository+"/test/operator", "build",
			"-modfile", operator.modfile, "-o", filepath.Join(dir, version), ".")
		if out, err := build.CombinedOutput(); err != nil {
			panic(string(out))
		}
	}
	m.Run()
}

// objects are in the order in which they come to be.
type objects []unstructured.Unstructured

func parse(t *testing.T, manifest string) objects {
	t.Helper()
	var parsed objects
	for document := range strings.SplitSeq(strings.TrimPrefix(manifest, "---\n"), "\n---\n") {
		data, err := yaml.YAMLToJSONStrict([]byte(document))
		require.NoError(t, err)
		var object unstructured.Unstructured
		require.NoError(t, object.UnmarshalJSON(data))
		parsed = append(parsed, object)
	}
	return parsed
}

// rendered returns what the tenant chart renders for a version of the operator.
func rendered(t *testing.T, chart render.Chart, version string, v render.Values) objects {
	t.Helper()
	all := render.Values{"auth.enabled": "false", "tenantNamespaces": `["team-a"]`, "flavour": `"` + operators[version].flavour + `"`}
	maps.Copy(all, v)
	manifest, err := chart.Template(t, all)
	require.NoError(t, err)
	return parse(t, manifest)
}

// operate returns what a version of the operator makes of the objects.
func (o objects) operate(t *testing.T, version string) objects {
	t.Helper()
	made, problem := o.run(t, version)
	require.Empty(t, problem)
	return parse(t, made)
}

// run returns what test/operator prints, and what it complains of.
func (o objects) run(t *testing.T, version string) (made, problem string) {
	t.Helper()
	var in, out, complaint bytes.Buffer
	for _, object := range o {
		data, err := yaml.Marshal(object.Object)
		require.NoError(t, err)
		in.WriteString("---\n")
		in.Write(data)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, version))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &complaint
	if err := cmd.Run(); err != nil {
		require.NotEmpty(t, complaint.String(), "%v", err)
	}
	return out.String(), complaint.String()
}

// ofKind returns those of a kind.
func (o objects) ofKind(kind string) objects {
	return slices.DeleteFunc(slices.Clone(o), func(u unstructured.Unstructured) bool { return u.GetKind() != kind })
}

// edited returns the objects with a change to the RedisFailover's spec.
func (o objects) edited(t *testing.T, edit func(spec map[string]any)) objects {
	t.Helper()
	changed := slices.Clone(o)
	i := slices.IndexFunc(changed, func(u unstructured.Unstructured) bool { return u.GetKind() == "RedisFailover" })
	require.GreaterOrEqual(t, i, 0)
	changed[i] = *changed[i].DeepCopy()
	edit(changed[i].Object["spec"].(map[string]any))
	return changed
}

// get decodes the object of this kind and name.
func get[T any](t *testing.T, o objects, kind, name string) T {
	t.Helper()
	var typed T
	for _, object := range o {
		if object.GetKind() == kind && object.GetName() == name {
			require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &typed))
			return typed
		}
	}
	require.Fail(t, "missing", "%s %s", kind, name)
	return typed
}
