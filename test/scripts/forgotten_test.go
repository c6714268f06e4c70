package scripts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestWhatANewMasterDoesNotHave holds what docs/for-tenants.md says of it: scripts that
// were loaded and settings that a client has made are the old master's alone, functions
// are data.
func TestWhatANewMasterDoesNotHave(t *testing.T) {
	t.Parallel()
	i := lab.New(t)
	i.Serve()
	connection := i.Client(i.Redis[0], lab.RedisPort).Conn()
	defer func() { _ = connection.Close() }()
	script, err := connection.ScriptLoad(t.Context(), "return 1").Result()
	require.NoError(t, err)
	require.NoError(t, connection.EvalSha(t.Context(), script, nil).Err())
	require.NoError(t, connection.FunctionLoad(t.Context(), "#!lua name=kept\nredis.register_function('kept', function() return 7 end)").Err())
	require.NoError(t, connection.ConfigSet(t.Context(), "maxmemory-samples", "9").Err())
	require.EqualValues(t, 2, connection.Wait(t.Context(), 2, 5*time.Second).Val())

	i.Tell(i.Sentinels[0], "SENTINEL", "FAILOVER", lab.MasterName)
	master := i.Client(i.Elected(i.Redis[0], 10*time.Second), lab.RedisPort)
	require.ErrorContains(t, master.EvalSha(t.Context(), script, nil).Err(), "NOSCRIPT")
	require.EqualValues(t, 7, master.FCall(t.Context(), "kept", nil).Val())
	require.Equal(t, map[string]string{"maxmemory-samples": "5"}, master.ConfigGet(t.Context(), "maxmemory-samples").Val())
}
