package scripts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

const (
	// The operator's defaults plus 1000: a Redis of the machine's own, where
	// the generated configuration points at first, must not be found.
	redisPort    = "7379"
	sentinelPort = "27379"
	masterName   = "mymaster"
	// name has a dash, which the names of Kubernetes' variables have not.
	name = "lab-a"

	// detection is the chart's default for down-after-milliseconds.
	detection = 2 * time.Second
	// electionTimeout is how long Sentinels wait after a vote that none of them
	// has won: the chart's default for failover-timeout.
	electionTimeout = 6 * time.Second
	// slack widens the bounds: they tell what happens at once from what waits
	// for a time-out, on a machine where a process may wait long for a core.
	// The promises themselves are kept, or not, on the cluster.
	slack = 4
)

// instance is one tenant's Redis on this machine: a loopback address is a Pod.
type instance struct {
	t         *testing.T
	dir       string
	network   string
	password  string
	shell     string
	detection time.Duration
	redis     []*process
	sentinels []*process
	service   *service
}

// process is a Pod's main process, which may be replaced by a later one.
type process struct {
	ip     string
	dir    string
	cmd    *exec.Cmd
	exited chan struct{}
}

var instances atomic.Int32

// newInstance makes an instance of which nothing runs yet.
func newInstance(t *testing.T) *instance {
	t.Helper()
	for _, program := range []string{"redis-server", "redis-cli", "busybox"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: apt-get install redis-server redis-tools busybox", program)
		}
	}
	i := &instance{
		t: t, dir: t.TempDir(), shell: "sh", detection: detection,
		network: fmt.Sprintf("127.%d.%d", 20+os.Getpid()%200, instances.Add(1)),
	}
	i.service = newService(t, i.network+".100")
	for n := range 3 {
		i.redis = append(i.redis, i.pod(n, n+1))
		i.sentinels = append(i.sentinels, i.process(fmt.Sprintf("sentinel-%d", n), n+11))
	}
	i.service.backends.Store(&i.sentinels)
	t.Cleanup(func() {
		for _, p := range slices.Concat(i.redis, i.sentinels) {
			i.signal(p, syscall.SIGKILL)
		}
		if t.Failed() {
			i.dumpLogs()
		}
	})
	return i
}

// running makes an instance that serves, as the operator leaves it: the first
// Redis is master.
func running(t *testing.T, options ...func(*instance)) *instance {
	t.Helper()
	i := newInstance(t)
	for _, option := range options {
		option(i)
	}
	for _, p := range i.redis {
		i.start(p)
	}
	for _, p := range i.sentinels {
		i.startSentinel(p)
	}
	for n, p := range i.redis {
		if n == 0 {
			i.do(p, "SLAVEOF", "NO", "ONE")
		} else {
			i.do(p, "SLAVEOF", i.redis[0].ip, redisPort)
		}
	}
	for _, s := range i.sentinels {
		i.monitor(s, i.redis[0].ip)
	}
	i.settled(i.redis[0])
	return i
}

// withPassword sets a password, and with it another shell: the one of Alpine's
// Redis images.
func withPassword(i *instance) {
	i.password = "secret-of-the-lab"
	bin := filepath.Join(i.dir, "busybox")
	require.NoError(i.t, os.Mkdir(bin, 0o755))
	busybox, _ := exec.LookPath("busybox")
	applets, err := exec.CommandContext(i.t.Context(), busybox, "--list").Output()
	require.NoError(i.t, err)
	for applet := range strings.FieldsSeq(string(applets)) {
		require.NoError(i.t, os.Symlink(busybox, filepath.Join(bin, applet)))
	}
	i.shell = filepath.Join(bin, "sh")
}

// pod is the process of the Pod rfr-NAME-n. Its own `hostname` tells what it
// would in a Pod with both address families.
func (i *instance) pod(n, address int) *process {
	p := i.process(fmt.Sprintf("rfr-%s-%d", name, n), address)
	i.write(filepath.Join(p.dir, "hostname"), fmt.Sprintf("#!/bin/sh\n[ $# = 0 ] && echo rfr-%s-%d || echo 'fd00::1 %s'\n", name, n, p.ip), 0o755)
	return p
}

func (i *instance) process(name string, address int) *process {
	p := &process{ip: fmt.Sprintf("%s.%d", i.network, address), dir: filepath.Join(i.dir, name)}
	require.NoError(i.t, os.MkdirAll(filepath.Join(p.dir, "data"), 0o755))
	return p
}

// start runs a Redis container without start.sh.
func (i *instance) start(p *process) {
	i.t.Helper()
	i.run(p, i.server(p)...)
}

// restart runs a Redis container as the chart does.
func (i *instance) restart(p *process, arguments ...string) {
	i.t.Helper()
	i.run(p, slices.Concat([]string{i.shell, script(i.t, "start.sh")}, i.server(p), arguments)...)
}

