package render

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Users are the arguments by which Redis gets the users of the tenant chart: for each
// "--user", its name, "on", "#" with the file of its password, and its rights.
func (c Chart) Users(t *testing.T, v Values) []string {
	t.Helper()
	return c.argumentsFrom(t, v, "--user")
}

// Settings are all arguments by which Redis gets the settings of the tenant chart, its users
// among them, but for where its data is and who may connect.
func (c Chart) Settings(t *testing.T, v Values) []string {
	t.Helper()
	return c.argumentsFrom(t, v, "--maxmemory")
}

func (c Chart) argumentsFrom(t *testing.T, v Values, word string) []string {
	t.Helper()
	failover := c.Objects(t, v)[c.ID("RedisFailover")]
	command, found, err := unstructured.NestedStringSlice(failover.Object, "spec", "redis", "command")
	require.NoError(t, err)
	require.True(t, found)
	at := slices.Index(command, word)
	require.Positive(t, at)
	return command[at:]
}
