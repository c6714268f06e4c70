package scripts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// goneGap is what a master's container that is killed as a whole may cost: 0.4 s are
// left to start.sh, and the rest is the time to start programs.
const goneGap = time.Second

// A master whose container is gone as a whole is replaced by the best replica's Pod,
// before the Sentinels hold it for dead.
func TestContainerIsGone(t *testing.T) {
	for name, option := range map[string]func(*instance){"no password": func(*instance) {}, "password, busybox": withPassword} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, old := parented(t, option, patient)
			before := i.promotions()
			writers := i.writers()
			old.Signal(syscall.SIGKILL)
			master := i.Elected(old, i.Detection)
			i.writersReturn(writers, master, i.Detection/lab.Slack, 1)
			i.ledByPod(master)
			require.Equal(t, before+1, i.promotions())
			i.Restart(old)
			i.Settled(master)
		})
	}
}

// The control: without the watcher it takes the detection time, and a second.
func TestContainerIsGoneWithoutWatcher(t *testing.T) {
	t.Parallel()
	i := running(t)
	writers := i.writers()
	i.Redis[0].Signal(syscall.SIGKILL)
	gap := i.writersReturn(writers, i.Elected(i.Redis[0], 2*lab.Detection), lab.Detection+2500*time.Millisecond, 1)
	require.Greater(t, gap, lab.Detection)
}

// A container that is back at once, and the others' Pods: one of them leads.
func TestContainerIsBackAtOnce(t *testing.T) {
	t.Parallel()
	i, old := parented(t)
	before := i.promotions()
	writers := i.writers()
	old.Signal(syscall.SIGKILL)
	i.Restart(old)
	master := i.Elected(old, lab.Detection+i.ElectionTimeout())
	i.writersReturn(writers, master, 2*goneGap+i.ElectionTimeout(), 1)
	i.Settled(master)
	require.Equal(t, before+1, i.promotions())
}

// What ends connections, and is no end of a Redis.
func TestNothingIsGone(t *testing.T) {
	t.Parallel()
	cutAll := func(i *instance, master *redis.Client) {
		for _, kind := range []string{"replica", "pubsub"} {
			require.NoError(i.T, master.Do(i.T.Context(), "CLIENT", "KILL", "TYPE", kind).Err())
		}
	}
	for name, fault := range map[string]func(*instance, *lab.Process, *redis.Client){
		"CLIENT KILL": func(i *instance, _ *lab.Process, master *redis.Client) { cutAll(i, master) },
		"no connection left": func(i *instance, _ *lab.Process, master *redis.Client) {
			require.NoError(i.T, master.ConfigSet(i.T.Context(), "maxclients", "1").Err())
			cutAll(i, master)
			i.refusedTo(master)
			require.NoError(i.T, master.ConfigSet(i.T.Context(), "maxclients", "1000").Err())
		},
		"another password": func(i *instance, _ *lab.Process, master *redis.Client) {
			require.NoError(i.T, master.ConfigSet(i.T.Context(), "requirepass", "another").Err())
			cutAll(i, master)
			i.refusedTo(master)
			require.NoError(i.T, master.ConfigSet(i.T.Context(), "requirepass", "").Err())
		},
		"full buffers": func(i *instance, _ *lab.Process, master *redis.Client) {
			require.NoError(i.T, master.ConfigSet(i.T.Context(), "client-output-buffer-limit", "replica 1 0 0 pubsub 1 0 0").Err())
			require.NoError(i.T, master.Set(i.T.Context(), "key", strings.Repeat("x", 1<<22), 0).Err())
			require.NoError(i.T, master.ConfigSet(i.T.Context(), "client-output-buffer-limit", "replica 0 0 0 pubsub 0 0 0").Err())
		},
		"frozen and cut": func(i *instance, p *lab.Process, master *redis.Client) {
			cutAll(i, master)
			p.Single(syscall.SIGSTOP)
			time.Sleep(lab.Detection / 2)
			p.Single(syscall.SIGCONT)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, old := parented(t)
			before := i.promotions()
			master := i.Client(old, lab.RedisPort).WithTimeout(time.Minute)
			defer func() { _ = master.Close() }()
			conn := master.Conn()
			require.NoError(t, conn.Ping(t.Context()).Err())
			fault(i, old, master)
			_ = conn.Close()
			i.watched(old)
			require.Equal(t, before, i.promotions())
			require.Zero(t, i.said("is gone"))
			require.Equal(t, "master", i.Role(old))
		})
	}
}

// refusedTo waits until a Redis has turned somebody away.
func (i *instance) refusedTo(master *redis.Client) {
	i.T.Helper()
	i.Eventually(5*time.Second, func() string {
		stats := master.Info(i.T.Context(), "stats").Val() + master.Info(i.T.Context(), "errorstats").Val()
		if strings.Contains(stats, "rejected_connections:0") && !strings.Contains(stats, "errorstat_NOAUTH") {
			return "nobody was turned away"
		}
		return ""
	})
}

