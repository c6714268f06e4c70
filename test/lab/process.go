package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// Process is a Pod's main process, which may be replaced by a later one.
type Process struct {
	IP, Dir string
	cmd     *exec.Cmd
	exited  chan struct{}
}

// NewProcess makes one that does not run yet. Address is the last byte of its
// own.
func (i *Instance) NewProcess(name string, address int) *Process {
	p := &Process{IP: fmt.Sprintf("%s.%d", i.Network, address), Dir: filepath.Join(i.Dir, name)}
	require.NoError(i.T, os.MkdirAll(filepath.Join(p.Dir, "data"), 0o755))
	return p
}

// Server is the command of a Redis container: what the operator generates, with
// what the chart adds as arguments.
func (i *Instance) Server(p *Process) []string {
	i.T.Helper()
	conf := "slaveof 127.0.0.1 " + RedisPort + "\nport " + RedisPort + "\ntcp-keepalive 60\nsave 900 1\nsave 300 10\nuser pinger -@all +ping on >pingpass\n"
	if i.Password != "" {
		conf += "masterauth " + i.Password + "\nrequirepass " + i.Password + "\n"
	}
	i.Write(filepath.Join(p.Dir, "redis.conf"), conf, 0o600)
	return []string{
		"redis-server", filepath.Join(p.Dir, "redis.conf"), "--dir", filepath.Join(p.Dir, "data"), "--protected-mode", "no",
		"--bind", p.IP, "--bind-source-addr", p.IP, "--repl-diskless-sync-delay", "0",
	}
}

// Start starts a Redis as the operator alone does.
func (i *Instance) Start(p *Process) {
	i.T.Helper()
	i.Run(p, command(i.Server(p)...))
}

// StartSentinel starts a Sentinel, which knows what it knew when it ended.
func (i *Instance) StartSentinel(p *Process) {
	i.T.Helper()
	conf := filepath.Join(p.Dir, "sentinel.conf")
	if _, err := os.Stat(conf); errors.Is(err, os.ErrNotExist) {
		i.Write(conf, "sentinel monitor mymaster 127.0.0.1 "+RedisPort+" 2\nsentinel down-after-milliseconds mymaster 1000\n"+
			"sentinel failover-timeout mymaster 3000\nsentinel parallel-syncs mymaster 2\n", 0o600)
	}
	server := []string{"redis-server", conf, "--sentinel", "--port", SentinelPort, "--protected-mode", "no", "--bind", p.IP, "--bind-source-addr", p.IP}
	if _, err := os.Stat(i.sentinelPassword()); err == nil {
		server = append([]string{i.Shell, Script("start-sentinel.sh")}, server...)
	}
	i.Run(p, i.Command(context.Background(), p, server...))
}

func command(words ...string) *exec.Cmd {
	return exec.CommandContext(context.Background(), words[0], words[1:]...)
}

// Run replaces a Pod's process; the log goes on.
func (i *Instance) Run(p *Process, cmd *exec.Cmd) {
	i.T.Helper()
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(i.T, err)
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(i.T, cmd.Start())
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	p.cmd, p.exited = cmd, exited
}

// Signal sends a signal and, if it ends the process, waits for that. Kernels kill
// and freeze all of a container, and a Pod tells its first process only to end, with
// which all others do.
func (p *Process) Signal(signal syscall.Signal) {
	if p.cmd == nil {
		return
	}
	all := descendants(p.cmd.Process.Pid)
	_ = p.cmd.Process.Signal(signal)
	if signal == syscall.SIGSTOP || signal == syscall.SIGCONT || signal == syscall.SIGKILL {
		kill(all, signal)
	}
	if signal == syscall.SIGSTOP || signal == syscall.SIGCONT {
		return
	}
	<-p.exited
	kill(all, syscall.SIGKILL)
	for _, pid := range all {
		for runs(pid) {
			time.Sleep(time.Millisecond)
		}
	}
}

func kill(pids []int, signal syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, signal)
	}
}

// runs is whether a process does, which one that nobody has waited for does not.
func runs(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// Crash ends Redis alone, as if it had failed, and returns with what status the
// container ends then.
func (p *Process) Crash() int {
	all := descendants(p.cmd.Process.Pid)
	p.Single(syscall.SIGKILL)
	defer kill(all, syscall.SIGKILL)
	return p.Wait()
}

// Single sends a signal to Redis alone, and not to what runs beside it.
func (p *Process) Single(signal syscall.Signal) {
	kill(p.redis(), signal)
}

// redis is Redis itself.
func (p *Process) redis() []int {
	all := append(descendants(p.cmd.Process.Pid), p.cmd.Process.Pid)
	return slices.DeleteFunc(all, func(pid int) bool { return !isRedis(pid) })
}

// Beside sends a signal to what start.sh has started beside Redis.
func (p *Process) Beside(signal syscall.Signal) {
	for _, pid := range descendants(p.cmd.Process.Pid) {
		if !isRedis(pid) {
			_ = syscall.Kill(pid, signal)
		}
	}
}

func isRedis(pid int) bool {
	comm, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return string(comm) == "redis-server\n"
}

// Wait waits for the end of the process and returns its status.
func (p *Process) Wait() int {
	<-p.exited
	return p.cmd.ProcessState.ExitCode()
}

// Ended is whether the process has.
func (p *Process) Ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Renice sets how nice Redis is, 0 to 19.
func (p *Process) Renice(niceness int) {
	for _, pid := range p.redis() {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, niceness)
	}
}

// descendants are all processes that one has started, and they have.
func descendants(pid int) []int {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	var all []int
	for word := range strings.FieldsSeq(string(list)) {
		if child, err := strconv.Atoi(word); err == nil {
			all = append(append(all, child), descendants(child)...)
		}
	}
	return all
}

// Runs is whether something in the Pod is this command.
func (p *Process) Runs(command ...string) bool {
	return len(p.running(command)) > 0
}

// SignalTo sends a signal to what in the Pod is this command.
func (p *Process) SignalTo(signal syscall.Signal, command ...string) {
	kill(p.running(command), signal)
}

func (p *Process) running(command []string) []int {
	words := strings.Join(command, "\x00") + "\x00"
	return slices.DeleteFunc(descendants(p.cmd.Process.Pid), func(pid int) bool {
		line, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		return string(line) != words
	})
}

// PID is what a container's first process has for 1.
func (p *Process) PID() string {
	return strconv.Itoa(p.cmd.Process.Pid)
}

func (p *Process) log() string {
	return filepath.Join(p.Dir, "log")
}

// Logged returns all that a Pod's processes have printed.
func (i *Instance) Logged(p *Process) string {
	log, err := os.ReadFile(p.log())
	require.NoError(i.T, err)
	return string(log)
}
