// Command go is a tenant's application: it connects to Redis with nothing but
// what the platform's ConfigMap and Secret put into its environment, writes a
// value and reads it back.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

func main() {
	redis.SetLogger(silent{})
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// silent keeps go-redis' own log off the output.
type silent struct{}

// Printf drops a line.
func (silent) Printf(context.Context, string, ...any) {}

func run() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()

	sentinel := net.JoinHostPort(os.Getenv("REDIS_SENTINEL_HOST"), os.Getenv("REDIS_SENTINEL_PORT"))
	if err := reach(ctx, sentinel); err != nil {
		return err
	}
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:    os.Getenv("REDIS_SENTINEL_MASTER"),
		SentinelAddrs: []string{sentinel},
		Username:      os.Getenv("REDIS_USERNAME"), // empty for default
		Password:      os.Getenv("REDIS_PASSWORD"),
	})
	defer func() { _ = client.Close() }()

	key, value := "greeting", "hello from "+os.Getenv("HOSTNAME")
	if err := client.Set(ctx, key, value, time.Minute).Err(); err != nil {
		return fmt.Errorf("SET %s: %w", key, err)
	}
	fmt.Printf("SET %s %q: OK\n", key, value)

	got, err := client.Get(ctx, key).Result()
	if err != nil {
		return fmt.Errorf("GET %s: %w", key, err)
	}
	fmt.Printf("GET %s: %q\n", key, got)
	return nil
}

// reach waits until Sentinel takes a connection: the network lets a new Pod in
// a moment after its start. It tells the commonest mistake, a missing label,
// from all others.
func reach(ctx context.Context, sentinel string) error {
	for {
		conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", sentinel)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("sentinel refuses this Pod: %w; label it elastisys.io/redis-%s-access: allow", err, os.Getenv("REDIS_CLUSTER_NAME"))
		case <-time.After(500 * time.Millisecond):
		}
	}
}
