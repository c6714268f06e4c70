package scripts

import (
	"fmt"
	"net"
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

// containerRestart is how long Kubernetes takes to start a container anew.
const containerRestart = time.Second

func TestKilledMasterComesBackAsReplica(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		option func(*instance)
		gap    time.Duration
	}{
		"Sentinels act":              {func(*instance) {}, lab.Detection + 2500*time.Millisecond},
		"password, busybox":          {withPassword, lab.Detection + 2500*time.Millisecond},
		"Sentinels have to be asked": {patient, 3500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t, test.option)
			writers := i.writers()
			old := i.Redis[0]
			old.Signal(syscall.SIGKILL)
			time.Sleep(containerRestart)
			i.Restart(old)
			master := i.Elected(old, test.gap+i.ElectionTimeout())
			i.writersReturn(writers, master, test.gap, 1)
			require.Equal(t, 1, i.promotions())
			i.reaches(old, 5*time.Second, lab.ReplicaOf(master))
			require.Contains(t, i.Logged(old), "start.sh: replica of "+master.IP)
		})
	}
}

// How long the data take to load does not matter, since another Redis is master
// before they do.
func TestKilledMasterThatLoadsSlowly(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	for n := range 10 {
		i.Do(old, "SET", n, n)
	}
	i.Do(old, "SAVE")
	old.Signal(syscall.SIGKILL)
	i.Restart(old, "--key-load-delay", "500000")
	master := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
	i.reaches(old, 10*time.Second, lab.ReplicaOf(master))
}

// The control: what happens without start.sh.
func TestKilledMasterWithoutStartScript(t *testing.T) {
	i := running(t)
	old := i.Redis[0]
	old.Signal(syscall.SIGKILL)
	i.Start(old)
	time.Sleep(lab.Detection + 2500*time.Millisecond)
	require.True(t, waiting(i.Role(old)), i.Role(old))
	for _, s := range i.Sentinels {
		require.Equal(t, old.IP, i.Named(s), "a Sentinel has acted although Redis answers")
	}
}

func TestReplicaJoinsAtOnce(t *testing.T) {
	t.Parallel()
	i := running(t)
	replica := i.Redis[2]
	replica.Signal(syscall.SIGKILL)
	begin := time.Now()
	i.Restart(replica)
	i.reaches(replica, 3*time.Second, lab.ReplicaOf(i.Redis[0]))
	t.Logf("linked after %d ms", time.Since(begin).Milliseconds())
}

// Until a failover ends, Sentinels name the master that it replaces.
func TestRestartDuringFailover(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	i.Tell(i.Sentinels[2], "SENTINEL", "FAILOVER", lab.MasterName)
	old.Signal(syscall.SIGKILL)
	i.Restart(old)
	i.Settled(i.Elected(old, 3*time.Second))
	require.Equal(t, 1, i.promotions())
}

// The second falls while Sentinels still finish the first failover.
func TestTwoMastersInARow(t *testing.T) {
	t.Parallel()
	i := running(t)
	writers := i.writers()
	first := i.Redis[0]
	first.Signal(syscall.SIGKILL)
	time.Sleep(containerRestart)
	i.Restart(first)
	second := i.Elected(first, 12*time.Second)
	second.Signal(syscall.SIGKILL)
	time.Sleep(containerRestart)
	i.Restart(second)
	third := i.electedByMost(second, 20*time.Second)
	i.correct(third)
	i.Settled(third)
	i.writersReturn(writers, third, 10*time.Second, 2)
}

// electedByMost waits until most Sentinels name another master than the old one.
func (i *instance) electedByMost(old *lab.Process, within time.Duration) *lab.Process {
	i.T.Helper()
	var master *lab.Process
	i.Eventually(within, func() string {
		voices := map[string]int{}
		for _, s := range i.Sentinels {
			voices[i.Named(s)]++
		}
		for _, p := range i.Redis {
			if p != old && voices[p.IP] >= 2 && i.Role(p) == "master" {
				master = p
				return ""
			}
		}
		return fmt.Sprintf("the Sentinels name %v", voices)
	})
	return master
}

