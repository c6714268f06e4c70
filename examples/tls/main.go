// A client that connects to the proxy with TLS, from the environment that the
// connection ConfigMap and Secret give.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

func main() {
	// snippet:begin
	trusted, err := x509.SystemCertPool()
	if err != nil {
		trusted = x509.NewCertPool()
	}
	trusted.AppendCertsFromPEM([]byte(os.Getenv("REDIS_TLS_CA")))
	client := redis.NewClient(&redis.Options{
		Addr:        net.JoinHostPort(os.Getenv("REDIS_HOST"), os.Getenv("REDIS_TLS_PORT")),
		Username:    os.Getenv("REDIS_USERNAME"), // empty for default
		Password:    os.Getenv("REDIS_PASSWORD"),
		TLSConfig:   &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
		DialTimeout: time.Second,
		ReadTimeout: time.Second,
	})
	// snippet:end
	answer, err := client.Ping(context.Background()).Result()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(answer)
}
