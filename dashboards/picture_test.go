package main

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filled are queries as scripts/picture.sh asks them.
func filled(t *testing.T, queries []string, variables map[string]string) ([]string, error) {
	t.Helper()
	input, err := json.Marshal(map[string]any{"queries": queries, "variables": variables})
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), "node", "--input-type=module", "--eval", `
		import { text } from 'node:stream/consumers';
		import { fill } from './picture/fill.mjs';
		const { queries, variables } = JSON.parse(await text(process.stdin));
		console.log(JSON.stringify(queries.map((query) => fill(query, variables))));`)
	command.Stdin = strings.NewReader(string(input))
	out, err := command.Output()
	if err != nil {
		return nil, err
	}
	var answers []string
	require.NoError(t, json.Unmarshal(out, &answers))
	return answers, nil
}

// TestPicturesQueries holds that a picture's queries are Grafana's: all variables have
// their values, cluster too if it is not named, and what is none stays.
func TestPicturesQueries(t *testing.T) {
	_, err := exec.LookPath("node")
	require.NoError(t, err, "run make packages, which installs Node.js")
	query := regexp.MustCompile(`"expr": ("(?:[^"\\]|\\.)*")`)
	var queries []string
	for file, text := range generated(t) {
		for _, match := range query.FindAllSubmatch(text, -1) {
			var expr string
			require.NoError(t, json.Unmarshal(match[1], &expr), file)
			queries = append(queries, expr)
		}
	}
	require.Greater(t, len(queries), 100)
	variables := map[string]string{"namespace": "redis-system", "instance": "cache", "__rate_interval": "1m", "__range": "1h"}
	answers, err := filled(t, queries, variables)
	require.NoError(t, err)
	groups := 0
	for n, answer := range answers {
		assert.NotRegexp(t, `\$\{?[a-zA-Z_]|undefined`, answer)
		assert.Equal(t, strings.Count(queries[n], `"$1"`), strings.Count(answer, `"$1"`), "groups of label_replace: %s", answer)
		assert.Equal(t, strings.Contains(queries[n], `cluster="$cluster"`), strings.Contains(answer, `cluster=""`), answer)
		groups += strings.Count(answer, `"$1"`)
	}
	assert.Positive(t, groups)

	answers, err = filled(t, []string{`up{cluster="$cluster",namespace="${namespace}"}`}, map[string]string{"cluster": "east", "namespace": "a"})
	require.NoError(t, err)
	assert.Equal(t, []string{`up{cluster="east",namespace="a"}`}, answers)

	_, err = filled(t, []string{`up{namespace="$namespace"}`}, nil)
	var failed *exec.ExitError
	require.ErrorAs(t, err, &failed)
	assert.Contains(t, string(failed.Stderr), "the dashboard's variable namespace has no value: add namespace=VALUE to the call")
}
