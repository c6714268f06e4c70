package batch

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// written writes files into a new folder.
func written(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return root
}

// rendered renders a chart of some files for one tenant with others, which begin with
// "a/".
func rendered(t *testing.T, files map[string]string, options Options) (string, error) {
	t.Helper()
	all := map[string]string{
		"chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "chart/templates/a.yaml": configMap,
		"tenants/a/tenant.yaml": tenantFile("team-a", "space-a", ""),
	}
	maps.Copy(all, files)
	root := written(t, all)
	if options.Values != "" {
		options.Values = filepath.Join(root, options.Values)
	}
	options.KubeVersion = "1.37"
	tenants, err := Render(filepath.Join(root, "chart"), filepath.Join(root, "tenants"), options)
	if err != nil {
		require.Nil(t, tenants)
		return "", err
	}
	return string(tenants[0].Result.Bytes()), nil
}

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: {{ .Values.a | quote }}, b: {{ .Values.b | quote }}, c: {{ .Values.c | quote }}, d: {{ .Values.d | quote }}}\n"

// TestValues holds which values come first: batch.yaml, values.yaml, those for all, and
// the chart's own.
func TestValues(t *testing.T) {
	files := map[string]string{
		"chart/values.yaml":     "a: chart\nb: chart\nc: chart\nd: chart\n",
		"all.yaml":              "a: all\nb: all\nc: all\n",
		"tenants/a/values.yaml": "a: own\nb: own\n",
		"tenants/a/batch.yaml":  "a: batch\n",
	}
	got, err := rendered(t, files, Options{Values: "all.yaml"})
	require.NoError(t, err)
	require.Contains(t, got, `data: {a: "batch", b: "own", c: "all", d: "chart"}`)

	got, err = rendered(t, files, Options{})
	require.NoError(t, err)
	require.Contains(t, got, `data: {a: "batch", b: "own", c: "chart", d: "chart"}`)

	_, err = rendered(t, files, Options{Values: "none.yaml"})
	require.ErrorContains(t, err, "cannot read values: open ")
	for text, problem := range map[string]string{"a: [\n": "a/values.yaml:1:4: ", "[]\n": ": is not a mapping of values"} {
		_, err = rendered(t, map[string]string{"tenants/a/values.yaml": text}, Options{})
		require.ErrorContains(t, err, problem)
	}
}

// TestSchemas holds that values are held to the schema of the chart, of the charts that it
// is made of, and to what these refer to.
func TestSchemas(t *testing.T) {
	const schema = `{"properties": {"a": {"type": "integer"}}}`
	for name, files := range map[string]map[string]string{
		"the chart's":           {"chart/values.schema.json": schema},
		"one with a reference":  {"chart/values.schema.json": `{"$ref": "#/definitions/a", "definitions": {"a": ` + schema + `}}`},
		"one that is elsewhere": {"chart/values.schema.json": `{"$ref": "file:///none.json"}`},
		"one that is none":      {"chart/values.schema.json": `{"properties": 1}`},
		"one that is no JSON":   {"chart/values.schema.json": `{`},
		"that of another chart": {"chart/charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n", "chart/charts/s/values.schema.json": schema, "chart/charts/s/values.yaml": "a: b\n"},
		"another chart's beside it": {
			"chart/values.schema.json": "{}", "chart/charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n", "chart/charts/s/values.schema.json": schema, "chart/charts/s/values.yaml": "a: b\n",
		},
		"beside another chart's": {"chart/charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n", "chart/values.schema.json": schema},
	} {
		t.Run(name, func(t *testing.T) {
			files["tenants/a/values.yaml"] = "a: b\n"
			_, err := rendered(t, files, Options{})
			require.ErrorContains(t, err, "schema")
		})
	}
	_, err := rendered(t, map[string]string{"chart/values.schema.json": schema, "tenants/a/values.yaml": "a: 1\n"}, Options{})
	require.NoError(t, err)
}

// TestRenderedFiles holds what of a chart is rendered.
func TestRenderedFiles(t *testing.T) {
	got, err := rendered(t, map[string]string{
		"chart/templates/NOTES.txt": "kind: Notes\n", "chart/templates/_a.tpl": `{{ define "a" }}kind: A{{ end }}`,
		"chart/templates/test.yaml":       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: team-a-t, annotations: {helm.sh/hook: 'post-install,test'}}\n",
		"chart/charts/s/Chart.yaml":       "apiVersion: v2\nname: s\nversion: 1.0.0\n",
		"chart/charts/s/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.global.a }}}\n",
		"tenants/a/values.yaml":           "global: {a: of-another}\n",
	}, Options{})
	require.NoError(t, err)
	require.Contains(t, got, "name: of-another")
	require.NotContains(t, got, "kind: Notes")
	require.NotContains(t, got, "name: team-a-t")

	got, err = rendered(t, map[string]string{"chart/templates/test.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: team-a-t, annotations: {helm.sh/hook: test}}\n"}, Options{Tests: true})
	require.NoError(t, err)
	require.Contains(t, got, "name: team-a-t")
}

