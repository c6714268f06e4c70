package scripts

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// writer writes a new key every few milliseconds and remembers those that Redis
// acknowledged.
type writer struct {
	name   string
	number int64 // no other's, so that its keys are not those of an earlier one
	client func() (redis.Cmdable, func() error)
	acked  []string
	count  atomic.Int64
	gap    time.Duration
	// A refused write was certainly not applied; of the others that failed nobody knows.
	refused, unknown int
	stop             context.CancelFunc
	done             sync.WaitGroup
}

// started counts the writers.
var started atomic.Int64

// writers starts the two kinds of clients: one follows what the Sentinels
// announce, one asks them only when its connection fails.
func (i *instance) writers() []*writer {
	i.T.Helper()
	follow := &writer{name: "follows Sentinel", client: func() (redis.Cmdable, func() error) {
		options := &redis.FailoverOptions{MasterName: lab.MasterName, Password: i.Password, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: 5 * time.Second}
		for _, s := range i.Sentinels[:2] { // the third may be silent
			options.SentinelAddrs = append(options.SentinelAddrs, net.JoinHostPort(s.IP, lab.SentinelPort))
		}
		client := redis.NewFailoverClient(options)
		return client, client.Close
	}}
	pinned := &writer{name: "stays connected", client: func() (redis.Cmdable, func() error) {
		client := i.Client(&lab.Process{IP: i.Named(i.Sentinels[0])}, lab.RedisPort)
		client.Options().ReadTimeout = 30 * time.Second // a write that is held waits
		return client, client.Close
	}}
	for _, w := range []*writer{follow, pinned} {
		ctx, stop := context.WithCancel(i.T.Context())
		w.stop, w.number = stop, started.Add(1)
		w.done.Go(func() { w.write(ctx) })
		i.Eventually(5*time.Second, func() string {
			if w.count.Load() < 50 {
				return "a writer that " + w.name + " cannot write"
			}
			return ""
		})
	}
	return []*writer{follow, pinned}
}

// The clients' own log repeats what the tests measure.
func init() {
	logging.Disable()
}

func (w *writer) write(ctx context.Context) {
	var closeClient func() error
	var client redis.Cmdable
	latest := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		if client == nil {
			client, closeClient = w.client()
		}
		key := fmt.Sprintf("%s %d %d", w.name, w.number, n)
		if err := client.Set(ctx, key, n, 0).Err(); err == nil {
			w.acked = append(w.acked, key)
			w.count.Add(1)
			w.gap = max(w.gap, time.Since(latest))
			latest = time.Now()
		} else {
			if strings.HasPrefix(err.Error(), "READONLY") {
				w.refused++
			} else if ctx.Err() == nil {
				w.unknown++
			}
			if w.name == "stays connected" {
				_ = closeClient()
				client = nil
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	if client != nil {
		_ = closeClient()
	}
}

// writersReturn ends the writers once they write to the new master: each has lost
// nothing but the one write that each of so many kills may have found in flight,
// answered and not yet sent to a replica. Their longest wait, the result, was no
// longer than it may be. All of a machine's Sentinels see a killed Redis at the same
// instant, so that each may vote for itself; what that costs is Redis' own.
func (i *instance) writersReturn(writers []*writer, master *lab.Process, gap time.Duration, kills int) (longest time.Duration) {
	i.T.Helper()
	for _, s := range i.Sentinels {
		if strings.Contains(i.Logged(s), "-failover-abort-not-elected") {
			i.T.Log("the Sentinels had to vote twice")
			gap += i.ElectionTimeout()
			break
		}
	}
	for _, w := range writers {
		lost := i.finish(w, master)
		i.T.Logf("a writer that %s: gap %d ms, %d of %d lost, %d refused, %d unknown", w.name, w.gap.Milliseconds(), lost, len(w.acked), w.refused, w.unknown)
		require.LessOrEqual(i.T, lost, kills)
		require.LessOrEqual(i.T, w.gap, lab.Slack*gap)
		longest = max(longest, w.gap)
	}
	return longest
}

// finish ends a writer and returns how many of its acknowledged writes the
// master does not have.
func (i *instance) finish(w *writer, master *lab.Process) int {
	i.T.Helper()
	enough := w.count.Load() + 20
	i.Eventually(5*time.Second, func() string {
		if w.count.Load() < enough {
			return "a writer that " + w.name + " cannot write"
		}
		return ""
	})
	w.stop()
	w.done.Wait()
	return i.lost(w.acked, master)
}

// lost counts the keys that a master does not have.
func (i *instance) lost(keys []string, master *lab.Process) int {
	i.T.Helper()
	client := i.Client(master, lab.RedisPort).WithTimeout(time.Minute)
	defer func() { _ = client.Close() }()
	lost := 0
	for some := range slices.Chunk(keys, 10_000) {
		found, err := client.Exists(i.T.Context(), some...).Result()
		require.NoError(i.T, err)
		lost += len(some) - int(found)
	}
	return lost
}