// server is the command of a Redis container.
func (i *instance) server(p *process) []string {
	i.t.Helper()
	// What the operator generates, and what the chart adds as arguments.
	conf := "slaveof 127.0.0.1 " + redisPort + "\nport " + redisPort + "\ntcp-keepalive 60\nsave 900 1\nsave 300 10\nuser pinger -@all +ping on >pingpass\n"
	if i.password != "" {
		conf += "masterauth " + i.password + "\nrequirepass " + i.password + "\n"
	}
	i.write(filepath.Join(p.dir, "redis.conf"), conf, 0o600)
	return []string{
		"redis-server", filepath.Join(p.dir, "redis.conf"), "--dir", filepath.Join(p.dir, "data"), "--protected-mode", "no",
		"--bind", p.ip, "--bind-source-addr", p.ip, "--repl-diskless-sync-delay", "0",
	}
}

func (i *instance) startSentinel(p *process) {
	i.t.Helper()
	conf := filepath.Join(p.dir, "sentinel.conf")
	if _, err := os.Stat(conf); errors.Is(err, os.ErrNotExist) {
		i.write(conf, "sentinel monitor mymaster 127.0.0.1 "+redisPort+" 2\nsentinel down-after-milliseconds mymaster 1000\n"+
			"sentinel failover-timeout mymaster 3000\nsentinel parallel-syncs mymaster 2\n", 0o600)
	}
	i.run(p, "redis-server", conf, "--sentinel", "--port", sentinelPort, "--protected-mode", "no", "--bind", p.ip, "--bind-source-addr", p.ip)
}

// run replaces the process of a Pod.
func (i *instance) run(p *process, command ...string) {
	i.t.Helper()
	cmd := i.command(context.Background(), p, command...)
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(i.t, err)
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(i.t, cmd.Start())
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	p.cmd, p.exited = cmd, exited
}