// All Pods are replaced, one after the other: nobody takes that for a loss.
func TestRollingUpdate(t *testing.T) {
	t.Parallel()
	i, master := parented(t)
	before := i.promotions()
	for _, p := range []*lab.Process{i.Redis[0], i.Redis[1], i.Redis[2]} {
		if p != master {
			i.Stop(p)
			i.Restart(p)
			i.Settled(master)
		}
	}
	writers := i.writers()
	i.Stop(master)
	next := i.Elected(master, time.Second)
	i.Restart(master)
	i.Settled(next)
	i.writersReturn(writers, next, handOverGap, 0)
	require.Equal(t, before+1, i.promotions())
	require.Zero(t, i.said("is gone: replaced"))
}

// A network that is cut is silent, or a firewall answers in the master's name, on the
// way from one replica: the others still have it, even if the Sentinels wait for it. It
// takes a network of its own.
func TestNetworkIsCut(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	reset := []string{"REJECT", "--reject-with", "tcp-reset"}
	for name, test := range map[string]struct {
		action []string
		silent bool // to the Sentinels
	}{
		"dropped":                            {[]string{"DROP"}, false},
		"reset":                              {reset, false},
		"reset, and silent to the Sentinels": {reset, true},
	} {
		t.Run(name, func(t *testing.T) {
			i, old := parented(t)
			before := i.promotions()
			replica := i.Redis[0]
			i.firewall("-A", []*lab.Process{replica}, old, test.action...)
			i.Do(old, "CLIENT", "KILL", "TYPE", "pubsub")
			i.Do(old, "CLIENT", "KILL", "TYPE", "replica")
			i.Eventually(5*time.Second, func() string {
				if role := i.Role(replica); role == lab.ReplicaOf(old) {
					return role
				}
				return ""
			})
			if test.silent {
				i.firewall("-A", i.Sentinels, old, "DROP")
				time.Sleep(lab.Detection / 2) // they would act after Detection
				i.firewall("-D", i.Sentinels, old, "DROP")
			}
			time.Sleep(lab.Detection)
			i.firewall("-D", []*lab.Process{replica}, old, test.action...)
			i.watched(old)
			i.Settled(old)
			require.Equal(t, before, i.promotions())
			require.Zero(t, i.said("is gone: replaced"))
		})
	}
}

// A master whose Pod is deleted by force is cut off first: what the Sentinels still send
// to it gets lost, so that they connect again and wait. They have lost it all the same.
func TestContainerIsGoneAndSentinelsWait(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	i, old := parented(t, patient)
	before := i.promotions()
	i.firewall("-A", i.Sentinels, old, "DROP")
	old.Signal(syscall.SIGKILL)
	i.ledByPod(i.Elected(old, i.Detection))
	require.Equal(t, before+1, i.promotions())
}

// The address of a Pod that is deleted by force goes away a moment after its Redis has ended:
// whoever was refused first is not answered then.
func TestAddressGoesAway(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	i, old := parented(t, patient)
	before := i.promotions()
	away := fmt.Sprintf("iptables -w -A INPUT -d %s -p tcp -j DROP\n", old.IP)
	for _, p := range i.Redis {
		if p != old {
			mark := filepath.Join(i.Dir, "refused") // the second has it go away
			i.Intercept(p, lab.Step{Command: fmt.Sprintf(`*"-h %s "*" PING "*`, old.IP), After: fmt.Sprintf("mkdir %s 2>/dev/null || %s", mark, away)})
		}
	}
	old.Signal(syscall.SIGKILL)
	i.ledByPod(i.Elected(old, i.Detection))
	require.Equal(t, before+1, i.promotions())
}

// firewall adds (-A) or deletes (-D) a rule for what these send to a Redis.
func (i *instance) firewall(change string, from []*lab.Process, to *lab.Process, action ...string) {
	i.T.Helper()
	for _, p := range from {
		rule := append([]string{"-w", change, "INPUT", "-s", p.IP, "-d", to.IP, "-p", "tcp", "-j"}, action...)
		output, err := exec.CommandContext(i.T.Context(), "iptables", rule...).CombinedOutput()
		require.NoError(i.T, err, string(output))
	}
}

// ownNetwork runs the test in a network of its own, and is true in there.
func ownNetwork(t *testing.T) bool {
	t.Helper()
	const inside = "OWN_NETWORK"
	if os.Getenv(inside) != "" {
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("takes root, to make a network")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	//nolint:gosec // G204: this program
	cmd := exec.CommandContext(t.Context(), "unshare", "-n", "sh", "-c", `ip link set lo up && exec "$0" "$@"`, self, "-test.v", "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), inside+"=1")
	output, err := cmd.CombinedOutput()
	t.Log(string(output))
	require.NoError(t, err)
	return false
}

// said counts how often a Pod has said something.
func (i *instance) said(text string) int {
	n := 0
	for _, p := range i.Redis {
		n += strings.Count(i.Logged(p), text)
	}
	return n
}

// ledByPod holds that a Pod has replaced a master that is gone, and no Sentinel.
func (i *instance) ledByPod(master *lab.Process) {
	i.T.Helper()
	i.says("is gone: replaced by " + master.IP)
	for _, s := range i.Sentinels {
		require.NotContains(i.T, i.Logged(s), "+elected-leader")
	}
}

// says waits until one of these is in the log of a Pod: a script tells what it has done
// when that has been seen already.
func (i *instance) says(texts ...string) {
	i.T.Helper()
	i.Eventually(10*time.Second, func() string {
		for _, text := range texts {
			if i.said(text) > 0 {
				return ""
			}
		}
		return fmt.Sprintf("no Pod says any of %q", texts)
	})
}
