//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// builtIn are Grafana's own variables, and what a dashboard over the last 15
// minutes would put in.
var builtIn = map[string]string{
	"__rate_interval": "1m", "__interval": "30s", "__range": "15m", "__range_s": "900", "__interval_ms": "30000",
}

var dashboardVariable = regexp.MustCompile(`\$\{?([A-Za-z_]+)(:[a-z]+)?\}?`)

// checkDashboards runs each query of each dashboard of the charts: it must have
// data, and those of a tenant's dashboard none of another instance. What they
// answered about the last 15 minutes is kept, to draw them.
func checkDashboards(t *testing.T, l *lab) {
	t.Helper()
	files, err := filepath.Glob(framework.Path("charts/*/dashboards/*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no dashboards in charts/*/dashboards")
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var dashboard any
		require.NoError(t, json.Unmarshal(text, &dashboard), file)
		queries := queriesOf(dashboard)
		require.NotEmpty(t, queries, file)
		tenant := strings.Contains(file, "/tenant-redis/")
		answers := map[string]json.RawMessage{}
		for _, query := range queries {
			answers[query] = checkQuery(t, l, filepath.Base(file)+": ", query, tenant)
		}
		keep, err := json.MarshalIndent(answers, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(framework.Path(drillsFolder), 0o755))
		require.NoError(t, os.WriteFile(framework.Path(drillsFolder+"/"+filepath.Base(file)), keep, 0o600))
	}
}

// queriesOf are the expressions of all targets of a dashboard.
func queriesOf(node any) []string {
	var queries []string
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			queries = append(queries, queriesOf(child)...)
		}
	case map[string]any:
		for key, child := range node {
			if expr, ok := child.(string); ok && key == "expr" && expr != "" {
				queries = append(queries, expr)
			}
			queries = append(queries, queriesOf(child)...)
		}
	}
	return queries
}

// checkQuery runs a query as if the dashboard showed the first instance.
func checkQuery(t *testing.T, l *lab, where, query string, tenant bool) json.RawMessage {
	t.Helper()
	shown := l.cache
	variables := map[string]string{
		"namespace": shown.Namespace, "tenant_redis": shown.Name, "instance": shown.Name, "name": shown.Name,
		"component": ".+", "pod": ".+", "job": ".+", "datasource": "",
	}
	unknown := ""
	ready := dashboardVariable.ReplaceAllStringFunc(query, func(variable string) string {
		name := dashboardVariable.FindStringSubmatch(variable)[1]
		if value, ok := builtIn[name]; ok {
			return value
		}
		value, ok := variables[name]
		if !ok {
			unknown = name
		}
		return value
	})
	require.Empty(t, unknown, "%s%s has a variable that this test does not know", where, query)

	now := time.Now()
	raw, err := l.monitoring.QueryRange(t.Context(), ready, now.Add(-15*time.Minute), now)
	require.NoError(t, err, "%s%s", where, ready)
	var answer struct {
		Data struct{ Result []framework.Series }
	}
	require.NoError(t, json.Unmarshal(raw, &answer))
	assert.NotEmpty(t, answer.Data.Result, "%s%s has no data", where, ready)
	for _, series := range answer.Data.Result {
		about := fmt.Sprint(series.Metric)
		for _, other := range l.instances()[1:] {
			if tenant {
				assert.NotContains(t, about, other.Name, "%s%s shows a neighbour", where, ready)
			}
		}
	}
	return raw
}
