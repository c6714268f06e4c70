package golive

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

const (
	// A Redis of the machine's own is on other ports.
	redisPort    = "7379"
	sentinelPort = "27379"
	password     = "secret-of-the-lab"
)

// instance is a master, two replicas and three Sentinels on this machine: a
// loopback address is a Pod, 1 to 3 are Redis and 11 to 13 are Sentinels.
type instance struct {
	t        *testing.T
	network  string
	password string
	pods     map[int]*exec.Cmd
}

var networks atomic.Int32

func newInstance(t *testing.T, password string) *instance {
	t.Helper()
	i := &instance{
		t: t, password: password, pods: map[int]*exec.Cmd{},
		network: fmt.Sprintf("127.%d.%d", 20+os.Getpid()%200, 100+networks.Add(1)),
	}
	secured := ""
	if password != "" {
		secured = "requirepass " + password + "\nmasterauth " + password + "\n"
	}
	for pod := 1; pod <= 3; pod++ {
		conf := "port " + redisPort + "\nsave \"\"\nrepl-diskless-sync-delay 0\n" + secured
		if pod > 1 {
			conf += "replicaof " + i.ip(1) + " " + redisPort + "\n"
		}
		i.start(pod, conf)
	}
	// A Sentinel looks for replicas when it starts, and again after ten seconds.
	i.eventually(func() bool { return i.linked() == 2 })
	for pod := 11; pod <= 13; pod++ {
		conf := "port " + sentinelPort + "\nsentinel monitor mymaster " + i.ip(1) + " " + redisPort + " 2\n" +
			"sentinel down-after-milliseconds mymaster 1000\n"
		if password != "" {
			conf += "sentinel auth-pass mymaster " + password + "\n"
		}
		i.start(pod, conf, "--sentinel")
	}
	i.settled()
	return i
}

func (i *instance) ip(pod int) string {
	return fmt.Sprintf("%s.%d", i.network, pod)
}

func (i *instance) start(pod int, conf string, arguments ...string) {
	i.t.Helper()
	dir := i.t.TempDir()
	file := filepath.Join(dir, "redis.conf")
	common := fmt.Sprintf("bind %[1]s\nbind-source-addr %[1]s\nprotected-mode no\ndir %[2]s\nlogfile %[2]s/log\n", i.ip(pod), dir)
	require.NoError(i.t, os.WriteFile(file, []byte(common+conf), 0o600))
	cmd := exec.Command("redis-server", append([]string{file}, arguments...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(i.t, cmd.Start(), "apt-get install redis-server")
	i.pods[pod] = cmd
	i.t.Cleanup(func() { i.stop(pod) })
}

func (i *instance) stop(pod int) {
	if cmd := i.pods[pod]; cmd != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		delete(i.pods, pod)
	}
}

func (i *instance) do(pod int, command ...any) (any, error) {
	options := &redis.Options{Addr: net.JoinHostPort(i.ip(pod), sentinelPort), MaxRetries: -1}
	if pod < 10 {
		options.Addr, options.Password = net.JoinHostPort(i.ip(pod), redisPort), i.password
	}
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	return client.Do(i.t.Context(), command...).Result()
}

// settled waits until each Sentinel knows all others and both replicas.
func (i *instance) settled() {
	i.t.Helper()
	i.eventually(func() bool {
		for pod := 11; pod <= 13; pod++ {
			state, _ := i.do(pod, "SENTINEL", "MASTER", "mymaster")
			if s := fmt.Sprint(state); !strings.Contains(s, "num-slaves:2 ") || !strings.Contains(s, "num-other-sentinels:2 ") {
				return false
			}
		}
		return true
	})
}

// linked is the number of replicas that the master counts.
func (i *instance) linked() int {
	role, _ := i.do(1, "ROLE")
	return strings.Count(fmt.Sprint(role), redisPort)
}

func (i *instance) eventually(condition func() bool) {
	i.t.Helper()
	require.Eventually(i.t, condition, 20*time.Second, 50*time.Millisecond)
}

// tenant walks the checklist once, with the shell that the container has.
func (i *instance) tenant(t *testing.T, shell ...string) (string, error) {
	t.Helper()
	return i.run(t, append(shell, script, "tenant", "0", "3", "3"))
}

func (i *instance) stranger(t *testing.T, targets ...string) (string, error) {
	t.Helper()
	return i.run(t, append([]string{"sh", script, "stranger"}, targets...))
}

func (i *instance) run(t *testing.T, command []string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "REDIS_SENTINEL_HOST="+i.ip(11), "REDIS_SENTINEL_PORT="+sentinelPort, "REDIS_SENTINEL_MASTER=mymaster")
	if i.password != "" {
		cmd.Env = append(cmd.Env, "REDIS_PASSWORD="+i.password)
	}
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// answer has something other than Redis answer at an address, as an exporter
// does.
func answer(t *testing.T, address string) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(connection, "HTTP/1.1 400 Bad Request\r\n\r\n")
			_ = connection.Close()
		}
	}()
}
