package render

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/strvals"
	"k8s.io/client-go/rest"
)

// JudgesWhatFits gives each key, and one that no rule reads, a value of another type beside
// mistakes that rules find: that adds a line about each, and no rule that reads the key trips,
// or says what is not so. The one that none reads leaves all that they say. The rules see the
// cluster, if there is one.
func (c Chart) JudgesWhatFits(t *testing.T, cluster *rest.Config, unread string, broken map[string]Values) {
	t.Helper()
	keys := c.keys(t)
	require.Contains(t, keys, unread)
	rules := c.rules(t)
	for name, v := range broken {
		t.Run(name, func(t *testing.T) {
			alone := c.refusals(t, rules, cluster, v)
			for key, schema := range keys {
				spoiled := Values{key: misfit(schema)}
				if !strings.HasPrefix(unread, key+".") {
					spoiled[unread] = misfit(keys[unread])
				}
				beside := c.refusals(t, rules, cluster, v, spoiled)
				added := slices.DeleteFunc(slices.Clone(beside), func(line string) bool { return slices.Contains(alone, line) })
				require.Len(t, added, len(spoiled), "%v", spoiled)
				for _, line := range added {
					require.True(t, about(line, key) || about(line, unread), line)
				}
				if key == unread {
					require.Len(t, beside, len(alone)+1)
				}
			}
		})
	}
}

// misfit is a value that a schema refuses, and that a template could take for a good one.
func misfit(schema node) string {
	switch kind := schema["type"]; {
	case kind == "array":
		return "5"
	case kind == "integer" || kind == "boolean" || kind == "object" || schema["enum"] != nil:
		return `"five"`
	default:
		return "[5]"
	}
}

// rules is the chart with its templates for mistakes alone.
func (c Chart) rules(t *testing.T) *helmchart.Chart {
	t.Helper()
	loaded, err := loader.Load(c.Dir)
	require.NoError(t, err)
	loaded.Templates = slices.DeleteFunc(loaded.Templates, func(file *helmchart.File) bool {
		return !strings.HasPrefix(file.Name, "templates/valid") && !strings.HasPrefix(file.Name, "templates/_")
	})
	return loaded
}

// refusals returns what a chart says of values, the later of which are put over the others.
func (c Chart) refusals(t *testing.T, rules *helmchart.Chart, cluster *rest.Config, all ...Values) []string {
	t.Helper()
	given := map[string]any{}
	for _, v := range append([]Values{c.Values}, all...) {
		for _, path := range slices.Sorted(maps.Keys(v)) {
			require.NoError(t, strvals.ParseJSON(path+"="+v[path], given))
		}
	}
	release := chartutil.ReleaseOptions{Name: c.Release, Namespace: c.Namespace}
	version, err := chartutil.ParseKubeVersion("1.28.0")
	require.NoError(t, err)
	values, err := chartutil.ToRenderValues(rules, given, release, &chartutil.Capabilities{KubeVersion: *version})
	require.NoError(t, err)
	if cluster == nil {
		_, err = engine.Render(rules, values)
	} else {
		_, err = engine.RenderWithClient(rules, values, cluster)
	}
	require.Error(t, err)
	return mistakes(t, err.Error())
}
