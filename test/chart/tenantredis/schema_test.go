package tenantredis

import (
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

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

func TestRefusedValues(t *testing.T) {
	for name, test := range map[string]struct {
		values values
		// says is what the message must contain for the user to find the mistake.
		says []string
	}{
		"unknown key of a pull secret": {values{"imagePullSecrets": `[{"name": "mirror", "key": "a"}]`}, []string{"/imagePullSecrets/0", "'key'"}},
		"namespace with upper case":    {values{"tenantNamespaces": `["team-a", "Team-B"]`}, []string{"/tenantNamespaces/1", "'Team-B'"}},
		"namespace too long":           {values{"tenantNamespaces": `[` + text(strings.Repeat("n", 64)) + `]`}, []string{"/tenantNamespaces/0", "{0,61}"}},
		"namespace twice":              {values{"tenantNamespaces": `["team-a", "team-a"]`}, []string{"/tenantNamespaces"}},
		"namespaces as text":           {values{"tenantNamespaces": `"team-a"`}, []string{"/tenantNamespaces"}},
		"access for all as text":       {values{"access.allNamespaces": `"true"`}, []string{"/access/allNamespaces"}},
		"group with upper case":        {values{"flavour": `"freshworks"`, "operator.group": `"Blue"`}, []string{"/operator/group", "'Blue'"}},
		"group with a dot":             {values{"flavour": `"freshworks"`, "operator.group": `"blue.1"`}, []string{"/operator/group"}},
		"group too long":               {values{"flavour": `"freshworks"`, "operator.group": text(strings.Repeat("g", 64))}, []string{"/operator/group"}},
		"two Redis":                    {values{"redis.replicas": "2"}, []string{"/redis/replicas", "2", "3"}},
		"ten Redis":                    {values{"redis.replicas": "10"}, []string{"/redis/replicas", "10", "9"}},
		"memory as a number":           {values{"redis.memory": "1"}, []string{"/redis/memory"}},
		"CPU as a number":              {values{"redis.cpu": "1"}, []string{"/redis/cpu"}},
		"a list as a setting":          {values{"redis.config": `{"timeout": [1]}`}, []string{"/redis/config/timeout"}},
		"unknown flavour":              {values{"flavour": `"spotahome"`}, []string{"/flavour", "'spotahome-1.3', 'spotahome-1.2', 'freshworks', 'saremox'"}},
		"unknown purpose":              {values{"purpose": `"queue"`}, []string{"/purpose", "'cache', 'session'"}},
		"unknown size":                 {values{"size": `"huge"`}, []string{"/size", "'small', 'medium', 'large', 'own'"}},
		"unknown kind of subject":      {values{"tenantSubjects": `[{"kind": "Pod", "name": "a"}]`}, []string{"/tenantSubjects/0/kind", "'User', 'Group', 'ServiceAccount'"}},
		"subject without name":         {values{"tenantSubjects": `[{"kind": "User"}]`}, []string{"/tenantSubjects/0", "'name'"}},
		"unknown key of a subject":     {values{"tenantSubjects": `[{"kind": "User", "name": "a", "apiGroup": "a"}]`}, []string{"/tenantSubjects/0", "'apiGroup'"}},
		"number as node label":         {values{"placement.nodeSelector": `{"a": 1}`}, []string{"/placement/nodeSelector/a"}},
		"unknown key of a toleration":  {values{"placement.tolerations": `[{"kee": "a"}]`}, []string{"/placement/tolerations/0", "'kee'"}},
		"too short a grace":            {values{"redis.terminationGracePeriodSeconds": "30"}, []string{"/redis/terminationGracePeriodSeconds", "30", "60"}},
		"two Sentinels":                {values{"sentinel.replicas": "2"}, []string{"/sentinel/replicas", "3, 5, 7"}},
		"four Sentinels":               {values{"sentinel.replicas": "4"}, []string{"/sentinel/replicas", "3, 5, 7"}},
		"hasty detection":              {values{"sentinel.downAfterMilliseconds": "999"}, []string{"/sentinel/downAfterMilliseconds"}},
		"hasty failover":               {values{"sentinel.failoverTimeoutMilliseconds": "1999"}, []string{"/sentinel/failoverTimeoutMilliseconds"}},
		"no syncs":                     {values{"sentinel.parallelSyncs": "0"}, []string{"/sentinel/parallelSyncs"}},
		"auth as text":                 {values{"auth.enabled": `"yes"`}, []string{"/auth/enabled"}},
		"no operator":                  {values{"operator.namespace": `""`}, []string{"/operator/namespace"}},
		"no monitoring":                {values{"monitoring.namespace": `""`}, []string{"/monitoring/namespace"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, chart, test.values, test.says...)
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

// TestSchemaIsClosed tries an unknown key at every level of values.yaml, and
// null, which to Helm means no value at all, for every key.
func TestSchemaIsClosed(t *testing.T) {
	require.NotEmpty(t, defaults(t))
	bare := chart
	bare.Values = nil
	unknown, missing := values{"unknown": "1"}, values{}
	var says, misses []string
	parents := map[string]bool{}
	for path := range defaults(t) {
		missing[path] = "null"
		misses = append(misses, path+": is null")
		for parent, _, nested := cutLast(path); nested; parent, _, nested = cutLast(parent) {
			unknown[parent+".unknown"] = "1"
			says = append(says, at(parent+".unknown")...)
			parents[parent] = true
		}
	}
	assert.Contains(t, unknown, "redis.unknown")
	refused(t, bare, unknown, append(says, "at '': additional properties 'unknown' not allowed")...)
	refused(t, bare, missing, misses...)
	for parent := range parents {
		refused(t, bare, values{parent: "null"}, parent+": is null, which takes its default away: leave it out for that, or set it")
	}
}

// TestNumbersKeepTheirRanges holds that each number of values.yaml says in words
// from where to where it goes, as the schema does, and that the next one on
// either side is refused.
func TestNumbersKeepTheirRanges(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(chart.Dir, "values.schema.json"))
	require.NoError(t, err)
	lower, upper := values{}, values{}
	var least, most []string
	for path, schema := range numbers("", render.Decode(t, data)) {
		ends := regexp.MustCompile(`(\d+)( [MG]iB)? to (\d+)( [MG]iB)?`).FindStringSubmatch(schema["description"].(string))
		require.NotNil(t, ends, path)
		first, last := number(t, ends[1]+ends[2]), number(t, ends[3]+ends[4])
		assert.EqualValues(t, first, schema["minimum"], path)
		assert.EqualValues(t, last, schema["maximum"], path)
		lower[path], upper[path] = strconv.FormatInt(first-1, 10), strconv.FormatInt(last+1, 10)
		key := "at '/" + strings.ReplaceAll(path, ".", "/") + "': "
		least, most = append(least, key+"minimum: got "), append(most, key+"maximum: got ")
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

// at is how Helm names a key: its parent's path, and the key itself.
func at(path string) []string {
	parent, key, nested := cutLast(path)
	if !nested {
		return []string{"at '':", "'" + path + "'"}
	}
	return []string{"at '/" + strings.ReplaceAll(parent, ".", "/") + "':", "'" + key + "'"}
}

func cutLast(path string) (parent, key string, nested bool) {
	i := strings.LastIndex(path, ".")
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
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
