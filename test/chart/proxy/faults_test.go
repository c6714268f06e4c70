package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

const (
	// plannedGap and killedGap are what the proxy promises.
	plannedGap = time.Second
	killedGap  = lab.Detection + 3*time.Second
)

// writers is how many each client of a ledger has, and how many acknowledged writes
// a client may lose of a master that is gone from one moment to the next: Redis
// answers before its replicas have the write.
const writers = 2

// kept holds a promise to a client of the proxy. On a machine that is too busy
// even for the direct client, that is the measure.
func kept(t *testing.T, account, direct ledger.Account, at time.Time, gap time.Duration, mayLose int) {
	t.Helper()
	assert.Positive(t, account.EndedAfter(at), "it had ended before the fault")
	longest := account.GapAfter(at)
	assert.True(t, longest.Recovered, "gap %s", longest)
	assert.LessOrEqual(t, longest.Duration(), max(lab.Slack*gap, direct.GapAfter(at).Duration()+time.Second))
	assert.LessOrEqual(t, account.Lost, mayLose, "%v", account.LostSpan)
	assert.Zero(t, account.Phantom)
	assert.Zero(t, account.Duplicates)
}

// TestHandOver stops the master as Kubernetes does; it comes back as a new Pod,
// with another address.
func TestHandOver(t *testing.T) {
	t.Parallel()
	i := serving(t)
	account, direct, at := i.keep(20*time.Second, i.handOver)
	kept(t, account, direct, at, plannedGap, 0)
	// It hears of the new master when clients that follow Sentinel do.
	assert.LessOrEqual(t, account.GapAfter(at).Duration(), direct.GapAfter(at).Duration()+lab.Slack*100*time.Millisecond)
}

func (i *instance) handOver() {
	i.T.Helper()
	i.Stop(i.Redis[0])
	i.Redis[0] = i.Pod(0, 21)
	i.Restart(i.Redis[0])
}

func TestKilled(t *testing.T) {
	t.Parallel()
	i := serving(t)
	account, direct, at := i.keep(12*time.Second, i.kill)
	kept(t, account, direct, at, killedGap, writers)
}

func (i *instance) kill() {
	i.T.Helper()
	i.Redis[0].Signal(syscall.SIGKILL)
	i.Restart(i.Redis[0])
}

// TestFrozen thaws a master that was replaced meanwhile: it says that it is
// master until a Sentinel demotes it, about ten seconds later.
func TestFrozen(t *testing.T) {
	t.Parallel()
	i := serving(t)
	account, direct, at := i.keep(25*time.Second, i.freeze)
	kept(t, account, direct, at, killedGap, writers)
}

// TestRoleCheckAloneLosesWrites is the control.
func TestRoleCheckAloneLosesWrites(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.start(i.roleCheckOnly)
	i.ready()
	account, _, _ := i.keep(25*time.Second, i.freeze)
	require.Greater(t, account.Lost, 10*writers)
}

// freeze stops the master until another one is there. When both say that they are
// master, all clients have to connect anew.
func (i *instance) freeze() {
	i.T.Helper()
	old := i.Redis[0]
	old.Signal(syscall.SIGSTOP)
	master := i.Elected(old, 10*time.Second)
	old.Signal(syscall.SIGCONT)
	require.Equal(i.T, "master", i.Role(old))
	time.Sleep(time.Second) // until HAProxy has seen it
	i.Do(master, "CLIENT", "KILL", "TYPE", "normal")
}

// TestSentinelsLost is no fault of Redis: with one Sentinel of three, and then
// with none, its clients notice nothing.
func TestSentinelsLost(t *testing.T) {
	t.Parallel()
	i := serving(t)
	account, direct, at := i.keep(8*time.Second, func() {
		for _, s := range i.Sentinels[:2] {
			s.Signal(syscall.SIGSTOP)
		}
		time.Sleep(2 * time.Second) // a view is old after one
		i.Sentinels[2].Signal(syscall.SIGSTOP)
		time.Sleep(2 * time.Second)
		for _, s := range i.Sentinels {
			s.Signal(syscall.SIGCONT)
		}
	})
	kept(t, account, direct, at, plannedGap, 0)
	require.LessOrEqual(t, account.Failed+account.Unknown, direct.Failed+direct.Unknown)
}

