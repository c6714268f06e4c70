package scripts

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// sentinelDemotes is how soon a Sentinel makes a second master a replica at the
// earliest: it claims to be master for four of the Sentinels' hellos first.
const sentinelDemotes = 8 * time.Second

// A replica that somebody makes master by hand has nobody's vote: it is announced to
// nobody, and the master stays what it is.
func TestPromotedByHand(t *testing.T) {
	t.Parallel()
	i, master := parented(t)
	replica := i.Redis[0]
	i.Do(replica, "REPLICAOF", "NO", "ONE")
	i.Do(replica, "CLIENT", "KILL", "TYPE", "pubsub")
	i.listens(replica, len(i.Sentinels)+1)
	require.Equal(t, "master", i.Role(master))
	for _, s := range i.Sentinels {
		require.Equal(t, master.IP, i.Named(s))
	}
	require.Zero(t, i.said("elected by the Sentinels"))
	require.Zero(t, i.said("meanwhile"))
	i.Do(replica, "REPLICAOF", master.IP, lab.RedisPort)
	i.Settled(master)
}

// What anybody says where Sentinels tell each other, or has a Sentinel repeat, are words to the
// watcher and no orders. Some shells make several lines of these.
func TestWordsOfStrangers(t *testing.T) {
	t.Parallel()
	i, master := parented(t)
	before, listeners := i.promotions(), i.listeners(master)
	for n, p := range i.Redis {
		pid := regexp.MustCompile(`process_id:(\d+)`).FindStringSubmatch(fmt.Sprint(i.Do(p, "INFO", "server")))[1]
		// It hears from whom it can hear, follows another, whose listener is Redis, and hears
		// of a third: it would end that listener.
		order := `127.0.0.7 f f:1\nfollows 127.0.0.8 ` + pid + `\nhello 127.0.0.9`
		for _, s := range i.Sentinels {
			i.TellAsPeer(s, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", master.IP, lab.RedisPort, 10+2*n, order)
			// As if it named another master.
			i.TellAsPeer(s, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", master.IP, lab.RedisPort, 11+2*n,
				fmt.Sprintf("mymaster %s %s 127.0.0.9", master.IP, lab.RedisPort))
		}
		i.Do(p, "PUBLISH", "__sentinel__:hello", "127.0.0.7,1,f,1,"+lab.MasterName+","+order+",1")
		i.hears(p, master)
	}
	require.Zero(t, i.said("redis-server has ended"))
	i.Settled(master)
	require.Equal(t, before, i.promotions())
	require.ElementsMatch(t, listeners, i.listeners(master), "all watchers still listen as they did")
}

// An epoch after which there are none ends all elections, and Sentinels measure nothing of it. The
// watchers have each Redis count it, for as long as a Sentinel says so.
func TestSpentEpoch(t *testing.T) {
	t.Parallel()
	i, master := parented(t)
	counted := func(p *lab.Process) int {
		found := regexp.MustCompile(`errorstat_SENTINELEPOCH:count=(\d+)`).FindStringSubmatch(fmt.Sprint(i.Do(p, "INFO", "errorstats")))
		if found == nil {
			return 0
		}
		count, err := strconv.Atoi(found[1])
		require.NoError(t, err)
		return count
	}
	for _, p := range i.Redis {
		i.hears(p, master)
		require.Zero(t, counted(p), "a usual epoch")
	}
	peer := i.Sentinels[1]
	hello := strings.Join([]string{
		peer.IP, lab.SentinelPort, fmt.Sprint(i.Tell(peer, "SENTINEL", "MYID")), "18446744073709551615",
		lab.MasterName, master.IP, lab.RedisPort, "0",
	}, ",")
	i.TellAsPeer(i.Sentinels[0], "PUBLISH", "__sentinel__:hello", hello)
	for _, p := range i.Redis {
		i.Eventually(10*time.Second, func() string {
			if count := counted(p); count < 2 {
				return fmt.Sprintf("%s has counted %d", p.IP, count)
			}
			return ""
		})
	}
	require.NotZero(t, i.said("a Sentinel is at an epoch after which there are none"))
	require.Equal(t, "master", i.Role(master))
}

// listeners returns the ids of the connections that listen to a Redis, in any order.
func (i *instance) listeners(p *lab.Process) []string {
	i.T.Helper()
	return regexp.MustCompile(`\bid=\d+`).FindAllString(fmt.Sprint(i.Do(p, "CLIENT", "LIST", "TYPE", "pubsub")), -1)
}

// hears waits until a Pod's watcher has come to a word that it is told now. Of seven parts,
// which no Sentinel takes for a peer's.
func (i *instance) hears(p, master *lab.Process) {
	i.T.Helper()
	word := fmt.Sprintf("%040d", started.Add(1))
	i.Do(p, "PUBLISH", "__sentinel__:hello", "127.0.0.7,1,"+word+",1,"+lab.MasterName+","+master.IP+",1")
	i.Eventually(5*time.Second, func() string {
		notes, err := os.ReadFile(filepath.Join(p.Dir, "data/sentinels"))
		if err != nil || !strings.Contains(string(notes), word) {
			return fmt.Sprintf("%s has noted %s, %v", p.IP, notes, err)
		}
		return ""
	})
}

// Whoever may ask Sentinels for a vote can have the master hold its writes (docs/limits.md): a
// vote for a Sentinel looks like an election. That holds the Sentinels' own messages, too, so
// that they replace it. Nothing is lost.
func TestStrangerHoldsWrites(t *testing.T) {
	t.Parallel()
	i, master := parented(t)
	writers := i.writers()
	i.votesHoldWrites(master)
	next := i.Elected(master, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
	for _, w := range writers {
		require.Zero(t, i.finish(w, next))
		require.Greater(t, w.gap, time.Second, "writes were not held")
	}
	i.Settled(next)
}

// A watcher that no longer listens to a master has nothing to hold there when the Sentinels
// elect one of them: that Redis may be the next master, whose clients would wait for 5 s.
func TestFormerMasterIsNotHeld(t *testing.T) {
	t.Parallel()
	i, old := parented(t, patient) // it is held for some time
	other := i.Redis[0]
	follows := filepath.Join(i.Dir, "follows")
	reached := i.Intercept(other, lab.Step{
		Command: fmt.Sprintf(`*"-h %s "*" ROLE "`, other.IP),
		Before:  "until [ -e " + follows + " ]; do sleep 0.1; done", // the watcher knows of no other master
	})
	i.Do(other, "CONFIG", "SET", "replica-priority", "200")
	i.Stop(old)
	master := i.Elected(old, time.Second)
	i.Restart(old)
	i.Settled(master)
	i.Eventually(5*time.Second, func() string {
		if !reached() {
			return "the watcher still listens to the old master"
		}
		return ""
	})
	i.votesHoldWrites(master)
	i.hears(other, master)
	require.Zero(t, i.pauses(old))
	i.Write(follows, "", 0o644)
}

// A Sentinel says at once whom it names, and in a hello up to two seconds later. A watcher that
// waited for that would have the former master hold its writes at the next election, which may
// choose that one again.
func TestSwitchIsHeard(t *testing.T) {
	t.Parallel()
	i, old := parented(t)
	other := i.Redis[0]
	i.Do(other, "CONFIG", "SET", "replica-priority", "200")
	other.SignalTo(syscall.SIGSTOP, listener(other)...) // it hears no hello
	old.Signal(syscall.SIGSTOP)
	master := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
	i.Eventually(5*time.Second, func() string {
		if other.Runs(listener(old)...) || !other.Runs(listener(master)...) {
			return "the watcher does not listen to the new master"
		}
		return ""
	})
	other.SignalTo(syscall.SIGCONT, listener(other)...)
	old.Signal(syscall.SIGCONT)
	i.Settled(master)
}

// listener is the command by which a watcher listens to a Redis.
func listener(p *lab.Process) []string {
	return []string{"redis-cli", "-h", p.IP, "-p", lab.RedisPort, "SUBSCRIBE", "__sentinel__:hello"}
}

// A Pod that was frozen as a whole hears of the election when that is over, and its Redis may
// be a replica then: its watcher leaves it to the others to hold writes there.
func TestOwnWritesAreNotHeld(t *testing.T) {
	t.Parallel()
	i, master := parented(t, patient)
	for _, p := range i.Redis {
		if p != master {
			p.Beside(syscall.SIGKILL)
		}
	}
	i.Eventually(10*time.Second, func() string {
		notes, _ := os.ReadFile(filepath.Join(master.Dir, "data/sentinels"))
		for _, s := range i.Sentinels {
			if !strings.Contains(string(notes), s.IP) {
				return fmt.Sprintf("the watcher has heard %s", notes)
			}
		}
		return ""
	})
	i.voteForThemselves(master, 10)
	i.hears(master, master)
	require.Zero(t, i.pauses(master))
}

// votesHoldWrites has the Sentinels vote for themselves, as in an election, until a watcher
// holds the master's writes. One that has just started has yet to hear of Sentinels, or to
// follow the master.
func (i *instance) votesHoldWrites(master *lab.Process) {
	i.T.Helper()
	epoch := 10
	i.Eventually(10*time.Second, func() string {
		epoch++
		i.voteForThemselves(master, epoch)
		if i.pauses(master) == 0 {
			return "nobody who listens to the master holds its writes"
		}
		return ""
	})
}

func (i *instance) voteForThemselves(master *lab.Process, epoch int) {
	i.T.Helper()
	for _, s := range i.Sentinels {
		i.TellAsPeer(s, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", master.IP, lab.RedisPort, epoch, i.Tell(s, "SENTINEL", "MYID"))
	}
}

// pauses counts how often somebody had a Redis hold its writes.
func (i *instance) pauses(p *lab.Process) int {
	i.T.Helper()
	calls := regexp.MustCompile(`cmdstat_client\|pause:calls=(\d+)`).FindStringSubmatch(fmt.Sprint(i.Do(p, "INFO", "commandstats")))
	if calls == nil {
		return 0
	}
	n, err := strconv.Atoi(calls[1])
	require.NoError(i.T, err)
	return n
}

// A master that falls silent while a watcher asks it for its users' passwords holds that up by
// no question: it has the votes and the end of a connection to see to. There are many users.
func TestMasterFallsSilentWhenItIsAsked(t *testing.T) {
	t.Parallel()
	i, old := parented(t, withPassword)
	for _, p := range i.Redis {
		for n := range 8 {
			i.Do(p, "ACL", "SETUSER", fmt.Sprint("user-", n), ">password")
		}
	}
	pid := regexp.MustCompile(`process_id:(\d+)`).FindStringSubmatch(fmt.Sprint(i.Do(old, "INFO", "server")))[1]
	asks := lab.Step{Command: fmt.Sprintf(`*"-h %s "*" ACL "*`, old.IP), Before: "kill -STOP " + pid}
	var asked []func() bool
	for _, p := range i.Redis {
		if p != old {
			asked = append(asked, i.Intercept(p, asks))
		}
	}
	writers := i.writers()
	i.Do(old, "CLIENT", "KILL", "TYPE", "pubsub")
	i.Eventually(5*time.Second, func() string {
		if !asked[0]() || !asked[1]() {
			return "not all watchers have asked"
		}
		return ""
	})
	old.Signal(syscall.SIGSTOP)
	master := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
	old.Signal(syscall.SIGCONT)
	for _, w := range writers {
		require.LessOrEqual(t, i.finish(w, master), stallLoss/stallWriters)
	}
	i.Settled(master)
}

// A master that falls silent at once, before all watchers listen to it, is replaced as any other
// one, and nobody holds the writes of the next.
func TestMasterFallsSilentAtOnce(t *testing.T) {
	t.Parallel()
	i, first := parented(t)
	i.Tell(i.Sentinels[0], "SENTINEL", "FAILOVER", lab.MasterName)
	old := i.Elected(first, 3*time.Second)
	for _, p := range i.Redis {
		i.Do(p, "CONFIG", "RESETSTAT")
	}
	old.Signal(syscall.SIGSTOP)
	master := i.Elected(old, lab.Detection+2500*time.Millisecond+2*i.ElectionTimeout())
	require.Zero(t, i.pauses(master))
	old.Signal(syscall.SIGCONT)
	i.reaches(old, sentinelDemotes/lab.Slack, lab.ReplicaOf(master))
	i.Settled(master)
}

// A Sentinel that is told to fail over needs no vote, so that its failover is not
// announced for it. But the old master, which goes on for ten seconds by itself, is
// told to follow at once.
func TestForcedFailover(t *testing.T) {
	t.Parallel()
	i, old := parented(t)
	i.Tell(i.Sentinels[0], "SENTINEL", "FAILOVER", lab.MasterName)
	begin := time.Now()
	master := i.Elected(old, 3*time.Second)
	i.reaches(old, sentinelDemotes/lab.Slack, lab.ReplicaOf(master))
	t.Logf("the old master follows after %d ms", time.Since(begin).Milliseconds())
	i.says("and not announced: nobody has most votes", "elected by the Sentinels as successor of "+old.IP)
	i.Settled(master)
}

// Whoever has a frozen master hold its writes may come to that after its demotion. As a
// replica it holds nothing: its link to the master would wait, too, and so would whoever
// makes it master again.
func TestDemotedMasterHoldsNothing(t *testing.T) {
	t.Parallel()
	i, old := parented(t)
	old.Signal(syscall.SIGSTOP)
	master := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
	i.says("elected by the Sentinels as successor of " + old.IP) // which has it follow
	late, err := new(net.Dialer).DialContext(t.Context(), "tcp", net.JoinHostPort(old.IP, lab.RedisPort))
	require.NoError(t, err)
	defer func() { _ = late.Close() }()
	_, err = late.Write([]byte("CLIENT PAUSE 600000 WRITE\r\n"))
	require.NoError(t, err)
	old.Signal(syscall.SIGCONT)
	i.reaches(old, sentinelDemotes/lab.Slack, lab.ReplicaOf(master))
	i.Eventually(10*time.Second, func() string {
		client := i.Client(old, lab.RedisPort)
		defer func() { _ = client.Close() }()
		if err := client.Publish(t.Context(), "channel", "word").Err(); err != nil {
			return err.Error()
		}
		return ""
	})
}

// A script that dies with its Redis leaves votes, which keep the Sentinels from acting
// for twice their failover-timeout. A replica's Pod leads as soon as they count no more.
func TestScriptDiesBesideWatchers(t *testing.T) {
	t.Parallel()
	const lease = 6 * time.Second
	i, old := parented(t)
	i.Intercept(old, lab.Step{Command: won.command, Before: lab.DieWithRedis})
	writers := i.writers()
	require.Error(t, i.Hook(old))
	for _, w := range writers {
		i.writesAgain(w)
	}
	i.Restart(old)
	i.writersReturn(writers, i.onlyMaster(), lease+2*time.Second, 1)
}

// A master that is cut off from all but its clients is replaced. When the network is
// whole again, its own Pod hears of it before a Sentinel ends it as a master. The other
// Pods have no watchers: in the lab these get to it all the time.
func TestCutMasterGivesWay(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	i, old := parented(t)
	var others []string
	for _, p := range slices.Concat(i.Redis, i.Sentinels) {
		if p != old {
			others = append(others, p.IP)
		}
	}
	for _, p := range i.Redis {
		if p != old {
			p.Beside(syscall.SIGKILL)
		}
	}
	cut := func(change string) {
		for from, to := range map[string]string{old.IP: strings.Join(others, ","), strings.Join(others, ","): old.IP} {
			output, err := exec.CommandContext(t.Context(), "iptables", "-w", change, "INPUT", "-s", from, "-d", to, "-j", "DROP").CombinedOutput()
			require.NoError(t, err, string(output))
		}
	}
	cut("-A")
	master := i.Elected(old, 2*lab.Detection+i.ElectionTimeout())
	require.Equal(t, "master", i.Role(old))
	cut("-D")
	begin := time.Now()
	i.reaches(old, sentinelDemotes/lab.Slack, lab.ReplicaOf(master))
	t.Logf("the old master follows %d ms after the network is whole", time.Since(begin).Milliseconds())
	i.Settled(master)
}
