package scripts

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// name has a dash, which the names of Kubernetes' variables have not.
const name = "lab-a"

// instance is a lab with the chart's scripts.
type instance struct {
	*lab.Instance
	shell string
}

// newInstance makes an instance of which nothing runs yet.
func newInstance(t *testing.T) *instance {
	t.Helper()
	i := &instance{Instance: lab.New(t), shell: "sh"}
	for n := range i.Redis {
		i.Redis[n] = i.pod(n, n+1)
	}
	return i
}

// running makes an instance that serves.
func running(t *testing.T, options ...func(*instance)) *instance {
	t.Helper()
	i := newInstance(t)
	for _, option := range options {
		option(i)
	}
	i.Serve()
	return i
}

// withPassword sets a password, and with it another shell: the one of Alpine's
// Redis images.
func withPassword(i *instance) {
	i.Password = "secret-of-the-lab"
	bin := filepath.Join(i.Dir, "busybox")
	require.NoError(i.T, os.Mkdir(bin, 0o755))
	busybox, err := exec.LookPath("busybox")
	require.NoError(i.T, err, "apt-get install busybox")
	applets, err := exec.CommandContext(i.T.Context(), busybox, "--list").Output()
	require.NoError(i.T, err)
	for applet := range strings.FieldsSeq(string(applets)) {
		require.NoError(i.T, os.Symlink(busybox, filepath.Join(bin, applet)))
	}
	i.shell = filepath.Join(bin, "sh")
}

// pod is the process of the Pod rfr-NAME-n. Its own `hostname` tells what it
// would in a Pod with both address families.
func (i *instance) pod(n, address int) *lab.Process {
	p := i.NewProcess(fmt.Sprintf("rfr-%s-%d", name, n), address)
	i.Write(filepath.Join(p.Dir, "hostname"), fmt.Sprintf("#!/bin/sh\n[ $# = 0 ] && echo rfr-%s-%d || echo 'fd00::1 %s'\n", name, n, p.IP), 0o755)
	return p
}

// restart runs a Redis container as the chart does.
func (i *instance) restart(p *lab.Process, arguments ...string) {
	i.T.Helper()
	i.Run(p, i.command(context.Background(), p, slices.Concat([]string{i.shell, script(i.T, "start.sh")}, i.Server(p), arguments)...))
}

// command is one in the environment of a container of the Pod.
func (i *instance) command(ctx context.Context, p *lab.Process, command ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = []string{
		"PATH=" + p.Dir + ":" + filepath.Join(i.Dir, "busybox") + ":" + os.Getenv("PATH"),
		"REDIS_PORT=" + lab.RedisPort,
		"RFS_LAB_A_SERVICE_HOST=" + i.Service.IP,
		"RFS_LAB_A_SERVICE_PORT=" + lab.SentinelPort,
	}
	if i.Password != "" {
		cmd.Env = append(cmd.Env, "REDIS_PASSWORD="+i.Password)
	}
	return cmd
}

// hook runs stop.sh as a preStop hook does, whose output nobody sees.
func (i *instance) hook(p *lab.Process, arguments ...string) error {
	i.T.Helper()
	output, err := i.command(i.T.Context(), p, append([]string{i.shell, script(i.T, "stop.sh")}, arguments...)...).CombinedOutput()
	require.Empty(i.T, string(output))
	return err
}

// stop stops a Redis as Kubernetes does and returns how long Redis itself took.
func (i *instance) stop(p *lab.Process) time.Duration {
	i.T.Helper()
	require.NoError(i.T, i.hook(p))
	begin := time.Now()
	p.Signal(syscall.SIGTERM)
	return time.Since(begin)
}

// waiting is the role of a Redis that leaves all to Sentinel and the operator.
func waiting(role string) bool {
	return strings.HasPrefix(role, "replica of 127.0.0.1,")
}

// script is the path of one of the chart's scripts.
func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../charts/tenant-redis/scripts", name))
	require.NoError(t, err)
	return path
}
