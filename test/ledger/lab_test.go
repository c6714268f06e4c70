package ledger

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

const (
	labPassword  = "lab"
	labDownAfter = time.Second
	redisPort    = "6379"
	sentinelPort = "26379"
)

// lab is three Redis and three Sentinels, real processes, each pair on a
// loopback address of its own.
type lab struct {
	t     *testing.T
	redis map[string]*process
}

type process struct {
	name string
	args []string
	cmd  *exec.Cmd
	log  *lockedBuffer
}

func newLab(t *testing.T) *lab {
	t.Helper()
	for _, binary := range []string{"redis-server", "redis-sentinel"} {
		if _, err := exec.LookPath(binary); err != nil {
			t.Fatalf("%s is missing: install the packages redis-server and redis-sentinel", binary)
		}
	}
	l := &lab{t: t, redis: map[string]*process{}}
	ips := []string{"127.0.3.1", "127.0.3.2", "127.0.3.3"}
	for i, ip := range ips {
		args := []string{
			"--bind", ip, "--bind-source-addr", ip, "--port", redisPort, "--save", "", "--dir", t.TempDir(),
			"--requirepass", labPassword, "--masterauth", labPassword, "--replica-announce-ip", ip,
			"--repl-diskless-sync-delay", "0",
		}
		if i > 0 {
			args = append(args, "--replicaof", ips[0], redisPort)
		}
		l.redis[ip] = l.start("redis-server", ip, args)
	}
	for _, ip := range ips {
		l.await(ip, func(ctx context.Context, rdb *redis.Client) error {
			fields, err := info(ctx, rdb, "replication")
			if err == nil && fields["role"] == "slave" && fields["master_link_status"] != "up" {
				err = fmt.Errorf("its link is %s", fields["master_link_status"])
			}
			return err
		})
	}
	for _, ip := range ips {
		l.start("redis-sentinel", ip, []string{l.sentinelConfig(ip, ips[0])})
	}
	for _, ip := range ips {
		l.awaitSentinel(ip)
	}
	return l
}

func (l *lab) sentinelConfig(ip, master string) string {
	config := fmt.Sprintf(`bind %[1]s
port %[2]s
sentinel announce-ip %[1]s
sentinel monitor mymaster %[3]s %[4]s 2
sentinel auth-pass mymaster %[5]s
sentinel down-after-milliseconds mymaster %[6]d
sentinel failover-timeout mymaster 3000
`, ip, sentinelPort, master, redisPort, labPassword, labDownAfter.Milliseconds())
	file := filepath.Join(l.t.TempDir(), "sentinel.conf")
	require.NoError(l.t, os.WriteFile(file, []byte(config), 0o600))
	return file
}

// start runs a process until the test ends; its log is shown if it failed.
func (l *lab) start(binary, ip string, args []string) *process {
	p := &process{name: binary + " " + ip, args: args, cmd: exec.Command(binary, args...), log: &lockedBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	require.NoError(l.t, p.cmd.Start())
	l.t.Cleanup(func() {
		p.kill()
		if l.t.Failed() {
			l.t.Logf("%s:\n%s", p.name, p.log)
		}
	})
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (l *lab) await(ip string, ready func(context.Context, *redis.Client) error) {
	l.t.Helper()
	rdb := l.connect(ip)
	defer func() { _ = rdb.Close() }()
	l.eventually(func(ctx context.Context) error { return ready(ctx, rdb) }, ip)
}

func (l *lab) awaitSentinel(ip string) {
	l.t.Helper()
	sentinel := l.sentinel(ip)
	defer func() { _ = sentinel.Close() }()
	l.eventually(func(ctx context.Context) error {
		fields, err := sentinel.Master(ctx, "mymaster").Result()
		if err == nil && (fields["num-slaves"] != "2" || fields["num-other-sentinels"] != "2") {
			err = fmt.Errorf("it knows %s replicas and %s other Sentinels", fields["num-slaves"], fields["num-other-sentinels"])
		}
		return err
	}, "Sentinel "+ip)
}

func (l *lab) eventually(try func(context.Context) error, what string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			l.t.Fatalf("%s: %v", what, err)
		case <-ticker.C:
		}
	}
}

func (l *lab) connect(ip string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: net.JoinHostPort(ip, redisPort), Password: labPassword})
}

func (l *lab) sentinel(ip string) *redis.SentinelClient {
	return redis.NewSentinelClient(&redis.Options{Addr: net.JoinHostPort(ip, sentinelPort)})
}

// contract is what a tenant of the lab is told.
func (l *lab) contract() Contract {
	return Contract{Sentinel: net.JoinHostPort("127.0.3.1", sentinelPort), Master: "mymaster", Password: labPassword}
}

// master is the address that the Sentinels name.
func (l *lab) master() string {
	l.t.Helper()
	sentinel := l.sentinel("127.0.3.1")
	defer func() { _ = sentinel.Close() }()
	address, err := sentinel.GetMasterAddrByName(l.t.Context(), "mymaster").Result()
	require.NoError(l.t, err)
	return address[0]
}

// restart starts a killed Redis again, once Sentinel names another master.
func (l *lab) restart(ip string) {
	l.t.Helper()
	l.eventually(func(context.Context) error {
		if l.master() == ip {
			return fmt.Errorf("%s is still named by Sentinel", ip)
		}
		return nil
	}, "switch")
	l.redis[ip] = l.start("redis-server", ip, l.redis[ip].args)
}

// lockedBuffer is a log that can be read while it is written, and waited on
// for READY.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) ready() bool { return strings.Contains(b.String(), "READY\n") }
