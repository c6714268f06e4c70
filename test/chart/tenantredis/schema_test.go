package tenantredis

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

func TestRefusedValues(t *testing.T) {
	for name, test := range map[string]struct {
		values values
		says   string
	}{
		"unknown key of a pull secret": {values{"imagePullSecrets": `[{"name": "mirror", "key": "a"}]`}, "imagePullSecrets[0].key: is not a value of this chart: remove it; here may be name"},
		"namespace with upper case":    {values{"tenantNamespaces": `["team-a", "Team-B"]`}, `tenantNamespaces[1]: "Team-B" must be a name of 1 to 63 of a-z, 0-9 and -, with no - at its ends: set such a one`},
		"namespace too long":           {values{"tenantNamespaces": `[` + text(strings.Repeat("n", 64)) + `]`}, "tenantNamespaces[0]: "},
		"namespace twice":              {values{"tenantNamespaces": `["team-a", "team-a"]`}, `tenantNamespaces: ["team-a","team-a"] must be a list in which nothing is twice: remove what is there twice`},
		"namespace twice, and wrong":   {values{"tenantNamespaces": `["Team-A", "b", "b"]`}, `tenantNamespaces[0]: "Team-A" must be a name of 1 to 63`},
		"namespaces as text":           {values{"tenantNamespaces": `"team-a"`}, `tenantNamespaces: "team-a" must be a list in which nothing is twice: write ["team-a"]`},
		"access for all as text":       {values{"access.allNamespaces": `"true"`}, `access.allNamespaces: "true" must be true or false: write true without quotes`},
		"group with upper case":        {values{"flavour": `"freshworks"`, "operator.group": `"Blue"`}, `operator.group: "Blue" must be a name of at most 63`},
		"group with a dot":             {values{"flavour": `"freshworks"`, "operator.group": `"blue.1"`}, `operator.group: "blue.1" must be`},
		"group too long":               {values{"flavour": `"freshworks"`, "operator.group": text(strings.Repeat("g", 64))}, "operator.group: "},
		"two Redis":                    {values{"redis.replicas": "2"}, "redis.replicas: 2 must be a whole number from 3 to 9: set 3 or more"},
		"ten Redis":                    {values{"redis.replicas": "10"}, "redis.replicas: 10 must be a whole number from 3 to 9: set 9 or less"},
		"memory as a number":           {values{"redis.memory": "1"}, `redis.memory: 1 must be a text: write "1", in quotes`},
		"CPU as a number":              {values{"redis.cpu": "1"}, `redis.cpu: 1 must be a text: write "1", in quotes`},
		"a list as a setting":          {values{"redis.config": `{"timeout": [1]}`}, "redis.config.timeout: [1] must be a text, a number, true or false: set such a one"},
		"unknown flavour":              {values{"flavour": `"spotahome"`}, `flavour: "spotahome" must be spotahome-1.3, spotahome-1.2, freshworks or saremox: `},
		"unknown purpose":              {values{"purpose": `"queue"`}, `purpose: "queue" must be cache or session: set one of these`},
		"unknown size":                 {values{"size": `"huge"`}, `size: "huge" must be small, medium, large or own: set one of these`},
		"unknown kind of subject":      {values{"tenantSubjects": `[{"kind": "Pod", "name": "a"}]`}, `tenantSubjects[0].kind: "Pod" must be User, Group or ServiceAccount: set one of these`},
		"subject without name":         {values{"tenantSubjects": `[{"kind": "User"}]`}, "tenantSubjects[0].name: is missing: add it"},
		"unknown key of a subject":     {values{"tenantSubjects": `[{"kind": "User", "name": "a", "apiGroup": "a"}]`}, "tenantSubjects[0].apiGroup: is not a value of this chart: remove it; here may be kind, name, namespace"},
		"number as node label":         {values{"placement.nodeSelector": `{"a": 1}`}, `placement.nodeSelector.a: 1 must be a text: write "1", in quotes`},
		"unknown key of a toleration":  {values{"placement.tolerations": `[{"until": "a"}]`}, "placement.tolerations[0].until: is not a value of this chart: remove it; here may be effect, key, operator"},
		"too short a grace":            {values{"redis.terminationGracePeriodSeconds": "30"}, "redis.terminationGracePeriodSeconds: 30 must be a whole number from 60 to 600: set 60 or more"},
		"two Sentinels":                {values{"sentinel.replicas": "2"}, "sentinel.replicas: 2 must be 3, 5 or 7: set one of these"},
		"four Sentinels":               {values{"sentinel.replicas": "4"}, "sentinel.replicas: 4 must be 3, 5 or 7: set one of these"},
		"hasty detection":              {values{"sentinel.downAfterMilliseconds": "999"}, "sentinel.downAfterMilliseconds: 999 must be"},
		"hasty failover":               {values{"sentinel.failoverTimeoutMilliseconds": "1999"}, "sentinel.failoverTimeoutMilliseconds: 1999 must be"},
		"no syncs":                     {values{"sentinel.parallelSyncs": "0"}, "sentinel.parallelSyncs: 0 must be"},
		"auth as text":                 {values{"auth.enabled": `"yes"`}, `auth.enabled: "yes" must be true or false: set such a one`},
		"no operator":                  {values{"operator.namespace": `""`}, `operator.namespace: "" must be a name of 1 to 63`},
		"no monitoring":                {values{"monitoring.namespace": `""`}, `monitoring.namespace: "" must be a name of 1 to 63`},
		"section as a switch":          {values{"monitoring": "false"}, "monitoring: false must be a section: set monitoring.enabled to false"},
		"section as a list":            {values{"proxy.tls": "[]"}, "proxy.tls: [] must be a section: write keys below it, such as ca, clientCASecret, existingSecret, only"},
		"section as a password":        {values{"exporter": `"hunter2"`}, "exporter: a text must be a section: write keys below it, such as image"},
		"map as a switch":              {values{"access.allNamespaces": `{"password": "hunter2"}`}, "access.allNamespaces: a map must be true or false: set such a one"},
		"list as a section":            {values{"exporter": `["hunter2"]`}, "exporter: a list must be a section: write keys below it, such as image"},
		"slip of the pen":              {values{"auth.enabld": "true"}, "auth.enabld: is not a value of this chart: did you mean auth.enabled?"},
		"label of ours":                {values{"monitoring.alertLabels": `{"pod": "a"}`}, "monitoring.alertLabels.pod: is not yours to set, since the chart does: remove it"},
		"label of two words":           {values{"monitoring.alertLabels": `{"the team": "a"}`}, "monitoring.alertLabels.the team: cannot be here, since these are labels of letters, digits and _ with texts as values: rename it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, chart, test.values, test.says)
		})
	}
}

