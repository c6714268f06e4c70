//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// dashboards are those that charts/redis-dashboards has, by folder.
const dashboards = "charts/redis-dashboards/dashboards/*/*.json"

// builtIn are Grafana's own variables, and what it would put in.
var builtIn = map[string]string{"__rate_interval": "1m", "__interval": "30s", "__range": "15m"}

var dashboardVariable = regexp.MustCompile(`\$\{?([A-Za-z_]+)(:[a-z]+)?\}?`)

// mayBeEmpty are queries for what no drill has: the API server refuses the operator
// nothing, and the proxies end no TLS. TestDashboardsShowOneCluster wants data of that query, too.
var mayBeEmpty = regexp.MustCompile(`k8s_operations_total\{[^}]*status="FAIL"|redis_proxy_certificate_expiry_timestamp_seconds`)

// checkDashboards runs each query of each dashboard: it must have data of some
// instance, and those of a tenant's dashboard none of another. What they
// answered about all the drills is kept, to draw them.
func checkDashboards(t *testing.T, l *lab) {
	t.Helper()
	files, err := filepath.Glob(framework.Path(dashboards))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no dashboards: %s", dashboards)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var dashboard any
		require.NoError(t, json.Unmarshal(text, &dashboard), file)
		queries := queriesOf(dashboard)
		require.NotEmpty(t, queries, file)
		// Of one instance each, by its name and the query.
		answers := map[string]map[string]json.RawMessage{}
		for _, query := range queries {
			found := false
			for _, shown := range l.instances() {
				answer, series := l.ask(t, filepath.Base(file), query, shown)
				if answers[shown.Name] == nil {
					answers[shown.Name] = map[string]json.RawMessage{}
				}
				answers[shown.Name][query] = answer
				found = found || len(series) > 0
				if filepath.Base(filepath.Dir(file)) == "tenants" {
					l.requireNoNeighbour(t, shown, query, series)
				}
			}
			assert.True(t, found || mayBeEmpty.MatchString(query), "%s has no data for\n%s", filepath.Base(file), query)
		}
		keep, err := json.Marshal(answers)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(framework.Path(drillsFolder), 0o755))
		require.NoError(t, os.WriteFile(framework.Path(drillsFolder+"/"+filepath.Base(file)), keep, 0o600))
	}
}

// requireNoNeighbour fails if series about an instance name another one, or one
// of its Pods.
func (l *lab) requireNoNeighbour(t *testing.T, shown *framework.Instance, query string, series []framework.Series) {
	t.Helper()
	for _, s := range series {
		for _, other := range l.instances() {
			if other != shown {
				assert.NotContains(t, fmt.Sprint(s.Metric), other.Name, "the dashboard of %s shows a neighbour:\n%s", shown.Name, query)
			}
		}
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

// ask runs a query as a dashboard does that shows an instance, over the time of
// the drills.
func (l *lab) ask(t *testing.T, dashboard, query string, shown *framework.Instance) (json.RawMessage, []framework.Series) {
	t.Helper()
	variables := map[string]string{"cluster": "", "namespace": shown.Namespace, "instance": shown.Name}
	maps.Copy(variables, builtIn)
	ready := dashboardVariable.ReplaceAllStringFunc(query, func(variable string) string {
		value, known := variables[dashboardVariable.FindStringSubmatch(variable)[1]]
		assert.True(t, known, "%s has a variable that this test does not know: %s", dashboard, variable)
		return value
	})
	raw, err := l.monitoring.QueryRange(t.Context(), ready, l.since, time.Now())
	require.NoError(t, err, "%s: %s", dashboard, ready)
	var answer struct {
		Data struct{ Result []framework.Series }
	}
	require.NoError(t, json.Unmarshal(raw, &answer))
	return raw, answer.Data.Result
}