// TestIsolated leaves the master and the proxy alone: Sentinels that cannot be
// seen may have made another master.
func TestIsolated(t *testing.T) {
	t.Parallel()
	i := serving(t)
	for _, p := range slices.Concat(i.Sentinels, i.Redis[1:]) {
		p.Signal(syscall.SIGSTOP)
	}
	i.writes(false)
	for _, p := range slices.Concat(i.Sentinels, i.Redis[1:]) {
		p.Signal(syscall.SIGCONT)
	}
	i.writes(true)
}

// TestMinority leaves the proxy with the master and one of two replicas: the other one
// and the Sentinels, on the far side of a cut, may have gone on without them.
func TestMinority(t *testing.T) {
	t.Parallel()
	i := serving(t)
	away := append([]*lab.Process{i.Redis[2]}, i.Sentinels...)
	for _, p := range away {
		p.Signal(syscall.SIGSTOP)
	}
	i.writes(false)
	for _, p := range away {
		p.Signal(syscall.SIGCONT)
	}
	i.writes(true)
}

// TestAddressOfAnotherInstance has a Sentinel of somebody else's get the address of
// one of ours, with a newer configuration: what it says counts for nothing. Our
// Sentinels do not get to it, as behind a NetworkPolicy, or the instances would merge.
func TestAddressOfAnotherInstance(t *testing.T) {
	t.Parallel()
	i := serving(t)
	stranger := i.Pod(3, 50)
	i.Start(stranger)
	t.Cleanup(func() { stranger.Signal(syscall.SIGKILL) })
	i.Do(stranger, "REPLICAOF", "NO", "ONE")
	ours := i.Sentinels[2]
	ours.Signal(syscall.SIGKILL)
	asked := i.sentinelOf(stranger, ours.IP, strings.Repeat("e", 40), "99")
	i.Eventually(5*time.Second, func() string {
		_ = i.client(writePort).Incr(t.Context(), "key").Err()
		if n := asked.Load(); n < 50 {
			return fmt.Sprint("asked ", n, " times")
		}
		return ""
	})
	require.Zero(t, i.Do(stranger, "EXISTS", "key"))
	i.writes(true)
}

// TestSentinelSaysRubbish holds that a Sentinel without an epoch that is a number has no
// say, and keeps the others from none.
func TestSentinelSaysRubbish(t *testing.T) {
	for name, epoch := range map[string]string{"none": "", "a word": "newest"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := serving(t)
			one := i.Sentinels[2]
			id := fmt.Sprint(i.Tell(one, "SENTINEL", "MYID"))
			one.Signal(syscall.SIGKILL)
			asked := i.sentinelOf(i.Redis[0], one.IP, id, epoch)
			i.Eventually(5*time.Second, func() string {
				if n := asked.Load(); n < 50 {
					return fmt.Sprint("asked ", n, " times")
				}
				return ""
			})
			i.handOver()
			i.Eventually(2*time.Second, func() string {
				if err := i.client(writePort).Set(t.Context(), "key", "value", 0).Err(); err != nil {
					return err.Error()
				}
				return ""
			})
		})
	}
}

// sentinelOf answers at an address as a Sentinel with that id, whose master is that Redis at
// an epoch, and counts what the proxy asks, which sends a line for each question.
func (i *instance) sentinelOf(master *lab.Process, ip, id, epoch string) *atomic.Int32 {
	i.T.Helper()
	list := func(words ...string) string {
		var answer strings.Builder
		fmt.Fprintf(&answer, "*%d\r\n", len(words))
		for _, word := range words {
			fmt.Fprintf(&answer, "$%d\r\n%s\r\n", len(word), word)
		}
		return answer.String()
	}
	answers := map[string]string{
		"GET-MASTER-ADDR-BY-NAME": list(master.IP, lab.RedisPort),
		"MASTER":                  list("name", lab.MasterName, "ip", master.IP, "port", lab.RedisPort, "flags", "master", "config-epoch", epoch),
		"REPLICAS":                "*0\r\n", "SENTINELS": "*0\r\n",
		"MYID": list(id)[len("*1\r\n"):],
	}
	var asked atomic.Int32
	lab.Listen(i.T, net.JoinHostPort(ip, lab.SentinelPort), func(client net.Conn) {
		defer func() { _ = client.Close() }()
		for lines := bufio.NewScanner(client); lines.Scan(); {
			words := strings.Fields(lines.Text())
			if len(words) < 2 || words[0] != "SENTINEL" {
				return // no proxy asks so
			}
			asked.Add(1)
			_, _ = io.WriteString(client, answers[words[1]])
		}
	})
	return &asked
}

