package scripts

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// A library that keeps a connection on which each write is refused never finds the new
// master. Whoever demotes a master ends them.
func TestDemotedMasterEndsConnections(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(*instance, *lab.Process){
		"frozen": func(i *instance, old *lab.Process) {
			old.Signal(syscall.SIGSTOP)
			i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
			old.Signal(syscall.SIGCONT)
		},
		"SENTINEL FAILOVER": func(i *instance, old *lab.Process) {
			i.TellAsPeer(i.Sentinels[0], "SENTINEL", "FAILOVER", lab.MasterName)
			i.Elected(old, 5*time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, old := parented(t)
			connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", net.JoinHostPort(old.IP, lab.RedisPort))
			require.NoError(t, err)
			t.Cleanup(func() { _ = connection.Close() })
			answers := bufio.NewReader(connection)
			ask := func() (string, error) {
				if _, err := io.WriteString(connection, "SET key value\r\n"); err != nil {
					return "", err
				}
				return answers.ReadString('\n')
			}
			answer, err := ask()
			require.NoError(t, err)
			require.Equal(t, "+OK\r\n", answer)
			replace(i, old)
			require.NoError(t, connection.SetDeadline(time.Now().Add(lab.Slack*5*time.Second)))
			for err == nil {
				answer, err = ask()
			}
			var late net.Error
			require.False(t, errors.As(err, &late) && late.Timeout(), "the connection stays, and answers %q", answer)
		})
	}
}

// Replicas whose connections come from another address than their own, as they do where
// a sidecar of a service mesh or a node rewrites them.
func TestReplicasBehindAnotherAddress(t *testing.T) {
	t.Parallel()
	i := running(t)
	master := i.Redis[0]
	for _, p := range i.Redis[1:] {
		p.Signal(syscall.SIGKILL)
		i.Restart(p, "--bind-source-addr", i.Network+".200")
		i.reaches(p, 5*time.Second, lab.ReplicaOf(master))
	}
	for _, s := range i.Sentinels {
		i.Tell(s, "SENTINEL", "RESET", lab.MasterName)
	}
	i.Settled(master)
	writers := i.writers()
	i.Stop(master)
	i.writersReturn(writers, i.Elected(master, time.Second), handOverGap, 0)
}

// Each node in turn is emptied, and its Redis is another Pod then, with nothing but a new
// address, while no operator has the Sentinels forget the old ones.
func TestPodsMoveOneByOne(t *testing.T) {
	t.Parallel()
	i, master := parented(t)
	i.Do(master, "SET", "key", "value")
	move := func(n int) {
		p := i.Redis[n]
		i.Stop(p)
		if p == master {
			master = i.Elected(p, time.Second)
		}
		require.NoError(t, os.RemoveAll(filepath.Join(p.Dir, "data")))
		i.Redis[n] = i.Pod(n, n+4)
		i.Restart(i.Redis[n])
		i.reaches(i.Redis[n], 5*time.Second, lab.ReplicaOf(master))
	}
	for n := range i.Redis {
		move(n)
	}
	i.Eventually(3*lab.Detection, func() string { // the Sentinels still list the old addresses
		if replicas := fmt.Sprint(i.Tell(i.Sentinels[0], "SENTINEL", "REPLICAS", lab.MasterName)); !strings.Contains(replicas, "s_down") {
			return replicas
		}
		return ""
	})
	writers := i.writers()
	i.Stop(master)
	elected := i.Elected(master, time.Second)
	i.writersReturn(writers, elected, handOverGap, 0)
	require.Equal(t, "value", i.Do(elected, "GET", "key"))
}

// Sentinels that mistrust their clocks, as after a pause of the machine, replace nobody
// for 30 s. The Pods do.
func TestMasterEndsDespiteTilt(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*lab.Process){
		"crash":             func(p *lab.Process) { p.Crash() },
		"container is gone": func(p *lab.Process) { p.Signal(syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, old := parented(t)
			i.tilt(i.Sentinels...)
			writers := i.writers()
			end(old)
			i.writersReturn(writers, i.Elected(old, 5*time.Second), 2*time.Second, 1)
			for _, s := range i.Sentinels {
				require.NotContains(t, i.Logged(s), "+elected-leader")
			}
		})
	}
}

// All characters that a password may have, in each shell that images have.
func TestPasswordOfAllCharacters(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(*instance){"sh": func(*instance) {}, "busybox": withPassword} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, master := parented(t, option, func(i *instance) {
				i.Password = ""
				for c := '!'; c <= '~'; c++ {
					if !strings.ContainsRune(`"'\`, c) {
						i.Password += string(c)
					}
				}
			})
			writers := i.writers()
			i.Stop(master)
			elected := i.Elected(master, time.Second)
			i.writersReturn(writers, elected, handOverGap, 0)
			for _, p := range i.Redis {
				require.NotContains(t, i.Logged(p), i.Password)
			}
		})
	}
}

// What Redis takes for another password than everybody else does, nobody could repair.
func TestUnfitPassword(t *testing.T) {
	t.Parallel()
	for name, password := range map[string]string{"line break": "secret-of-the-lab\n", "space": "secret of the lab", "tab": "secret\tof-the-lab", "quote": `secret"of-the-lab`, "apostrophe": "secret'of-the-lab"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			withPassword(i)
			i.Password = password
			i.Restart(i.Redis[0])
			i.Eventually(5*time.Second, func() string {
				if log := i.Logged(i.Redis[0]); !strings.Contains(log, "start.sh: the password REDIS_PASSWORD is empty, or has white space, a line break at its end or quotes") {
					return "it says " + log
				}
				return ""
			})
			require.Equal(t, 1, i.Redis[0].Wait())
			require.NotContains(t, i.Logged(i.Redis[0]), "secret")
		})
	}
}

// All Sentinels' containers are started again at the same moment: each still knows whom it
// watches, and nobody makes one of its own master.
func TestAllSentinelsStartAgain(t *testing.T) {
	t.Parallel()
	i, master := parented(t)
	for _, s := range i.Sentinels {
		s.Signal(syscall.SIGKILL)
	}
	for _, s := range i.Sentinels {
		i.StartSentinel(s)
	}
	i.Settled(master)
	writers := i.writers()
	i.Stop(master)
	i.writersReturn(writers, i.Elected(master, time.Second), handOverGap, 0)
}

// All nodes are off and start again, those with a Sentinel alone first, the Redis in any
// order: one of them is master, for all Sentinels the same, and has the data.
func TestAllNodesStartAgain(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]int{"master first": {0, 1, 2}, "master last": {1, 2, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			i.Do(i.Redis[0], "SET", "key", "value")
			for _, p := range i.Redis {
				i.Do(p, "SAVE")
			}
			for _, p := range slices.Concat(i.Sentinels, i.Redis) {
				p.Signal(syscall.SIGKILL)
			}
			for _, s := range i.Sentinels {
				i.StartSentinel(s)
			}
			for _, n := range order {
				i.Restart(i.Redis[n])
				time.Sleep(500 * time.Millisecond) // as nodes do
			}
			begin := time.Now()
			master := i.Elected(nil, 20*time.Second)
			t.Logf("a master after %d ms", time.Since(begin).Milliseconds())
			i.Settled(master)
			require.Equal(t, "value", i.Do(master, "GET", "key"))
		})
	}
}