// correct does what the operator does, at its next pass, to a Sentinel that has
// ended its own failover after the next one: it names what came of its own, at the
// epoch of the other, so that it never learns better. Any other disagreement ends
// within hellos.
func (i *instance) correct(master *lab.Process) {
	i.T.Helper()
	const hellos = 5 * time.Second
	began := time.Now()
	i.Eventually(2*hellos, func() string {
		at := slices.IndexFunc(i.Sentinels, func(s *lab.Process) bool { return i.Named(s) != master.IP })
		if at < 0 {
			return ""
		}
		wrong, right := i.Sentinels[at], i.Sentinels[(at+1)%len(i.Sentinels)]
		if time.Since(began) > hellos {
			require.Equal(i.T, i.epoch(right), i.epoch(wrong), "%s has not heard of the newest configuration", wrong.IP)
			i.T.Logf("%s names another master at the same epoch: corrected", wrong.IP)
			i.MonitorFrom(wrong, master)
		}
		return wrong.IP + " names another master"
	})
}

// epoch is that of the configuration which a Sentinel holds for the newest.
func (i *instance) epoch(s *lab.Process) any {
	i.T.Helper()
	return i.Tell(s, "SENTINEL", "MASTER", lab.MasterName).(map[any]any)["config-epoch"]
}

// The replicas have to come back before one can be promoted.
func TestAllKilled(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.Do(i.Redis[0], "SET", "key", "value")
	for _, p := range i.Redis {
		i.Do(p, "SAVE")
	}
	for _, p := range i.Redis {
		p.Signal(syscall.SIGKILL)
	}
	begin := time.Now()
	for _, p := range i.Redis {
		i.Restart(p)
	}
	master := i.Elected(i.Redis[0], 15*time.Second)
	t.Logf("a master after %d ms", time.Since(begin).Milliseconds())
	require.Equal(t, "value", i.Do(master, "GET", "key"))
	require.Equal(t, 1, i.promotions())
}

// New Pods have new addresses; the operator makes one of them master if, and
// only if, all point at 127.0.0.1.
func TestAllPodsReplaced(t *testing.T) {
	t.Parallel()
	i := running(t)
	for n, p := range i.Redis {
		p.Signal(syscall.SIGKILL)
		i.Redis[n] = i.Pod(n, n+4)
	}
	for _, p := range i.Redis {
		i.Restart(p)
	}
	for _, p := range i.Redis {
		i.waits(p, 8*time.Second)
	}
}

func TestMasterWithoutReplicas(t *testing.T) {
	t.Parallel()
	i := running(t)
	master := i.Redis[0]
	i.Do(master, "SET", "key", "value")
	i.Do(master, "SAVE")
	for _, p := range i.Redis {
		p.Signal(syscall.SIGKILL)
	}
	i.Restart(master)
	i.waits(master, 18*time.Second)
	require.Equal(t, "value", i.Do(master, "GET", "key"))
	require.Contains(t, i.Logged(master), "start.sh: no replica has the data")
	i.Restart(i.Redis[1])
	i.waits(i.Redis[1], 8*time.Second)
}

func TestNoSentinelNamesAMaster(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*instance){
		"they are not there yet": func(*instance) {},
		"they are new":           func(i *instance) { i.StartSentinel(i.Sentinels[0]) },
		"they hang": func(i *instance) {
			for _, s := range i.Sentinels {
				i.StartSentinel(s)
				i.Tell(s, "PING")
				s.Signal(syscall.SIGSTOP)
			}
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			prepare(i)
			i.Restart(i.Redis[0])
			i.waits(i.Redis[0], 9*time.Second)
			require.Contains(t, i.Logged(i.Redis[0]), "no Sentinel names one")
		})
	}
}

// The operator repairs a Sentinel by REMOVE and MONITOR.
func TestSentinelsForgetTheMasterForAMoment(t *testing.T) {
	t.Parallel()
	i := running(t)
	replica := i.Redis[1]
	replica.Signal(syscall.SIGKILL)
	for _, s := range i.Sentinels {
		i.Tell(s, "SENTINEL", "REMOVE", lab.MasterName)
	}
	i.Restart(replica)
	time.Sleep(time.Second)
	for _, s := range i.Sentinels {
		i.Tell(s, "SENTINEL", "MONITOR", lab.MasterName, i.Redis[0].IP, lab.RedisPort, "2")
	}
	i.reaches(replica, 5*time.Second, lab.ReplicaOf(i.Redis[0]))
}