// TestHalfOpen holds that a client that is gone without a word is found out: its
// connection is asked about long before the two hours of the system's default.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	i := serving(t)
	client := i.client(writePort).Conn()
	require.NoError(t, client.Ping(t.Context()).Err())
	ip := net.ParseIP(i.proxy.IP).To4()
	local := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], 6379)
	i.Eventually(5*time.Second, func() string {
		table, err := os.ReadFile("/proc/net/tcp")
		require.NoError(t, err)
		for line := range strings.Lines(string(table)) {
			// sl local remote state tx:rx timer:when; 01 is established, 02 keep-alive
			words := strings.Fields(line)
			if words[1] != local || words[3] != "01" || !strings.HasPrefix(words[5], "02:") {
				continue
			}
			ticks, err := strconv.ParseInt(words[5][len("02:"):], 16, 64)
			require.NoError(t, err)
			require.LessOrEqual(t, ticks, int64(60*100), line)
			return ""
		}
		return "no connection waits for its keep-alive"
	})
}

// TestReplicaMadeMasterByHand holds that a Redis that says that it is master is
// none while the Sentinels name another.
func TestReplicaMadeMasterByHand(t *testing.T) {
	t.Parallel()
	i := serving(t)
	i.Do(i.Redis[1], "REPLICAOF", "NO", "ONE")
	for range 20 {
		require.NoError(t, i.client(writePort).Set(t.Context(), "key", "value", 0).Err())
	}
	require.Zero(t, i.Do(i.Redis[1], "EXISTS", "key"))
	require.EqualValues(t, 1, i.Do(i.Redis[0], "EXISTS", "key"))
}

// TestDemoted turns the master into a replica behind the Sentinels' back: no
// connection outlives it, although nothing was refused on it yet.
// TestForeignMaster has all Sentinels name an address to which the NetworkPolicy lets no proxy out:
// it serves nobody, and goes on when the operator has repaired them.
func TestForeignMaster(t *testing.T) {
	t.Parallel()
	i := serving(t)
	i.writes(true)
	for _, s := range i.Sentinels {
		i.Tell(s, "SENTINEL", "REMOVE", lab.MasterName)
		i.Tell(s, "SENTINEL", "MONITOR", lab.MasterName, i.Network+".99", lab.RedisPort, "2")
	}
	i.writes(false)
	i.Monitor(i.Redis[0])
	i.writes(true)
}

func TestDemoted(t *testing.T) {
	t.Parallel()
	i := serving(t)
	idle := i.client(writePort).Conn()
	require.NoError(t, idle.Ping(t.Context()).Err())
	i.Do(i.Redis[0], "REPLICAOF", i.Redis[1].IP, lab.RedisPort)
	i.Eventually(time.Second, func() string {
		if idle.Ping(t.Context()).Err() == nil {
			return "the connection is still there"
		}
		return ""
	})
}

// TestReads holds where reads go: to replicas, and to the master if there are
// none.
func TestReads(t *testing.T) {
	t.Parallel()
	i := serving(t)
	client := func() *redis.Client { return i.client(readPort) }
	i.Eventually(5*time.Second, func() string {
		role, err := client().Do(t.Context(), "ROLE").Slice()
		if err != nil || role[0] != "slave" {
			return fmt.Sprint(role, err)
		}
		return ""
	})
	for range 10 {
		require.ErrorContains(t, client().Set(t.Context(), "key", "value", 0).Err(), "READONLY")
	}
	for _, p := range i.Redis[1:] {
		p.Signal(syscall.SIGKILL)
	}
	i.Eventually(5*time.Second, func() string {
		if err := client().Set(t.Context(), "key", "value", 0).Err(); err != nil {
			return err.Error()
		}
		return ""
	})
}

// writes waits until new connections can write, or cannot.
func (i *instance) writes(can bool) {
	i.T.Helper()
	i.Eventually(5*time.Second, func() string {
		if err := i.client(writePort).Set(i.T.Context(), "key", "value", 0).Err(); can != (err == nil) {
			return fmt.Sprint("a write: ", err)
		}
		return ""
	})
}
