package batch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
)

// ofHelm is what inOrder returns, made by Helm of whole documents.
func ofHelm(t *testing.T, files map[string]string) string {
	t.Helper()
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	require.NoError(t, err)
	slices.SortStableFunc(hooks, func(a, b *release.Hook) int { return cmp.Compare(a.Path, b.Path) })
	var b strings.Builder
	for _, m := range manifests {
		fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", m.Name, m.Content)
	}
	for _, h := range hooks {
		fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", h.Path, h.Manifest)
	}
	return b.String()
}

const (
	service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports: [{port: 1}]"
	hook    = "# a hook\napiVersion: batch/v1\nkind: Job\nspec: {}\nmetadata:\n  name: once\n  annotations:\n    helm.sh/hook: test"
)

func TestOrderIsHelms(t *testing.T) {
	for name, document := range map[string]string{
		"block style":          service,
		"nothing":              " \n",
		"a comment":            "# nothing",
		"a hook":               hook,
		"an unknown hook":      strings.Replace(hook, "test", "tset", 1),
		"flow style":           `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}`,
		"quoted keys":          "\"apiVersion\": v1\n'kind': Namespace\nmetadata: {name: a}",
		"brackets on a line":   "spec: {\n  a: 1\n}\n" + service,
		"an alias":             "shared: &all {helm.sh/hook: test}\n" + strings.Replace(hook, "\n    helm.sh/hook: test", " *all", 1),
		"keys in a text":       "data: {a: \"x\nkind: Namespace\nb\"}\n" + service,
		"keys in a block":      service + "\ndata:\n  a: |\n    kind: Namespace\n",
		"a kind twice":         "kind: Namespace\n" + service,
		"no kind":              "apiVersion: v1\nmetadata: {name: a}",
		"an unknown kind":      "apiVersion: v1\nkind: Another\nmetadata: {name: a}",
		"lists not indented":   "items:\n- kind: Namespace\n" + service,
		"Windows' line ends":   strings.ReplaceAll(hook, "\n", "\r\n"),
		"a separator before":   "---\n" + service,
		"many documents":       hook + "\n---\n" + service + "\n--- # glued\n" + strings.Replace(service, "Service", "Role", 1) + "\n---\n",
		"a separator, no line": service + "\n---apiVersion: v1\nkind: Namespace\nmetadata: {name: a}",
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"c/templates/b.yaml": document}
			for _, other := range []string{"a.yaml", "b.yaml2", "c.yaml"} {
				files["c/templates/"+other] = strings.Replace(service, "web", other, 1)
			}
			files["c/templates/d.yaml"] = strings.Replace(hook, "once", "other", 1)
			got, err := inOrder(files, true)
			require.NoError(t, err)
			require.Equal(t, ofHelm(t, files), got)
		})
	}
}

func TestHeadIsShort(t *testing.T) {
	require.Equal(t, "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n", head(service))
}
