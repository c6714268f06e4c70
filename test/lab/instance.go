// Package lab runs an instance as it is on a cluster, three Redis and three
// Sentinels, as processes of this machine: a loopback address is a Pod. It needs
// redis-server; what fails, fails the test.
package lab

import (
	"bytes"
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
)

const (
	// RedisPort is the operator's default plus 1000: a Redis of the machine's
	// own, where the operator's configuration points at first, must not be found.
	RedisPort = "7379"
	// SentinelPort is the operator's default plus 1000, too.
	SentinelPort = "27379"
	// MasterName is what the Sentinels call the master, as the operator has it.
	MasterName = "mymaster"
	// Detection is the chart's default for down-after-milliseconds.
	Detection = 2 * time.Second
	// Slack widens the bounds: they tell what happens at once from what waits
	// for a time-out, on a machine where a process may wait long for a core.
	// The promises themselves are kept, or not, on the cluster.
	Slack = 4
)

// Instance is one tenant's Redis.
type Instance struct {
	T *testing.T
	// Password is Redis' own, empty for none, and Detection the Sentinels'
	// down-after-milliseconds. Both are read when a process starts.
	Password  string
	Detection time.Duration
	// Users is the folder with the passwords of users, as Pods have the Secret.
	Users string
	// Shell runs the chart's scripts.
	Shell string
	// Links are the variables by which a container that is started learns of the
	// Sentinels' Service, and never again.
	Links []string
	// Dir is for files, Network the first three bytes of the Pods' addresses.
	Dir, Network string
	Redis        []*Process
	Sentinels    []*Process
	Service      *Service
}

// New makes an instance of which nothing runs yet. All that runs of it ends with
// the test; if that fails, its log has theirs.
func New(t *testing.T) *Instance {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is missing: apt-get install redis-server")
	}
	i := &Instance{T: t, Shell: "sh", Dir: memory(t), Detection: Detection}
	i.Users = filepath.Join(i.Dir, "users")
	require.NoError(t, os.Mkdir(i.Users, 0o700))
	if Restricted {
		i.Restrict()
	}
	i.Service, i.Network = newService(t)
	i.Links = []string{"RFS_LAB_A_SERVICE_HOST=" + i.Service.IP, "RFS_LAB_A_SERVICE_PORT=" + SentinelPort}
	i.Grow(3, 3)
	i.Service.Backends.Store(&i.Sentinels)
	t.Cleanup(func() {
		for _, p := range slices.Concat(i.Redis, i.Sentinels) {
			p.Signal(syscall.SIGKILL)
		}
		if t.Failed() {
			i.dumpLogs()
		}
	})
	return i
}

// Restricted is whether new instances restrict what their Sentinels take.
var Restricted bool

// Restrict has Sentinels that start from now on take from anybody only what the chart
// leaves open (auth.restrictSentinel), and the scripts log in there.
func (i *Instance) Restrict() {
	i.Write(i.sentinelPassword(), "secret-of-the-sentinels", 0o600)
}

func (i *Instance) sentinelPassword() string { return filepath.Join(i.Users, "sentinel-password") }

// Grow makes it one of so many Redis and Sentinels, before any runs.
func (i *Instance) Grow(redis, sentinels int) {
	for n := len(i.Redis); n < redis; n++ {
		i.Redis = append(i.Redis, i.Pod(n, n+1))
	}
	for n := len(i.Sentinels); n < sentinels; n++ {
		i.Sentinels = append(i.Sentinels, i.NewProcess(fmt.Sprintf("sentinel-%d", n), n+11))
	}
}

// memory makes a folder that no disk delays: a Sentinel that waits for one for two
// seconds stays out of everything for 30 s (TILT mode), and that is for the tests
// which are about it.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "lab-") //nolint:usetesting // its folders are on a disk
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Serve starts everything and leaves it as the operator does: the first Redis is
// master.
func (i *Instance) Serve() {
	i.T.Helper()
	for _, p := range i.Redis {
		i.Start(p)
	}
	for _, p := range i.Sentinels {
		i.StartSentinel(p)
	}
	i.Do(i.Redis[0], "SLAVEOF", "NO", "ONE")
	for _, p := range i.Redis[1:] {
		i.Do(p, "SLAVEOF", i.Redis[0].IP, RedisPort)
	}
	i.Monitor(i.Redis[0])
	i.Settled(i.Redis[0])
}

