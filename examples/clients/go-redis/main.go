// Command go-redis is a small web service that keeps its state in Redis, with
// github.com/redis/go-redis: PUT /keys/NAME writes, GET /keys/NAME reads. All
// that it knows of Redis comes from the platform's ConfigMap and Secret.
package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// timeToLive is how long a key is kept: what has none fills the memory.
	timeToLive = time.Hour
	// patience is how long a caller of this service waits at most.
	patience = 3 * time.Second
	// maxValue is the longest value that is taken.
	maxValue = 1 << 20
)

// connect makes the client; it connects when it is first used.
func connect() *redis.Client {
	// snippet:begin
	sentinel := net.JoinHostPort(os.Getenv("REDIS_SENTINEL_HOST"), os.Getenv("REDIS_SENTINEL_PORT"))
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:    os.Getenv("REDIS_SENTINEL_MASTER"),
		SentinelAddrs: []string{sentinel},
		Username:      os.Getenv("REDIS_USERNAME"), // empty for default
		Password:      os.Getenv("REDIS_PASSWORD"),
		// A node that is gone answers nothing at all: give up on it early. 5 s
		// is the default of connecting, and 3 s that of waiting for an answer.
		Dialer:      (&net.Dialer{Timeout: 500 * time.Millisecond}).DialContext,
		ReadTimeout: time.Second,
		// This is for finding the master, too. It must be more than twice
		// the time to answer: go-redis asks a Sentinel that is gone two times,
		// and another one only if there is time left. If not, never.
		DialTimeout:  3 * time.Second,
		WriteTimeout: time.Second,
		// Have a caller's deadline end all attempts, too.
		ContextTimeoutEnabled: true,
		// Repeating SET does no harm; set it to -1 if yours is an INCR or LPUSH,
		// which may have been applied when its answer got lost.
		MaxRetries: 3,
	})
	// snippet:end
}

type service struct{ redis *redis.Client }

func (s service) put(w http.ResponseWriter, r *http.Request) {
	value, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxValue))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	answer(w, "OK\n", s.redis.Set(ctx, r.PathValue("name"), value, timeToLive).Err())
}

func (s service) get(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	value, err := s.redis.Get(ctx, r.PathValue("name")).Result()
	answer(w, value, err)
}

// answer says yes only when Redis did.
func answer(w http.ResponseWriter, yes string, err error) {
	switch {
	case err == nil:
		_, _ = io.WriteString(w, yes)
	case errors.Is(err, redis.Nil):
		http.Error(w, "no such key", http.StatusNotFound)
	default:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

func main() {
	s := service{redis: connect()}
	http.HandleFunc("PUT /keys/{name}", s.put)
	http.HandleFunc("GET /keys/{name}", s.get)
	// The probes ask only whether this process lives: a restart mends no Redis.
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, "OK\n", nil) })
	server := &http.Server{Addr: ":" + cmp.Or(os.Getenv("PORT"), "8080"), ReadHeaderTimeout: patience}
	log.Fatal(server.ListenAndServe())
}