// The Service may hand out a Sentinel that has missed a failover, while the old
// master does not know either.
func TestStaleSentinel(t *testing.T) {
	t.Parallel()
	i := running(t)
	old, replica := i.Redis[0], i.Redis[2]
	i.Tell(i.Sentinels[0], "SENTINEL", "FAILOVER", lab.MasterName)
	master := i.Elected(old, 5*time.Second)
	if replica == master {
		replica = i.Redis[1]
	}
	replica.Signal(syscall.SIGKILL)
	i.Service.Backends.Store(&[]*lab.Process{i.staleSentinel(old)})
	require.Equal(t, "master", i.Role(old), "the stale answer is believable")
	i.Restart(replica)
	i.reaches(replica, 5*time.Second, lab.ReplicaOf(master))
	require.Contains(t, i.Logged(replica), "start.sh: replica of "+master.IP)
}

// Whoever reaches the Sentinels may have them name a foreign address, to which the NetworkPolicies let
// no Pod out. A Redis that starts follows nobody then, and a master that is told to end hands over to
// nobody.
func TestForeignMasterIsNotFollowed(t *testing.T) {
	t.Parallel()
	i := running(t)
	master, replica, foreign := i.Redis[0], i.Redis[1], i.Network+".99"
	replica.Signal(syscall.SIGKILL)
	for _, s := range i.Sentinels {
		i.Tell(s, "SENTINEL", "REMOVE", lab.MasterName)
		i.Tell(s, "SENTINEL", "MONITOR", lab.MasterName, foreign, lab.RedisPort, "2")
	}
	i.Restart(replica)
	i.waits(replica, 9*time.Second)
	require.Contains(t, i.Logged(replica), "start.sh: no master to follow: "+foreign)
	require.Error(t, i.Hook(master, "3"))
	require.Equal(t, "master", i.Role(master))
}

// The Service hands out a Sentinel on a lost node for some seconds.
func TestSilentSentinel(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.Sentinels[0].Signal(syscall.SIGSTOP)
	i.Service.Backends.Store(&[]*lab.Process{i.Sentinels[0], i.Sentinels[1]})
	replica := i.Redis[2]
	replica.Signal(syscall.SIGKILL)
	i.Restart(replica)
	i.reaches(replica, 6*time.Second, lab.ReplicaOf(i.Redis[0]))
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	i := running(t, withPassword)
	replica, right := i.Redis[1], i.Password
	replica.Signal(syscall.SIGKILL)
	i.Password = "another-password"
	i.Restart(replica)
	i.waits(replica, 8*time.Second)
	for _, p := range i.Redis {
		require.NotContains(t, i.Logged(p), right)
		require.NotContains(t, i.Logged(p), i.Password)
	}
}

// What every process may list never has the password.
func TestPasswordIsNotAnArgument(t *testing.T) {
	t.Parallel()
	i := running(t, withPassword)
	asked := i.record(i.Redis[0])
	i.Stop(i.Redis[0])
	require.Contains(t, asked(), "REPLICAOF")
	require.NotContains(t, asked(), i.Password)
}

// record notes the arguments of every redis-cli of a Pod.
func (i *instance) record(p *lab.Process) (asked func() string) {
	i.T.Helper()
	log := filepath.Join(p.Dir, "asked")
	i.Write(filepath.Join(p.Dir, "redis-cli"), fmt.Sprintf("#!/bin/sh\necho \"$@\" >>%s\nPATH=${PATH#*:} exec redis-cli \"$@\"\n", log), 0o755)
	i.Write(log, "", 0o644)
	return func() string {
		lines, err := os.ReadFile(log)
		require.NoError(i.T, err)
		return string(lines)
	}
}