// TestRenderRefuses holds what a chart that cannot be rendered is refused for.
func TestRenderRefuses(t *testing.T) {
	for name, test := range map[string]struct{ template, want string }{
		"nothing":               {"# {{ .Values.a }}\n", "there is no Kubernetes object"},
		"no template":           {"{{ fail \"it will not do\" }}", "it will not do"},
		"no YAML":               {"apiVersion: v1\nkind: [\n", "c/templates/a.yaml: line 2, column 7 of a document: is not valid YAML: "},
		"what Helm cannot read": {"apiVersion: v1\nkind: [a]\nmetadata: {name: x}\n", "the chart makes a document whose apiVersion, kind or metadata Helm cannot read"},
		"what rules refuse":     {"apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", "belongs to the cluster"},
	} {
		_, err := rendered(t, map[string]string{"chart/templates/a.yaml": test.template}, Options{})
		require.ErrorContains(t, err, test.want, name)
		require.ErrorContains(t, err, "tenants/a: ", name)
	}
	_, err := Render("none", t.TempDir(), Options{KubeVersion: "1.37"})
	require.ErrorContains(t, err, "cannot load the chart none: ")
	_, err = Render(chartFolder, t.TempDir(), Options{KubeVersion: "newest"})
	require.ErrorContains(t, err, `--kube-version "newest": `)
	_, err = Render(chartFolder, t.TempDir(), Options{KubeVersion: "1.37"})
	require.ErrorContains(t, err, "has no folder with a tenant.yaml")
}

// TestOneTenantsObjects holds that an object which a chart makes twice for one tenant is
// no collision.
func TestOneTenantsObjects(t *testing.T) {
	_, err := rendered(t, map[string]string{"chart/templates/b.yaml": configMap}, Options{})
	require.NoError(t, err)
}

// TestPasswords holds which Secrets hold the passwords of instances.
func TestPasswords(t *testing.T) {
	const failover = "apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: x}\nspec: {redis: {}, sentinel: {}, auth: "
	for auth, want := range map[string][]string{
		"{secretPath: p}": {"the password in the Secret space-a/p"},
		"{}":              nil,
	} {
		root := written(t, map[string]string{
			"chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "chart/templates/a.yaml": failover + auth + "}\n", "tenants/a/tenant.yaml": tenantFile("team-a", "space-a", ""),
			"chart/templates/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nspec: {auth: {secretPath: q}}\n",
		})
		all, err := Render(filepath.Join(root, "chart"), filepath.Join(root, "tenants"), Options{KubeVersion: "1.37"})
		require.NoError(t, err)
		require.Equal(t, want, all[0].passwords)
	}
	_, err := rendered(t, map[string]string{"chart/templates/a.yaml": failover + "{secretPath: 1}}\n"}, Options{})
	require.ErrorContains(t, err, "spec.auth.secretPath: must be a string")
}

// TestHide holds which values of a tenant are taken out of an error.
func TestHide(t *testing.T) {
	values := map[string]any{
		"auth": map[string]any{"password": "one", "existingSecret": "kept", "secretName": "kept too"}, "token": []any{"two", 3, nil, true},
		"sessionToken": "twofold", "credentials": map[string]any{"a": map[string]any{"b": "four\n \nfive"}}, "PRIVATE": "six", "size": "kept",
	}
	require.Equal(t, []string{"3", "five", "four", "one", "six", "two", "twofold"}, slices.Sorted(maps.Keys(secretWords(values))))
	require.EqualError(t, hide(errors.New("a twofold one kept, two kept too"), values), "a *** *** kept, *** kept too")
	same := errors.New("kept")
	require.Same(t, same, hide(same, values))
	require.NoError(t, hide(nil, values))

	// What is long enough to be a password, whatever its key is called.
	values = map[string]any{
		"apiKey": "key-of-all", "tls": map[string]any{"key": "line 1\nline 22"}, "auth": map[string]any{"value": `say "a"`},
		"number": 1234567, "size": "small", "username": "visible", "of": "apiKey", "items": []any{"abcdef", "abcde"},
	}
	require.EqualError(t, hide(errors.New(`apiKey key-of-all, line 22 of line 1, "say \"a\"" 1234567 small visible abcdef abcde`), values),
		`apiKey ***, *** of ***, "***" *** small visible *** abcde`)
}