func refused(t *testing.T, c render.Chart, v values, says ...string) {
	t.Helper()
	_, err := c.Template(t, v)
	require.Error(t, err)
	for _, part := range says {
		assert.ErrorContains(t, err, part)
	}
}

func text(s string) string {
	return `"` + s + `"`
}

// TestSchemaIsClosed tries an unknown key at every level of values.yaml.
func TestSchemaIsClosed(t *testing.T) {
	unknown := values{"unknown": "1"}
	for path := range defaults(t) {
		for end := strings.LastIndex(path, "."); end > 0; end = strings.LastIndex(path[:end], ".") {
			unknown[path[:end]+".unknown"] = "1"
		}
	}
	assert.Contains(t, unknown, "redis.unknown")
	var says []string
	for path := range unknown {
		says = append(says, path+": is not a value of this chart: remove it; here may be ")
	}
	refused(t, chart, unknown, says...)
}

// TestMisfits holds that a value of a wrong type, wherever it is, is answered in words.
func TestMisfits(t *testing.T) {
	bare := chart
	bare.Values = nil
	bare.RefusesNull(t)
	bare.AnswersMisfits(t)
	bare.HelpsEditors(t)
}

// TestNumbersKeepTheirRanges holds that each number of values.yaml says in words
// from where to where it goes, as the schema does, and that the next one on
// either side is refused.
func TestNumbersKeepTheirRanges(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(chart.Dir, "values.schema.json"))
	require.NoError(t, err)
	lower, upper := values{}, values{}
	var least, most []string
	all := render.Decode(t, data)
	for path, schema := range numbers("", all["else"].(map[string]any)) {
		described, found, err := unstructured.NestedString(all, append(strings.Split("properties."+strings.ReplaceAll(path, ".", ".properties."), "."), "description")...)
		require.NoError(t, err)
		require.True(t, found, path)
		ends := regexp.MustCompile(`(\d+)( [MG]iB)? to (\d+)( [MG]iB)?`).FindStringSubmatch(described)
		require.NotNil(t, ends, path)
		first, last := number(t, ends[1]+ends[2]), number(t, ends[3]+ends[4])
		assert.EqualValues(t, first, schema["minimum"], path)
		assert.EqualValues(t, last, schema["maximum"], path)
		lower[path], upper[path] = strconv.FormatInt(first-1, 10), strconv.FormatInt(last+1, 10)
		least = append(least, fmt.Sprintf("%s: %d must be a whole number from %d to %d: set %d or more", path, first-1, first, last, first))
		most = append(most, fmt.Sprintf("%s: %d must be a whole number from %d to %d: set %d or less", path, last+1, first, last, last))
	}
	require.Greater(t, len(lower), 5)
	refused(t, chart, lower, least...)
	refused(t, chart, upper, most...)
}

// numbers returns the schema of each number that is not one of a list, by the
// path of its key.
func numbers(path string, schema map[string]any) map[string]map[string]any {
	found := map[string]map[string]any{}
	if schema["type"] == "integer" && schema["enum"] == nil {
		found[path] = schema
	}
	properties, _ := schema["properties"].(map[string]any)
	for key, child := range properties {
		if child, ok := child.(map[string]any); ok {
			maps.Copy(found, numbers(strings.TrimPrefix(path+"."+key, "."), child))
		}
	}
	return found
}

// number reads one such as "64" or "1 MiB".
func number(t *testing.T, text string) int64 {
	t.Helper()
	read, err := resource.ParseQuantity(strings.NewReplacer(" ", "", "iB", "i").Replace(text))
	require.NoError(t, err)
	return read.Value()
}

// defaults returns what values.yaml says, by the path of the key.
func defaults(t *testing.T) map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(chart.Dir, "values.yaml"))
	require.NoError(t, err)
	found := map[string]any{}
	flatten("", render.Decode(t, data), found)
	return found
}

func flatten(prefix string, tree, found map[string]any) {
	for key, value := range tree {
		if branch, ok := value.(map[string]any); ok && len(branch) > 0 {
			flatten(prefix+key+".", branch, found)
			continue
		}
		found[prefix+key] = value
	}
}
