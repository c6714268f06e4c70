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
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()

	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:    os.Getenv("REDIS_SENTINEL_MASTER"),
		SentinelAddrs: []string{net.JoinHostPort(os.Getenv("REDIS_SENTINEL_HOST"), os.Getenv("REDIS_SENTINEL_PORT"))},
		Password:      os.Getenv("REDIS_PASSWORD"),
	})
	defer client.Close()

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
