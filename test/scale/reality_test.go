//go:build scale

package scale

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/scale/figures"
)

// reality has a real Redis or Sentinel on each address, as a process of its own.
type reality struct {
	t *testing.T

	mu     sync.Mutex
	served map[string][]string
}

func (r *reality) serve(_, ip, component string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	folder := r.t.TempDir()
	port, more := redisPort, []string{"--requirepass", password, "--masterauth", password, "--replicaof", nobody, redisPort, "--replica-announce-ip", ip, "--save", ""}
	file := filepath.Join(folder, "conf")
	text := ""
	if component == "sentinel" {
		port, more = sentinelPort, []string{"--sentinel"}
		text = fmt.Sprintf("sentinel monitor mymaster %s %s 2\nsentinel announce-ip %s\n", nobody, redisPort, ip)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	startAt(r.t, component, "redis-server", nil, slices.Concat([]string{file}, more, []string{"--bind", ip, "--port", port, "--dir", folder, "--protected-mode", "no"})...)
	r.served[component] = append(r.served[component], ip)
	return nil
}

// problem says why not all of so many instances have a master that all follow.
func (r *reality) problem(instances int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.served["redis"]) != 3*instances || len(r.served["sentinel"]) != 3*instances {
		return "Pods are missing"
	}
	masters := map[string]bool{}
	for _, ip := range r.served["redis"] {
		role, _ := r.ask(ip, redisPort, "ROLE").([]any)
		switch {
		case len(role) > 0 && role[0] == "master":
			masters[ip] = true
		case len(role) < 4 || role[3] != "connected":
			return fmt.Sprint(ip, " is ", role)
		}
	}
	for _, ip := range r.served["sentinel"] {
		state := fmt.Sprint(r.ask(ip, sentinelPort, "SENTINEL", "MASTER", "mymaster"))
		if !strings.Contains(state, "num-slaves:2 ") || !strings.Contains(state, "num-other-sentinels:2 ") || !strings.Contains(state, "flags:master ") {
			return ip + " says " + state
		}
	}
	if len(masters) != instances {
		return fmt.Sprint(len(masters), " masters")
	}
	return ""
}

func (r *reality) ask(ip, port string, command ...any) any {
	options := &redis.Options{Addr: ip + ":" + port, DisableIdentity: true}
	if port == redisPort {
		options.Password = password
	}
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	answer, err := client.Do(r.t.Context(), command...).Result()
	if err != nil {
		return err
	}
	return answer
}

// TestReality holds that the operator needs as many calls and as long for Redis and
// Sentinels that test/scale answers for as for real ones, of one instance and of ten.
func TestReality(t *testing.T) {
	for _, n := range []int{1, 10} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			var rows [2]figures.Row
			t.Run("simulated", func(t *testing.T) { rows[0] = observe(t, n, false) })
			t.Run("real", func(t *testing.T) { rows[1] = observe(t, n, true) })
			simulated, found := rows[0], rows[1]
			t.Logf("simulated: %.1f calls, %.3f s; real: %.1f calls, %.3f s", simulated.Calls, simulated.Reconcile, found.Calls, found.Reconcile)
			assert.InDelta(t, found.Calls, simulated.Calls, 1, "calls in a reconcile")
			assert.InEpsilon(t, found.Reconcile, simulated.Reconcile, 0.5, "seconds of a reconcile")
		})
	}
}

// observe looks at the operator while nothing is to be repaired.
func observe(t *testing.T, n int, isReal bool) figures.Row {
	t.Helper()
	p := newPlane(t)
	p.install(t, systems[0])
	b := &bed{plane: p, pods: runPods(t, p.typed)}
	r := &reality{t: t, served: map[string][]string{}}
	if isReal {
		b.serve = r.serve
	}
	create(t, p, 0, n)
	b.made = n
	operators, stop := b.operators(t, figures.Setting{Operator: "1.3", Shards: 1, Workers: 3, Queries: 5000})
	defer stop()
	require.Eventually(t, func() bool {
		if isReal {
			return r.problem(n) == ""
		}
		return served(b.pods) == n
	}, 5*time.Minute, time.Second, "all instances have one master that all follow")
	// What was queued while they began is done.
	time.Sleep(resync)
	from := b.count(t, operators, nil)
	time.Sleep(2 * resync)
	return b.count(t, operators, nil).since(from)
}