// staleSentinel knows the Sentinels, itself among them so that it is asked every
// time, and an old master, but nothing newer.
func (i *instance) staleSentinel(old *lab.Process) *lab.Process {
	i.T.Helper()
	peer := func(p *lab.Process) string {
		return array("name", "id", "ip", p.IP, "port", lab.SentinelPort, "runid", "id", "flags", "sentinel")
	}
	s := &lab.Process{IP: i.Network + ".14"}
	answers := map[string]string{
		"MYID":                    bulk("id"),
		"INFO":                    bulk("id=1 laddr=" + net.JoinHostPort(s.IP, lab.SentinelPort) + " fd=1"),
		"GET-MASTER-ADDR-BY-NAME": array(old.IP, lab.RedisPort),
		"SENTINELS":               "*3\r\n" + peer(i.Sentinels[0]) + peer(i.Sentinels[1]) + peer(s),
		"MASTER":                  array("name", lab.MasterName, "ip", old.IP, "port", lab.RedisPort, "flags", "master", "config-epoch", "0", "quorum", "2"),
	}
	lab.Listen(i.T, net.JoinHostPort(s.IP, lab.SentinelPort), func(client net.Conn) {
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
			switch {
			case words[2] == "PING":
				answer = bulk(words[len(words)-1])
			case !known:
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
		answer.WriteString(bulk(word))
	}
	return answer.String()
}

// bulk is a text in it.
func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// reaches waits until a Redis has a role.
func (i *instance) reaches(p *lab.Process, within time.Duration, role string) {
	i.T.Helper()
	i.Eventually(within, func() string {
		if latest := i.Role(p); latest != role {
			return p.IP + " is " + latest
		}
		return ""
	})
}

// waits waits until a Redis leaves all to Sentinel and the operator.
func (i *instance) waits(p *lab.Process, within time.Duration) {
	i.T.Helper()
	i.Eventually(within, func() string {
		if latest := i.Role(p); !waiting(latest) {
			return p.IP + " is " + latest
		}
		return ""
	})
}

// promotions counts the replicas that have become master since the instance serves.
func (i *instance) promotions() int {
	i.T.Helper()
	n := -1 // the first master
	for _, p := range i.Redis {
		log := i.Logged(p)
		n += strings.Count(log, "MASTER MODE enabled") + strings.Count(log, "PRIMARY MODE enabled") // Valkey's word
	}
	return n
}

// A Redis that is killed while it saves leaves what it has written. The volume is bounded, so
// that what each leaves would have the Pod evicted in the end.
func TestKilledSaveLeavesNothing(t *testing.T) {
	t.Parallel()
	i := running(t)
	replica := i.Redis[1]
	half := func() []string {
		files, err := filepath.Glob(filepath.Join(replica.Dir, "data", "temp-*.rdb"))
		require.NoError(t, err)
		return files
	}
	i.Do(i.Redis[0], "SET", "key", "value")
	i.reaches(replica, time.Second, lab.ReplicaOf(i.Redis[0]))
	i.Do(replica, "SAVE")
	i.Do(replica, "CONFIG", "SET", "rdb-key-save-delay", time.Minute.Microseconds())
	i.Do(replica, "BGSAVE")
	i.Eventually(5*time.Second, func() string {
		if len(half()) == 0 {
			return "nothing is written"
		}
		return ""
	})
	replica.Signal(syscall.SIGKILL)
	require.NotEmpty(t, half())
	i.Restart(replica)
	i.reaches(replica, 5*time.Second, lab.ReplicaOf(i.Redis[0]))
	require.Empty(t, half())
	require.FileExists(t, filepath.Join(replica.Dir, "data", "dump.rdb"))
}

// A server that is older than the scripts can do with, which a digest does not tell, is told
// by its version in the Pod's log.
func TestServerThatIsTooOld(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(*instance){"sh": func(*instance) {}, "busybox": withPassword} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			option(i)
			p := i.Redis[0]
			i.Write(filepath.Join(p.Dir, "redis-server"), "#!/bin/sh\necho Redis server v=6.2.14 sha=00000000:0 malloc=jemalloc-5.1.0 bits=64\n", 0o755)
			i.Restart(p)
			require.Equal(t, 126, p.Wait())
			require.Contains(t, i.Logged(p), "start.sh: Redis server v=6.2.14 is older than the scripts can do with: use Redis 7.0, Valkey 7.2 or later\n")
		})
	}
}

// An image without Redis' programs is told by their name in the Pod's log, and the container
// ends with what says so.
func TestImageWithoutRedis(t *testing.T) {
	for missing, there := range map[string][]string{"redis-server": {"redis-cli"}, "redis-cli": {"redis-server"}} {
		t.Run(missing, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			withPassword(i)
			p := i.Redis[0]
			for _, program := range there {
				path, err := exec.LookPath(program)
				require.NoError(t, err)
				require.NoError(t, os.Symlink(path, filepath.Join(p.Dir, program)))
			}
			start := i.Command(t.Context(), p, append([]string{i.Shell, lab.Script("start.sh")}, i.Server(p)...)...)
			start.Env = append(start.Env, "PATH="+p.Dir+":"+filepath.Dir(i.Shell))
			i.Run(p, start)
			require.Equal(t, 127, p.Wait())
			require.Contains(t, i.Logged(p), "start.sh: this image has no "+missing+": ")
		})
	}
}
