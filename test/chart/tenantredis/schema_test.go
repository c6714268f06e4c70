package tenantredis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestRefusedValues(t *testing.T) {
	for name, test := range map[string]struct {
		values values
		// says is what the message must contain for the user to find the mistake.
		says []string
	}{
		"unknown key of a pull secret": {values{"imagePullSecrets": `[{"name": "mirror", "key": "a"}]`}, []string{"/imagePullSecrets/0", "'key'"}},
		"name too long":                {values{"name": text(strings.Repeat("n", 49))}, []string{"/name", "49", "48"}},
		"name with upper case":         {values{"name": `"Cache"`}, []string{"/name", "'Cache'"}},
		"name with a dot":              {values{"name": `"a.b"`}, []string{"/name", "'a.b'"}},
		"namespace with upper case":    {values{"tenantNamespaces": `["team-a", "Team-B"]`}, []string{"/tenantNamespaces/1", "'Team-B'"}},
		"namespace too long":           {values{"tenantNamespaces": `[` + text(strings.Repeat("n", 64)) + `]`}, []string{"/tenantNamespaces/0", "63"}},
		"namespace twice":              {values{"tenantNamespaces": `["team-a", "team-a"]`}, []string{"/tenantNamespaces"}},
		"namespaces as text":           {values{"tenantNamespaces": `"team-a"`}, []string{"/tenantNamespaces"}},
		"access label with a space":    {values{"access.label": `"redis access"`}, []string{"/access/label"}},
		"access label, two slashes":    {values{"access.label": `"a.example/b/c"`}, []string{"/access/label"}},
		"access label too long":        {values{"access.label": text("a.example/" + strings.Repeat("n", 64))}, []string{"/access/label"}},
		"access for all as text":       {values{"access.allNamespaces": `"true"`}, []string{"/access/allNamespaces"}},
		"image without tag":            {values{"image": `"docker.io/library/redis"`}, []string{"/image"}},
		"image of a port, without tag": {values{"image": `"mirror.example:5000/redis"`}, []string{"/image"}},
		"image with tag latest":        {values{"image": `"docker.io/library/redis:latest"`}, []string{"/image"}},
		"image with half a digest":     {values{"image": text("redis" + digest[:20])}, []string{"/image"}},
		"exporter image without tag":   {values{"exporter.image": `"redis_exporter"`}, []string{"/exporter/image"}},
		"two Redis":                    {values{"redis.replicas": "2"}, []string{"/redis/replicas", "2", "3"}},
		"ten Redis":                    {values{"redis.replicas": "10"}, []string{"/redis/replicas", "10", "9"}},
		"memory without number":        {values{"redis.memory": `"lots"`}, []string{"/redis/memory", "'lots'"}},
		"memory in bytes":              {values{"redis.memory": "268435456"}, []string{"/redis/memory"}},
		"too little memory":            {values{"redis.memory": `"63Mi"`}, []string{"redis.memory", "63Mi", "64Mi", "set 64Mi or more"}},
		"negative CPU":                 {values{"redis.cpu": `"-1"`}, []string{"/redis/cpu"}},
		"unknown policy":               {values{"redis.maxmemoryPolicy": `"lru"`}, []string{"/redis/maxmemoryPolicy", "allkeys-lru"}},
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

func TestRefusedReleaseNames(t *testing.T) {
	for name, number := range map[string]string{strings.Repeat("r", 49): "49", "team.cache": "10", "123": "3"} {
		t.Run(name, func(t *testing.T) {
			own := chart
			own.Release = name
			refused(t, own, nil, "name: "+text(name), "release's name", number+" characters", "1 to 48", "set name")

			_, err := own.Template(t, values{"name": `"cache"`})
			assert.NoError(t, err, "the message's remedy must help")
		})
	}
}

func TestAcceptedValues(t *testing.T) {
	for name, v := range map[string]values{
		"longest name":       {"name": text(strings.Repeat("n", 48))},
		"digest":             {"image": text("redis" + digest), "exporter.image": text("mirror.example:5000/redis_exporter" + digest)},
		"tag and digest":     {"image": text("mirror.example/redis:7.0.15" + digest)},
		"mirror with a port": {"image": `"mirror.example:5000/library/redis:7.0.15"`},
		"own access label":   {"access.label": `"redis_access.v1"`},
		"whole CPUs":         {"redis.cpu": `"2"`},
		"large":              {"redis": `{"replicas": 9, "memory": "64Gi", "terminationGracePeriodSeconds": 600}`, "sentinel.replicas": "7"},
		"subchart":           {"global": `{"imageRegistry": "mirror.example"}`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := chart.Template(t, v)
			assert.NoError(t, err)
		})
	}
}

// TestSchemaIsClosed tries an unknown key at every level of values.yaml, and
// null, which to Helm means no value at all, for every key.
func TestSchemaIsClosed(t *testing.T) {
	require.NotEmpty(t, defaults(t))
	refused(t, chart, values{"unknown": "1"}, "''", "'unknown'")
	seen := map[string]bool{}
	for path := range defaults(t) {
		refused(t, chart, values{path: "null"}, at(path)...)
		for parent, _, nested := cutLast(path); nested && !seen[parent]; parent, _, nested = cutLast(parent) {
			seen[parent] = true
			refused(t, chart, values{parent + ".unknown": "1"}, at(parent+".unknown")...)
			refused(t, chart, values{parent: "null"}, at(parent)...)
		}
	}
	assert.Contains(t, seen, "redis")
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
