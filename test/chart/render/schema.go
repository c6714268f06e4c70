package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// node is what the chart's template reads of a schema.
type node map[string]any

// keys returns the schemas of a chart's own values by their paths.
func (c Chart) keys(t *testing.T) map[string]node {
	t.Helper()
	found := map[string]node{}
	var walk func(path string, of node)
	walk = func(path string, of node) {
		properties, _ := of["properties"].(map[string]any)
		for name, child := range properties {
			child, described := child.(map[string]any)
			if !described || child["deprecated"] == true {
				continue
			}
			key := strings.TrimPrefix(path+"."+name, ".")
			found[key] = child
			walk(key, child)
		}
	}
	walk("", c.schema(t, "files/schema.json"))
	require.NotEmpty(t, found)
	return found
}

func (c Chart) schema(t *testing.T, file string) node {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.Dir, file))
	require.NoError(t, err)
	var read node
	require.NoError(t, json.Unmarshal(text, &read))
	return read
}

// compiled returns a schema as a validator of its own.
func compiled(t *testing.T, schema node) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	require.NoError(t, compiler.AddResource("file:///schema.json", map[string]any(schema)))
	validator, err := compiler.Compile("file:///schema.json")
	require.NoError(t, err)
	return validator
}

// RefusesNull holds that null is refused for every value, at once where none is a part
// of another.
func (c Chart) RefusesNull(t *testing.T) {
	t.Helper()
	const message = ": is null, which takes its default away: leave it out for that, or set it"
	keys, leaves := c.keys(t), Values{}
	for key := range keys {
		if slices.ContainsFunc(slices.Collect(maps.Keys(keys)), func(other string) bool { return strings.HasPrefix(other, key+".") }) {
			_, err := c.Template(t, Values{key: "null"})
			require.ErrorContains(t, err, key+message)
		} else {
			leaves[key] = "null"
		}
	}
	_, err := c.Template(t, leaves)
	for key := range leaves {
		require.ErrorContains(t, err, key+message)
	}
}

// AnswersMisfits tries values of each type for each key, section and map, in both versions
// of Helm: what the schema refuses is answered with key, value, what is allowed and a fix,
// and nothing else is. What a pattern allows is in its title. The rules, which answer what the
// schema takes, are not asked.
func (c Chart) AnswersMisfits(t *testing.T) {
	t.Helper()
	c.Dir = c.withoutRules(t)
	keys := c.keys(t)
	for key, schema := range keys {
		if _, pattern := schema["pattern"]; pattern {
			require.NotEmpty(t, schema["title"], key)
		}
	}
	for _, value := range []string{`false`, `true`, `3`, `-1`, `1.5`, `1000000000000`, `""`, `"3"`, `"true"`, `"a b"`, `"a\nb"`, `[]`, `["a b"]`, `["a", "a"]`, `[null]`, `[{}]`, `{}`, `{"unknown": 1}`, `{"unknown": {}}`} {
		var tried any
		require.NoError(t, json.Unmarshal([]byte(value), &tried))
		for depth := range 3 {
			wrong, all := map[string]bool{}, Values{}
			for key, schema := range keys {
				// Helm adds the defaults to an empty map.
				if strings.Count(key, ".") == depth && (value != "{}" || schema["type"] != "object") {
					all[key] = value
					wrong[key] = compiled(t, schema).Validate(tried) != nil
				}
			}
			if !slices.Contains(slices.Collect(maps.Values(wrong)), true) {
				continue
			}
			for _, helm := range []string{"helm", "helm4"} {
				c.answers(t, helm, all, wrong)
			}
		}
	}
}

// withoutRules is a copy of the chart in which nothing but the schema is looked at.
func (c Chart) withoutRules(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), filepath.Base(c.Dir))
	for _, file := range []string{"Chart.yaml", "values.yaml", "values.schema.json", "files/schema.json", "templates/_schema.tpl"} {
		text, err := os.ReadFile(filepath.Join(c.Dir, file))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), text, 0o600))
	}
	template := fmt.Sprintf(`{{- include "%s.refuse" (dict "root" . "rules" dict) -}}`, filepath.Base(c.Dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "templates/validate.yaml"), []byte(template), 0o600))
	return dir
}

// answers renders wrong values, and holds that each has a line, and no other.
func (c Chart) answers(t *testing.T, helm string, all Values, wrong map[string]bool) {
	t.Helper()
	args := []string{"template", c.Release, c.Dir, "--kube-version", "1.28.0"}
	for key, value := range all {
		args = append(args, "--set-json", key+"="+value)
	}
	out, err := exec.CommandContext(t.Context(), helm, args...).CombinedOutput()
	require.Error(t, err)
	lines := mistakes(t, string(out))
	for _, line := range lines {
		require.Regexp(t, `^[^ ]+: .+: .+$`, line)
	}
	for key, refused := range wrong {
		is := slices.ContainsFunc(lines, func(line string) bool { return about(line, key) })
		require.Equal(t, refused, is, "%s %s=%s\n%s", helm, key, all[key], out)
	}
}

// mistakes returns the lines of an error that a chart gives.
func mistakes(t *testing.T, problem string) []string {
	t.Helper()
	_, says, answered := strings.Cut(problem, "execution error at (")
	require.True(t, answered, "%s", problem)
	_, says, _ = strings.Cut(says, "): ")
	says, _, _ = strings.Cut(says, "\n\nUse --debug")
	return strings.Split(strings.TrimSpace(says), "\n")
}

// about is whether a line is about a key or a part of it.
func about(line, key string) bool {
	rest, found := strings.CutPrefix(line, key)
	return found && strings.ContainsAny(rest[:1], ":.[")
}

// HelpsEditors holds that values.schema.json, which editors and Helm read, refuses a mistake in
// a file that has some keys alone, asks for none, and leaves whole values to the template.
func (c Chart) HelpsEditors(t *testing.T) {
	t.Helper()
	validator := compiled(t, c.schema(t, "values.schema.json"))
	text, err := os.ReadFile(filepath.Join(c.Dir, "values.yaml"))
	require.NoError(t, err)
	var values map[string]any
	require.NoError(t, yaml.Unmarshal(text, &values))
	require.NoError(t, validator.Validate(values))
	require.NoError(t, validator.Validate(map[string]any{}))
	require.Error(t, validator.Validate(map[string]any{"unknown": true}))
	for key := range c.keys(t) {
		if strings.Contains(key, ".") {
			continue
		}
		require.NoError(t, validator.Validate(map[string]any{key: values[key]}), key)
		require.Error(t, validator.Validate(map[string]any{key: []any{map[string]any{"unknown": 1}}}), key)
	}
	values["unknown"] = true
	require.NoError(t, validator.Validate(values), "a template answers")
}
