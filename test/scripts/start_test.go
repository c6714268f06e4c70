package scripts

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// containerRestart is how long Kubernetes takes to start a container anew.
const containerRestart = time.Second

func TestKilledMasterComesBackAsReplica(t *testing.T) {
	slow := func(i *instance) { i.detection = 6 * time.Second }
	for name, test := range map[string]struct {
		option func(*instance)
		gap    time.Duration
	}{
		"Sentinels act":              {func(*instance) {}, detection + 2500*time.Millisecond},
		"password, busybox":          {withPassword, detection + 2500*time.Millisecond},
		"Sentinels have to be asked": {slow, 3500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t, test.option)
			writers := i.writers()
			old := i.redis[0]
			i.signal(old, syscall.SIGKILL)
			time.Sleep(containerRestart)
			i.restart(old)
			master := i.elected(old, test.gap+electionTimeout)
			i.writersReturn(writers, master, test.gap)
			require.Equal(t, 1, i.promotions())
			i.reaches(old, 5*time.Second, replicaOf(master))
			require.Contains(t, i.logged(old), "start.sh: replica of "+master.ip)
		})
	}
}

// How long the data take to load does not matter, since another Redis is master
// before they do.
func TestKilledMasterThatLoadsSlowly(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.redis[0]
	for n := range 10 {
		i.do(old, "SET", n, n)
	}
	i.do(old, "SAVE")
	i.signal(old, syscall.SIGKILL)
	i.restart(old, "--key-load-delay", "500000")
	master := i.elected(old, detection+2500*time.Millisecond+electionTimeout)
	i.reaches(old, 10*time.Second, replicaOf(master))
}

// The control: what happens without start.sh.
func TestKilledMasterWithoutStartScript(t *testing.T) {
	i := running(t)
	old := i.redis[0]
	i.signal(old, syscall.SIGKILL)
	i.start(old)
	time.Sleep(detection + 2500*time.Millisecond)
	require.True(t, waiting(i.role(old)), i.role(old))
	for _, s := range i.sentinels {
		require.Equal(t, old.ip, i.named(s), "a Sentinel has acted although Redis answers")
	}
}

func TestReplicaJoinsAtOnce(t *testing.T) {
	t.Parallel()
	i := running(t)
	replica := i.redis[2]
	i.signal(replica, syscall.SIGKILL)
	begin := time.Now()
	i.restart(replica)
	i.reaches(replica, 3*time.Second, replicaOf(i.redis[0]))
	t.Logf("linked after %d ms", time.Since(begin).Milliseconds())
}

// Until a failover ends, Sentinels name the master that it replaces.
func TestRestartDuringFailover(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.redis[0]
	i.tell(i.sentinels[2], "SENTINEL", "FAILOVER", masterName)
	i.signal(old, syscall.SIGKILL)
	i.restart(old)
	i.settled(i.elected(old, 3*time.Second))
	require.Equal(t, 1, i.promotions())
}

// The second falls while Sentinels still finish the first failover.
func TestTwoMastersInARow(t *testing.T) {
	t.Parallel()
	i := running(t)
	writers := i.writers()
	first := i.redis[0]
	i.signal(first, syscall.SIGKILL)
	time.Sleep(containerRestart)
	i.restart(first)
	second := i.elected(first, 12*time.Second)
	i.signal(second, syscall.SIGKILL)
	time.Sleep(containerRestart)
	i.restart(second)
	third := i.elected(second, 20*time.Second)
	i.settled(third)
	i.writersReturn(writers, third, 10*time.Second)
}

// The replicas have to come back before one can be promoted.
func TestAllKilled(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.do(i.redis[0], "SET", "key", "value")
	for _, p := range i.redis {
		i.do(p, "SAVE")
	}
	for _, p := range i.redis {
		i.signal(p, syscall.SIGKILL)
	}
	begin := time.Now()
	for _, p := range i.redis {
		i.restart(p)
	}
	master := i.elected(i.redis[0], 15*time.Second)
	t.Logf("a master after %d ms", time.Since(begin).Milliseconds())
	require.Equal(t, "value", i.do(master, "GET", "key"))
	require.Equal(t, 1, i.promotions())
}

// New Pods have new addresses; the operator makes one of them master if, and
// only if, all point at 127.0.0.1.
func TestAllPodsReplaced(t *testing.T) {
	t.Parallel()
	i := running(t)
	for n, p := range i.redis {
		i.signal(p, syscall.SIGKILL)
		i.redis[n] = i.pod(n, n+4)
	}
	for _, p := range i.redis {
		i.restart(p)
	}
	for _, p := range i.redis {
		i.waits(p, 8*time.Second)
	}
}

func TestMasterWithoutReplicas(t *testing.T) {
	t.Parallel()
	i := running(t)
	master := i.redis[0]
	i.do(master, "SET", "key", "value")
	i.do(master, "SAVE")
	for _, p := range i.redis {
		i.signal(p, syscall.SIGKILL)
	}
	i.restart(master)
	i.waits(master, 18*time.Second)
	require.Equal(t, "value", i.do(master, "GET", "key"))
	require.Contains(t, i.logged(master), "NOGOODSLAVE")
	i.restart(i.redis[1])
	i.waits(i.redis[1], 8*time.Second)
}

func TestNoSentinelNamesAMaster(t *testing.T) {
	tests := map[string]func(*instance){
		"they are not there yet": func(*instance) {},
		"they are new":           func(i *instance) { i.startSentinel(i.sentinels[0]) },
		"they hang": func(i *instance) {
			for _, s := range i.sentinels {
				i.startSentinel(s)
				i.tell(s, "PING")
				i.signal(s, syscall.SIGSTOP)
			}
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			prepare(i)
			i.restart(i.redis[0])
			i.waits(i.redis[0], 9*time.Second)
			require.Contains(t, i.logged(i.redis[0]), "no Sentinel names one")
		})
	}
}

