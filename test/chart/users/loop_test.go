package users

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// loop is a script or a function that never ends.
type loop func(*testing.T, *redis.Client) error

const endless, writes = "while true do end", "redis.call('SET', 'key', '1') "

var loops = map[string]loop{
	"script":                    script(endless),
	"script that has written":   script(writes + endless),
	"function":                  function(endless),
	"function that has written": function(writes + endless),
}

func script(body string) loop {
	return func(t *testing.T, client *redis.Client) error {
		t.Helper()
		return client.Eval(t.Context(), body, nil).Err()
	}
}

func function(body string) loop {
	return func(t *testing.T, client *redis.Client) error {
		t.Helper()
		require.NoError(t, client.FunctionLoad(t.Context(), "#!lua name=endless\nredis.register_function('endless', function() "+body+" end)").Err())
		return client.FCall(t.Context(), "endless", nil).Err()
	}
}

// TestLoopingScript holds what a tenant's script or function that never ends costs the
// instance: the Sentinels replace the master as one that is frozen. They end a script that has
// written nothing, the new master's Pod such a function, and the Redis of what has written.
func TestLoopingScript(t *testing.T) {
	for name, loop := range loops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, old := served(t)
			begin := time.Now()
			require.Error(t, loop(t, i.as(old, password)), "it times out")
			master := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
			i.Eventually(10*time.Second, func() string {
				if err := i.as(master, password).Set(t.Context(), "key", 2, 0).Err(); err != nil {
					return err.Error()
				}
				return ""
			})
			t.Logf("another master takes writes after %d ms", time.Since(begin).Milliseconds())
			i.Rejoins(old, master, i.arguments...)
			i.Settled(master)
			t.Logf("the old one follows after %d ms", time.Since(begin).Milliseconds())
		})
	}
}
