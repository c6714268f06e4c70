//go:build bench

package scripts

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestKilledMasterLosesWhatIsInFlight kills bare masters under load: Redis answers
// before its replicas have a write, so that each writer may lose its last one, and
// none that waited for a replica. It is the reason for what a kill may lose in the
// tests, and the figures of docs/limits.md:
//
//	go test -tags bench -run TestKilledMasterLosesWhatIsInFlight -v ./test/scripts
func TestKilledMasterLosesWhatIsInFlight(t *testing.T) {
	const kills, writers = 40, 4
	lost := map[string]int{}
	for name, set := range map[string]setter{"SET": set, "SET and WAIT 1": setAndWait} {
		i := newInstance(t)
		for _, p := range i.Redis[1:] {
			i.Start(p)
		}
		acknowledged := 0
		for range kills {
			for _, keys := range i.killed(writers, set) {
				missing := i.missing(keys)
				require.LessOrEqual(t, missing, 1, "%s: more than one write of a writer", name)
				lost[name] += missing
				acknowledged += len(keys)
			}
		}
		t.Logf("%s: %d of %d acknowledged writes lost in %d kills, %d writers", name, lost[name], acknowledged, kills, writers)
	}
	require.Positive(t, lost["SET"], "nothing was in flight")
	require.Zero(t, lost["SET and WAIT 1"])
}

// setter writes a key and says whether its writer counts it as written.
type setter func(context.Context, *redis.Client, string) (acknowledged bool, err error)

func set(ctx context.Context, client *redis.Client, key string) (bool, error) {
	return true, client.Set(ctx, key, "", 0).Err()
}

func setAndWait(ctx context.Context, client *redis.Client, key string) (bool, error) {
	pipe := client.Pipeline()
	pipe.Set(ctx, key, "", 0)
	replicas := pipe.Do(ctx, "WAIT", 1, 500)
	_, err := pipe.Exec(ctx)
	confirmed, _ := replicas.Int()
	return confirmed >= 1, err
}

// killed starts the first Redis as an empty master of the others, kills it under
// load and returns what each writer was told is written.
func (i *instance) killed(writers int, set setter) [][]string {
	i.T.Helper()
	master := i.Redis[0]
	i.Start(master)
	i.Do(master, "REPLICAOF", "NO", "ONE")
	for _, p := range i.Redis[1:] {
		i.Do(p, "REPLICAOF", master.IP, lab.RedisPort)
		i.reaches(p, 10*time.Second, lab.ReplicaOf(master))
	}
	keys := make([][]string, writers)
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			client := i.Client(master, lab.RedisPort)
			defer func() { _ = client.Close() }()
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d:%d", w, n)
				acknowledged, err := set(i.T.Context(), client, key)
				if err != nil {
					return
				}
				if acknowledged {
					keys[w] = append(keys[w], key)
				}
			}
		})
	}
	i.Eventually(5*time.Second, func() string {
		if size := i.Do(i.Redis[1], "DBSIZE").(int64); size < 500 {
			return fmt.Sprint("keys: ", size)
		}
		return ""
	})
	master.Signal(syscall.SIGKILL)
	running.Wait()
	return keys
}

// missing counts the keys that no replica has, once both have read all that the
// dead master has sent.
func (i *instance) missing(keys []string) int {
	i.T.Helper()
	most := int64(0)
	for _, p := range i.Redis[1:] {
		i.Eventually(5*time.Second, func() string {
			if role := i.Role(p); role == lab.ReplicaOf(i.Redis[0]) {
				return p.IP + " is " + role
			}
			return ""
		})
		exists := []any{"EXISTS"}
		for _, key := range keys {
			exists = append(exists, key)
		}
		most = max(most, i.Do(p, exists...).(int64))
	}
	return len(keys) - int(most)
}
