package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// name is the instance's. It has a dash, which the names of Kubernetes' variables
// have not.
const name = "lab-a"

// Pod is the process of the Pod rfr-NAME-n, in which the chart's scripts can run.
// Its own `hostname` tells what it would in a Pod with both address families.
func (i *Instance) Pod(n, address int) *Process {
	p := i.NewProcess(fmt.Sprintf("rfr-%s-%d", name, n), address)
	i.Write(filepath.Join(p.Dir, "hostname"), fmt.Sprintf("#!/bin/sh\n[ $# = 0 ] && echo rfr-%s-%d || echo 'fd00::1 %s'\n", name, n, p.IP), 0o755)
	i.Addresses(p, p.IP, "fd00::1")
	return p
}

// Addresses writes the Pod's into its hosts file as kubelet does.
func (i *Instance) Addresses(p *Process, addresses ...string) {
	var hosts strings.Builder
	hosts.WriteString("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n")
	for _, address := range addresses {
		fmt.Fprintf(&hosts, "%s\t%s\n", address, filepath.Base(p.Dir))
	}
	i.Write(filepath.Join(p.Dir, "hosts"), hosts.String(), 0o644)
}

// Restart runs a Redis container as the chart does. Redis ends with the script, as
// all do with the first process of a container.
func (i *Instance) Restart(p *Process, arguments ...string) {
	i.T.Helper()
	setpriv, err := exec.LookPath("setpriv")
	require.NoError(i.T, err, "apt-get install util-linux")
	container := []string{i.Shell, Script("start.sh"), setpriv, "--pdeathsig", "KILL"}
	i.Run(p, i.Command(context.Background(), p, slices.Concat(container, i.Server(p), arguments)...))
}

// Rejoins waits until a Redis follows a master. Its container is started again if it ends
// meanwhile, as Kubernetes does.
func (i *Instance) Rejoins(p, master *Process, arguments ...string) {
	i.T.Helper()
	i.Eventually(5*time.Second, func() string {
		if p.Ended() {
			i.Restart(p, arguments...)
		}
		if role := i.Role(p); role != ReplicaOf(master) {
			return p.IP + " says " + role
		}
		return ""
	})
}

// Command is one in the environment of a container of the Pod.
func (i *Instance) Command(ctx context.Context, p *Process, command ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = []string{
		"PATH=" + p.Dir + ":" + filepath.Join(i.Dir, "busybox") + ":" + os.Getenv("PATH"),
		"REDIS_PORT=" + RedisPort,
		"HOSTS=" + filepath.Join(p.Dir, "hosts"),
		"DATA=" + filepath.Join(p.Dir, "data"),
		"USERS=" + i.Users,
	}
	cmd.Env = append(cmd.Env, i.Links...)
	if i.Password != "" {
		cmd.Env = append(cmd.Env, "REDIS_PASSWORD="+i.Password)
	}
	if p.cmd != nil {
		cmd.Env = append(cmd.Env, "MAIN_PROCESS="+p.PID())
	}
	return cmd
}

// Hook runs stop.sh as a preStop hook does, whose output nobody sees.
func (i *Instance) Hook(p *Process, arguments ...string) error {
	i.T.Helper()
	cmd := i.Command(i.T.Context(), p, append([]string{i.Shell, Script("stop.sh")}, arguments...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := cmd.CombinedOutput()
	require.Empty(i.T, string(output))
	return err
}

// Stop stops a Redis as Kubernetes does and returns how long Redis itself took.
func (i *Instance) Stop(p *Process) time.Duration {
	i.T.Helper()
	require.NoError(i.T, i.Hook(p))
	begin := time.Now()
	p.Signal(syscall.SIGTERM)
	return time.Since(begin)
}

// Script is the path of one of the chart's scripts, looked for from the folder of
// the package under test upwards: a trimmed program does not know where its
// source was.
func Script(name string) string {
	folder, err := os.Getwd()
	for err == nil && folder != "/" {
		path := filepath.Join(folder, "charts/tenant-redis/scripts", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		folder = filepath.Dir(folder)
	}
	panic("the chart's scripts are not above the package's folder")
}
