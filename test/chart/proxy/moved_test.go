package proxy

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestConnectedClients holds what a planned move costs a client that stays connected:
// the one command that it has in flight, which is refused, and a new connection that serves
// within the gap of the hand-over.
func TestConnectedClients(t *testing.T) {
	t.Parallel()
	const clients = 20
	i := serving(t)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var (
		ended               sync.WaitGroup
		begun, refused, cut atomic.Int32
		mu                  sync.Mutex
		longest             time.Duration
		others, lost        []error
	)
	for range clients {
		client := i.client(writePort)
		ended.Go(func() {
			connection := client.Conn()
			defer func() { _ = connection.Close() }()
			if connection.Incr(ctx, "moved").Err() == nil {
				begun.Add(1)
			}
			var err error
			for err == nil {
				time.Sleep(5 * time.Millisecond)
				err = connection.Incr(ctx, "moved").Err()
			}
			failed := time.Now()
			switch {
			case strings.HasPrefix(err.Error(), "READONLY"):
				refused.Add(1)
			case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, os.ErrDeadlineExceeded):
				cut.Add(1)
			default:
				mu.Lock()
				others = append(others, err)
				mu.Unlock()
			}
			for err != nil && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
				err = client.Incr(ctx, "moved").Err()
			}
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, time.Since(failed))
			if err != nil {
				lost = append(lost, err)
			}
		})
	}
	i.Eventually(5*time.Second, func() string {
		if begun.Load() < clients {
			return "not all clients write"
		}
		return ""
	})
	i.handOver()
	ended.Wait()
	t.Logf("%d clients: %d were refused, %d cut off, others %v; back within %s", clients, refused.Load(), cut.Load(), others, longest)
	require.Empty(t, lost)
	assert.Empty(t, others)
	assert.EqualValues(t, clients, refused.Load()+cut.Load())
	// All are mostly. Whoever has nothing in flight while writes are held, since this process
	// waits for a core, is cut off.
	assert.Positive(t, refused.Load())
	assert.LessOrEqual(t, longest, lab.Slack*plannedGap)
}
