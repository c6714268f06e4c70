//go:build scale

// Package scale measures how many instances one Redis operator carries. The operator,
// the API server and etcd are the real programs, as processes of this machine; the
// instances are RedisFailovers of the real chart, whose Pods have no kubelet, and whose
// Redis and Sentinels are answered for by one program on loopback addresses.
package scale

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	repository = "../.."
	// tick is the kernel's unit of CPU time in /proc, 10 ms on all Linux machines.
	tick = 10 * time.Millisecond
)

// process is a program that runs until the test ends.
type process struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
	asked atomic.Bool
}

// start runs a program of .cache/build, which `make scale` compiles. It is an error if that
// ends by itself.
func start(t *testing.T, name, program string, env []string, args ...string) *process {
	t.Helper()
	return startAt(t, name, filepath.Join(repository, ".cache/build", program), env, args...)
}

// startAt does so with any program.
func startAt(t *testing.T, name, program string, env []string, args ...string) *process {
	t.Helper()
	p := &process{log: filepath.Join(t.TempDir(), "log"), ended: make(chan struct{})}
	log, err := os.Create(p.log)
	require.NoError(t, err)
	p.cmd = exec.Command(program, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	// It must not outlive a test that is killed.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		_ = log.Close()
		if !p.asked.Load() {
			t.Errorf("%s ended by itself: %s", name, p.said("fatal error"))
		}
		close(p.ended)
	}()
	t.Cleanup(p.stop)
	return p
}

func (p *process) stop() {
	p.asked.Store(true)
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// said returns the first line of its log that has a text, or else its last one.
func (p *process) said(text string) string {
	data, _ := os.ReadFile(p.log)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	for _, line := range lines {
		if strings.Contains(line, text) {
			return line
		}
	}
	return lines[len(lines)-1]
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// cpu is the time that processes have used so far, in seconds.
func cpu(t *testing.T, pids ...int) float64 {
	t.Helper()
	sum := time.Duration(0)
	for _, pid := range pids {
		sum += cpuOf(t, pid)
	}
	return sum.Seconds()
}

func cpuOf(t *testing.T, pid int) time.Duration {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	// The name, in brackets, may have spaces.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	require.NoError(t, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(t, err)
	return time.Duration(user+system) * tick
}

// forgetMemory has memory count from now on.
func forgetMemory(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		require.NoError(t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o200))
	}
}

// memory is the most that processes have had at a time, each, in MiB.
func memory(t *testing.T, pids ...int) float64 {
	t.Helper()
	sum := 0.0
	for _, pid := range pids {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		require.NoError(t, err)
		_, size, found := strings.Cut(string(data), "VmHWM:")
		require.True(t, found, "no VmHWM")
		kib, err := strconv.Atoi(strings.Fields(size)[0])
		require.NoError(t, err)
		sum += float64(kib) / 1024
	}
	return sum
}

// freePort returns a port of 127.0.0.1 that nothing listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