// command is one in the environment of a container of the Pod.
func (i *instance) command(ctx context.Context, p *process, command ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = []string{
		"PATH=" + p.dir + ":" + filepath.Join(i.dir, "busybox") + ":" + os.Getenv("PATH"),
		"REDIS_PORT=" + redisPort,
		"RFS_LAB_A_SERVICE_HOST=" + i.service.ip,
		"RFS_LAB_A_SERVICE_PORT=" + sentinelPort,
	}
	if i.password != "" {
		cmd.Env = append(cmd.Env, "REDIS_PASSWORD="+i.password)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// hook runs stop.sh as a preStop hook does, whose output nobody sees.
func (i *instance) hook(p *process, arguments ...string) error {
	i.t.Helper()
	output, err := i.command(i.t.Context(), p, append([]string{i.shell, script(i.t, "stop.sh")}, arguments...)...).CombinedOutput()
	require.Empty(i.t, string(output))
	return err
}

// stop stops a Redis as Kubernetes does and returns how long Redis itself took.
func (i *instance) stop(p *process) time.Duration {
	i.t.Helper()
	require.NoError(i.t, i.hook(p))
	begin := time.Now()
	i.signal(p, syscall.SIGTERM)
	return time.Since(begin)
}

// signal sends a signal and, if it ends the process, waits for that.
func (i *instance) signal(p *process, signal syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(signal)
	if signal != syscall.SIGSTOP && signal != syscall.SIGCONT {
		<-p.exited
	}
}

func (i *instance) client(p *process, port string) *redis.Client {
	options := &redis.Options{Addr: net.JoinHostPort(p.ip, port), DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: -1}
	if port == redisPort {
		options.Password = i.password
	}
	return redis.NewClient(options)
}

// do asks a Redis, which has to answer as soon as it has started.
func (i *instance) do(p *process, command ...any) any {
	i.t.Helper()
	return i.ask(p, redisPort, command...)
}

// tell asks a Sentinel.
func (i *instance) tell(p *process, command ...any) {
	i.t.Helper()
	i.ask(p, sentinelPort, command...)
}

func (i *instance) ask(p *process, port string, command ...any) any {
	i.t.Helper()
	client := i.client(p, port)
	defer func() { _ = client.Close() }()
	var (
		answer any
		err    error
	)
	require.Eventually(i.t, func() bool {
		answer, err = client.Do(i.t.Context(), command...).Result()
		return err == nil
	}, 10*time.Second, 20*time.Millisecond, "%s answers %v to %v", p.ip, &err, command)
	return answer
}

// monitor does what the operator does to a Sentinel that names a wrong master.
func (i *instance) monitor(s *process, master string) {
	i.t.Helper()
	i.tell(s, "SENTINEL", "REMOVE", masterName)
	i.tell(s, "SENTINEL", "MONITOR", masterName, master, redisPort, "2")
	if i.password != "" {
		i.tell(s, "SENTINEL", "SET", masterName, "auth-pass", i.password)
	}
	i.tell(s, "SENTINEL", "SET", masterName, "down-after-milliseconds", i.detection.Milliseconds(), "failover-timeout", electionTimeout.Milliseconds(), "parallel-syncs", 2)
}

// named is the master that a Sentinel names, empty if it names none.
func (i *instance) named(s *process) string {
	client := i.client(s, sentinelPort)
	defer func() { _ = client.Close() }()
	address, err := client.Do(i.t.Context(), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName).StringSlice()
	if err != nil {
		return ""
	}
	return address[0]
}

// role is what a Redis answers to ROLE: for a replica its master and whether
// the link is up.
func (i *instance) role(p *process) string {
	client := i.client(p, redisPort)
	defer func() { _ = client.Close() }()
	answer, err := client.Do(i.t.Context(), "ROLE").Slice()
	switch {
	case err != nil:
		return err.Error()
	case answer[0] == "slave":
		return fmt.Sprintf("replica of %v, %v", answer[1], answer[3])
	}
	return fmt.Sprint(answer[0])
}

func replicaOf(master *process) string {
	return "replica of " + master.ip + ", connected"
}

// waiting is the role of a Redis that leaves all to Sentinel and the operator.
func waiting(role string) bool {
	return strings.HasPrefix(role, "replica of 127.0.0.1,")
}

// settled waits until all agree on a master and could hand over again.
func (i *instance) settled(master *process) {
	i.t.Helper()
	i.eventually(20*time.Second, func() string {
		for _, p := range i.redis {
			if role := i.role(p); p != master && role != replicaOf(master) || p == master && role != "master" {
				return p.ip + " is " + role
			}
		}
		for _, s := range i.sentinels {
			client := i.client(s, sentinelPort)
			defer func() { _ = client.Close() }()
			state, err := client.Do(i.t.Context(), "SENTINEL", "MASTER", masterName).Result()
			fields := fmt.Sprint(state)
			if err != nil || !strings.Contains(fields, "ip:"+master.ip+" ") || !strings.Contains(fields, "flags:master ") ||
				!strings.Contains(fields, "num-slaves:2 ") || !strings.Contains(fields, "num-other-sentinels:2 ") {
				return fmt.Sprintf("%s says %s, %v", s.ip, fields, err)
			}
		}
		return ""
	})
}

// elected waits for a master other than the given one, and for all running
// Sentinels to name it.
func (i *instance) elected(old *process, within time.Duration) *process {
	i.t.Helper()
	var master *process
	i.eventually(within, func() string {
		for _, s := range i.sentinels {
			named := i.named(s)
			at := slices.IndexFunc(i.redis, func(p *process) bool { return p.ip == named })
			if at < 0 || i.redis[at] == old || i.role(i.redis[at]) != "master" {
				return s.ip + " names " + named
			}
			master = i.redis[at]
		}
		return ""
	})
	return master
}

// eventually waits until problem returns none.
func (i *instance) eventually(within time.Duration, problem func() string) {
	i.t.Helper()
	var latest string
	deadline := time.Now().Add(slack * within)
	for latest = problem(); latest != ""; latest = problem() {
		if time.Now().After(deadline) {
			i.t.Fatalf("after %s: %s", slack*within, latest)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *process) log() string {
	return filepath.Join(p.dir, "log")
}

// logged returns all that a Pod's containers have printed.
func (i *instance) logged(p *process) string {
	log, err := os.ReadFile(p.log())
	require.NoError(i.t, err)
	return string(log)
}

func (i *instance) dumpLogs() {
	for _, p := range slices.Concat(i.redis, i.sentinels) {
		if log, err := os.ReadFile(p.log()); err == nil {
			i.t.Logf("%s %s\n%s", filepath.Base(p.dir), p.ip, bytes.TrimSpace(log))
		}
	}
}

func (i *instance) write(path, content string, mode os.FileMode) {
	i.t.Helper()
	require.NoError(i.t, os.WriteFile(path, []byte(content), mode))
}

// script is the path of one of the chart's scripts.
func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../charts/tenant-redis/scripts", name))
	require.NoError(t, err)
	return path
}

// service stands for the Sentinels' Service: it hands each connection to the
// next backend, a dead one included, as Kubernetes does for a while.
type service struct {
	ip       string
	backends atomic.Pointer[[]*process]
	next     atomic.Int32
}

func newService(t *testing.T, ip string) *service {
	t.Helper()
	s := &service{ip: ip}
	serve(t, ip, s.forward)
	return s
}

// serve answers on a Sentinel's port until the test ends.
func serve(t *testing.T, ip string, answer func(net.Conn)) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(ip, sentinelPort))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go answer(client)
		}
	}()
}

func (s *service) forward(client net.Conn) {
	defer func() { _ = client.Close() }()
	backends := *s.backends.Load()
	backend := backends[int(s.next.Add(1))%len(backends)]
	server, err := net.DialTimeout("tcp", net.JoinHostPort(backend.ip, sentinelPort), time.Second)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(client, server)
}
