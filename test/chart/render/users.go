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
	failover := c.Objects(t, v)[c.ID("RedisFailover")]
	command, found, err := unstructured.NestedStringSlice(failover.Object, "spec", "redis", "command")
	require.NoError(t, err)
	require.True(t, found)
	at := slices.Index(command, "--user")
	require.Positive(t, at)
	return command[at:]
}