// The operator repairs a Sentinel by REMOVE and MONITOR.
func TestSentinelsForgetTheMasterForAMoment(t *testing.T) {
	t.Parallel()
	i := running(t)
	replica := i.redis[1]
	i.signal(replica, syscall.SIGKILL)
	for _, s := range i.sentinels {
		i.tell(s, "SENTINEL", "REMOVE", masterName)
	}
	i.restart(replica)
	time.Sleep(time.Second)
	for _, s := range i.sentinels {
		i.tell(s, "SENTINEL", "MONITOR", masterName, i.redis[0].ip, redisPort, "2")
	}
	i.reaches(replica, 5*time.Second, replicaOf(i.redis[0]))
}

// The Service may hand out a Sentinel that has missed a failover, while the old
// master does not know either.
func TestStaleSentinel(t *testing.T) {
	t.Parallel()
	i := running(t)
	old, replica := i.redis[0], i.redis[2]
	i.tell(i.sentinels[0], "SENTINEL", "FAILOVER", masterName)
	master := i.elected(old, 5*time.Second)
	if replica == master {
		replica = i.redis[1]
	}
	i.signal(replica, syscall.SIGKILL)
	i.service.backends.Store(&[]*process{i.staleSentinel(old)})
	require.Equal(t, "master", i.role(old), "the stale answer is believable")
	i.restart(replica)
	i.reaches(replica, 5*time.Second, replicaOf(master))
	require.Contains(t, i.logged(replica), "start.sh: replica of "+master.ip)
}

// The Service hands out a Sentinel on a lost node for some seconds.
func TestSilentSentinel(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.signal(i.sentinels[0], syscall.SIGSTOP)
	i.service.backends.Store(&[]*process{i.sentinels[0], i.sentinels[1]})
	replica := i.redis[2]
	i.signal(replica, syscall.SIGKILL)
	i.restart(replica)
	i.reaches(replica, 6*time.Second, replicaOf(i.redis[0]))
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	i := running(t, withPassword)
	replica, right := i.redis[1], i.password
	i.signal(replica, syscall.SIGKILL)
	i.password = "another-password"
	i.restart(replica)
	i.waits(replica, 8*time.Second)
	for _, p := range i.redis {
		require.NotContains(t, i.logged(p), right)
		require.NotContains(t, i.logged(p), i.password)
	}
}

// What every process may list never has the password.
func TestPasswordIsNotAnArgument(t *testing.T) {
	t.Parallel()
	i := running(t, withPassword)
	recorder := filepath.Join(i.redis[0].dir, "redis-cli")
	i.write(recorder, fmt.Sprintf("#!/bin/sh\necho \"$@\" >>%s/asked\nPATH=${PATH#*:} exec redis-cli \"$@\"\n", i.redis[0].dir), 0o755)
	i.stop(i.redis[0])
	asked, err := os.ReadFile(filepath.Join(i.redis[0].dir, "asked"))
	require.NoError(t, err)
	require.Contains(t, string(asked), "CLIENT PAUSE")
	require.NotContains(t, string(asked), i.password)
}

// staleSentinel knows the Sentinels, itself among them so that it is asked every
// time, and an old master, but nothing newer.
func (i *instance) staleSentinel(old *process) *process {
	i.t.Helper()
	peer := func(p *process) string {
		return array("name", "id", "ip", p.ip, "port", sentinelPort, "flags", "sentinel")
	}
	s := &process{ip: i.network + ".14"}
	answers := map[string]string{
		"GET-MASTER-ADDR-BY-NAME": array(old.ip, redisPort),
		"SENTINELS":               "*3\r\n" + peer(i.sentinels[0]) + peer(i.sentinels[1]) + peer(s),
		"MASTER":                  array("name", masterName, "ip", old.ip, "port", redisPort, "flags", "master", "config-epoch", "0"),
	}
	serve(i.t, s.ip, func(client net.Conn) {
		defer func() { _ = client.Close() }()
		question := make([]byte, 1024)
		for {
			n, err := client.Read(question)
			if err != nil {
				return
			}
			// A request is an array of bulk strings: *3 $8 SENTINEL $... COMMAND.
			words := strings.Fields(string(question[:n]))
			answer, known := answers[words[min(4, len(words)-1)]]
			if !known {
				answer = "-ERR unknown\r\n"
			}
			_, _ = client.Write([]byte(answer))
		}
	})
	return s
}

// array is an answer in Redis' protocol.
func array(words ...string) string {
	var answer strings.Builder
	fmt.Fprintf(&answer, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&answer, "$%d\r\n%s\r\n", len(word), word)
	}
	return answer.String()
}

// reaches waits until a Redis has a role.
func (i *instance) reaches(p *process, within time.Duration, role string) {
	i.t.Helper()
	i.eventually(within, func() string {
		if latest := i.role(p); latest != role {
			return p.ip + " is " + latest
		}
		return ""
	})
}

// waits waits until a Redis leaves all to Sentinel and the operator.
func (i *instance) waits(p *process, within time.Duration) {
	i.t.Helper()
	i.eventually(within, func() string {
		if latest := i.role(p); !waiting(latest) {
			return p.ip + " is " + latest
		}
		return ""
	})
}

// promotions counts the replicas that Sentinels have chosen so far.
func (i *instance) promotions() int {
	i.t.Helper()
	n := 0
	for _, s := range i.sentinels {
		n += strings.Count(i.logged(s), "+selected-slave")
	}
	return n
}
