package check

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// serving returns the Deployment of an operator that serves namespaces.
func serving(t *testing.T, namespace, instances, serves string) unstructured.Unstructured {
	t.Helper()
	return parse(t, fmt.Appendf(nil, `{"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": {"name": "redis-operator", "namespace": %q, "annotations": {"tenant-redis.dev/instances": %q}},
		"spec": {"template": {"spec": {"containers": [{"name": "redis-operator", "args": ["--concurrency=6", %q]}]}}}}`,
		namespace, instances, serves))
}

// failovers returns so many in a namespace.
func failovers(t *testing.T, namespace string, n int) []unstructured.Unstructured {
	t.Helper()
	var all []unstructured.Unstructured
	for i := range n {
		all = append(all, parse(t, fmt.Appendf(nil, `{"apiVersion": "databases.spotahome.com/v1", "kind": "RedisFailover",
			"metadata": {"name": "r%d", "namespace": %q}}`, i, namespace)))
	}
	return all
}

func TestCapacity(t *testing.T) {
	const a, b = "--supported-namespaces-regex=^(a|both)$", "--supported-namespaces-regex=^(b|both)$"
	tooMany := "deny operator-capacity: Deployment/x/redis-operator: metadata.annotations[tenant-redis.dev/instances]: 3 RedisFailovers are more than the 2 that it can look after every 30 s: set instances of its release to 3 or more, or give the namespaces of some to another release"
	for name, test := range map[string]struct {
		operators []unstructured.Unstructured
		namespace string
		n         int
		want      []string
	}{
		"as many as it carries": {[]unstructured.Unstructured{serving(t, "x", "2", "--log-level=info")}, "any", 2, nil},
		"one more":              {[]unstructured.Unstructured{serving(t, "x", "2", "--log-level=info")}, "any", 3, []string{tooMany}},
		"more than one carries": {[]unstructured.Unstructured{serving(t, "x", "2000", "--log-level=info")}, "any", 2001, []string{
			"deny operator-capacity: Deployment/x/redis-operator: metadata.annotations[tenant-redis.dev/instances]: 2001 RedisFailovers are more than the 2000 that it can look after every 30 s: give the namespaces of some to another release: instances may be 2000 at most",
		}},
		"one more of two":        {[]unstructured.Unstructured{serving(t, "x", "2", a), serving(t, "y", "2", b)}, "a", 3, []string{tooMany}},
		"as many as the other":   {[]unstructured.Unstructured{serving(t, "x", "2", a), serving(t, "y", "9", b)}, "b", 9, nil},
		"a namespace of nobody":  {[]unstructured.Unstructured{serving(t, "x", "2", a)}, "a2", 1, []string{"deny operator-namespaces: RedisFailover/a2/r0: metadata.namespace: no operator serves a2: add it to watchedNamespaces of one release of charts/redis-operator"}},
		"a namespace of two":     {[]unstructured.Unstructured{serving(t, "x", "2", a), serving(t, "y", "2", b)}, "both", 1, []string{"deny operator-namespaces: RedisFailover/both/r0: metadata.namespace: Deployment/x/redis-operator and Deployment/y/redis-operator serve both, and would undo each other's repairs: leave it in watchedNamespaces of one release"}},
		"no instance whatsoever": {[]unstructured.Unstructured{serving(t, "x", "2", a)}, "a", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := Capacity(test.operators, append(failovers(t, test.namespace, test.n), good(t)[0]))
			require.NoError(t, err)
			var lines []string
			for _, v := range found {
				lines = append(lines, v.String())
			}
			assert.Equal(t, test.want, lines)
		})
	}
	values, err := os.ReadFile("../../charts/redis-operator/values.yaml")
	require.NoError(t, err)
	assert.Contains(t, string(values), fmt.Sprintf("# @schema minimum: 1; maximum: %d\n# -- RedisFailovers that this release is expected to serve.", mostInstances))
	for instances, says := range map[string]string{"": "no Deployment has the annotation tenant-redis.dev/instances", "many": `"many" must be a number`, "0": `"0" must be a number`} {
		_, err := Capacity([]unstructured.Unstructured{serving(t, "x", instances, a)}, nil)
		assert.ErrorContains(t, err, says)
	}
	_, err = Capacity([]unstructured.Unstructured{serving(t, "x", "2", "--supported-namespaces-regex=(")}, nil)
	assert.ErrorContains(t, err, "missing closing )")
}