// Monitor does what the operator does when all Sentinels name a wrong master.
func (i *Instance) Monitor(master *Process) {
	i.T.Helper()
	for _, s := range i.Sentinels {
		i.MonitorFrom(s, master)
	}
}

// MonitorFrom does what the operator does to a Sentinel that names a wrong master.
func (i *Instance) MonitorFrom(s, master *Process) {
	i.T.Helper()
	i.Tell(s, "SENTINEL", "REMOVE", MasterName)
	i.Tell(s, "SENTINEL", "MONITOR", MasterName, master.IP, RedisPort, len(i.Sentinels)/2+1)
	if i.Password != "" {
		i.Tell(s, "SENTINEL", "SET", MasterName, "auth-pass", i.Password)
	}
	i.Tell(s, "SENTINEL", "SET", MasterName, "down-after-milliseconds", i.Detection.Milliseconds(),
		"failover-timeout", i.ElectionTimeout().Milliseconds(), "parallel-syncs", 2)
}

// ElectionTimeout is how long Sentinels wait after a vote that none of them has
// won: failover-timeout, of which the chart's default is three times Detection.
func (i *Instance) ElectionTimeout() time.Duration {
	return 3 * i.Detection
}

// Settled waits until all agree on a master and could hand over again.
func (i *Instance) Settled(master *Process) {
	i.T.Helper()
	replicas, peers := fmt.Sprintf("num-slaves:%d ", len(i.Redis)-1), fmt.Sprintf("num-other-sentinels:%d ", len(i.Sentinels)-1)
	i.Eventually(20*time.Second, func() string {
		for _, p := range i.Redis {
			if role := i.Role(p); p != master && role != ReplicaOf(master) || p == master && role != "master" {
				return p.IP + " is " + role
			}
		}
		for _, s := range i.Sentinels {
			client := i.Client(s, SentinelPort)
			defer func() { _ = client.Close() }()
			state, err := client.Do(i.T.Context(), "SENTINEL", "MASTER", MasterName).Result()
			fields := fmt.Sprint(state)
			if err != nil || !strings.Contains(fields, "ip:"+master.IP+" ") || !strings.Contains(fields, "flags:master ") ||
				!strings.Contains(fields, replicas) || !strings.Contains(fields, peers) {
				return fmt.Sprintf("%s says %s, %v", s.IP, fields, err)
			}
		}
		return ""
	})
}

// Elected waits for a master other than the given one, and for all Sentinels to
// name it.
func (i *Instance) Elected(old *Process, within time.Duration) *Process {
	i.T.Helper()
	var master *Process
	i.Eventually(within, func() string {
		for _, s := range i.Sentinels {
			named := i.Named(s)
			at := slices.IndexFunc(i.Redis, func(p *Process) bool { return p.IP == named })
			if at < 0 || i.Redis[at] == old || i.Role(i.Redis[at]) != "master" {
				return s.IP + " names " + named
			}
			master = i.Redis[at]
		}
		return ""
	})
	return master
}

// Eventually waits until problem returns none, Slack times the given time at
// most.
func (i *Instance) Eventually(within time.Duration, problem func() string) {
	i.T.Helper()
	var latest string
	deadline := time.Now().Add(Slack * within)
	for latest = problem(); latest != ""; latest = problem() {
		if time.Now().After(deadline) {
			i.T.Fatalf("after %s: %s", Slack*within, latest)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (i *Instance) dumpLogs() {
	for _, p := range slices.Concat(i.Redis, i.Sentinels) {
		if log, err := os.ReadFile(p.log()); err == nil {
			i.T.Logf("%s %s\n%s", filepath.Base(p.Dir), p.IP, bytes.TrimSpace(log))
		}
	}
}

// Write writes a file.
func (i *Instance) Write(path, content string, mode os.FileMode) {
	i.T.Helper()
	require.NoError(i.T, os.WriteFile(path, []byte(content), mode))
}
