// Command rueidis is a small web service that keeps its state in Redis, with
// github.com/redis/rueidis: PUT /keys/NAME writes, GET /keys/NAME reads. All
// that it knows of Redis comes from the platform's ConfigMap and Secret.
package main

import (
	"cmp"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

const (
	// timeToLive is how long a key is kept: what has none fills the memory.
	timeToLive = time.Hour
	// patience is how long a caller of this service waits at most.
	patience = 3 * time.Second
	// maxValue is the longest value that is taken.
	maxValue = 1 << 20
)

// connect fails when Redis cannot be reached.
func connect() (rueidis.Client, error) {
	// snippet:begin
	sentinel := net.JoinHostPort(os.Getenv("REDIS_SENTINEL_HOST"), os.Getenv("REDIS_SENTINEL_PORT"))
	return rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{sentinel},
		Sentinel: rueidis.SentinelOption{
			MasterSet: os.Getenv("REDIS_SENTINEL_MASTER"),
			Dialer:    net.Dialer{Timeout: 500 * time.Millisecond},
			// Without it a missed announcement leaves the client with the old
			// master until it is restarted.
			TopologyRefreshInterval: time.Second,
		},
		Username: os.Getenv("REDIS_USERNAME"), // empty for default
		Password: os.Getenv("REDIS_PASSWORD"),
		// A node that is gone answers nothing at all: give up on it early. 5 s
		// is the default of connecting, and 10 s that of waiting for an answer.
		Dialer:           net.Dialer{Timeout: 500 * time.Millisecond},
		ConnWriteTimeout: time.Second,
	})
	// snippet:end
}

type service struct {
	redis atomic.Pointer[rueidis.Client]
}

// connect tries until Redis can be reached: the network lets a new Pod in a
// moment after its start.
func (s *service) connect() {
	for {
		client, err := connect()
		if err == nil {
			s.redis.Store(&client)
			return
		}
		log.Print(err)
		time.Sleep(500 * time.Millisecond)
	}
}

// ask answers a request with what Redis says to a command.
func (s *service) ask(w http.ResponseWriter, r *http.Request, command func(rueidis.Builder) rueidis.Completed) {
	redis := s.redis.Load()
	if redis == nil {
		http.Error(w, "not connected to Redis yet", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	value, err := (*redis).Do(ctx, command((*redis).B())).ToString()
	switch {
	case err == nil:
		_, _ = io.WriteString(w, value)
	case rueidis.IsRedisNil(err):
		http.Error(w, "no such key", http.StatusNotFound)
	default:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

func (s *service) put(w http.ResponseWriter, r *http.Request) {
	value, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxValue))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.ask(w, r, func(b rueidis.Builder) rueidis.Completed {
		return b.Set().Key(r.PathValue("name")).Value(string(value)).Ex(timeToLive).Build()
	})
}

func (s *service) get(w http.ResponseWriter, r *http.Request) {
	s.ask(w, r, func(b rueidis.Builder) rueidis.Completed { return b.Get().Key(r.PathValue("name")).Build() })
}

func main() {
	s := &service{}
	go s.connect()
	http.HandleFunc("PUT /keys/{name}", s.put)
	http.HandleFunc("GET /keys/{name}", s.get)
	// The probes ask only whether this process lives: a restart mends no Redis.
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK\n") })
	server := &http.Server{Addr: ":" + cmp.Or(os.Getenv("PORT"), "8080"), ReadHeaderTimeout: patience}
	log.Fatal(server.ListenAndServe())
}
