package users

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// loop is a script or a function that never ends.
type loop func(context.Context, *redis.Client) error

const endless, writes = "while true do end", "redis.call('SET', 'key', '1') "

var loops = map[string]loop{
	"script":                    script(endless),
	"script that has written":   script(writes + endless),
	"function":                  function(endless),
	"function that has written": function(writes + endless),
}

func script(body string) loop {
	return func(ctx context.Context, client *redis.Client) error { return client.Eval(ctx, body, nil).Err() }
}

func function(body string) loop {
	return func(ctx context.Context, client *redis.Client) error {
		library := "#!lua name=endless\nredis.register_function('endless', function() " + body + " end)"
		if err := client.FunctionLoad(ctx, library).Err(); err != nil {
			return nil // which no loop returns
		}
		return client.FCall(ctx, "endless", nil).Err()
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
			require.Error(t, loop(t.Context(), i.as(old, password)), "it times out")
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
