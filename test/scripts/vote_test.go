package scripts

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// stranger is a leader that no script is.
var stranger = strings.Repeat("f", 40)

// vote has Sentinels vote for the stranger.
func (i *instance) vote(epoch int, sentinels ...*lab.Process) {
	i.T.Helper()
	for _, s := range sentinels {
		i.TellAsPeer(s, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", i.Redis[0].IP, lab.RedisPort, epoch, stranger)
	}
}

// votesFor is shell by which Sentinels vote for somebody in the place of the first Redis, at the
// first epoch.
func (i *instance) votesFor(leader string, sentinels ...*lab.Process) string {
	var shell strings.Builder
	for _, s := range sentinels {
		fmt.Fprintf(&shell, "REDISCLI_AUTH=$(cat $USERS/sentinel-password 2>/dev/null) redis-cli --user sentinel-user -h %s -p %s SENTINEL IS-MASTER-DOWN-BY-ADDR %s %s 1 %s >/dev/null 2>&1\n",
			s.IP, lab.SentinelPort, i.Redis[0].IP, lab.RedisPort, leader)
	}
	return shell.String()
}

// shells are those that images have.
var shells = [][]string{{"sh"}, {"busybox", "sh"}, {"bash", "--posix"}}

// inEachShell runs lines of shell with the functions of vote.sh, and arguments from $2 on, in each
// of the shells.
func inEachShell(t *testing.T, script string, arguments []string, check func(t *testing.T, output string, err error)) {
	t.Helper()
	for _, shell := range shells {
		t.Run(shell[0], func(t *testing.T) {
			t.Parallel()
			output, err := newInstance(t).runs(shell, script, arguments...)
			check(t, output, err)
		})
	}
}

// runs runs them in one shell, in the first Redis' Pod.
func (i *instance) runs(shell []string, script string, arguments ...string) (string, error) {
	words := slices.Concat(shell, []string{"-c", `. "$1/sentinel.sh" && . "$1/lines.sh" && . "$1/vote.sh"` + "\n" + script, "sh", filepath.Dir(lab.Script("vote.sh"))}, arguments)
	output, err := i.Command(i.T.Context(), i.Redis[0], words...).CombinedOutput()
	return string(output), err
}

// The vote against the fallback, which takes the second that a Sentinel needs to see
// what it has done: two Sentinels are away, so that there is no majority. The shortest
// of three gaps by vote, since the machine may be busy.
func TestVoteIsQuickerThanSentinel(t *testing.T) {
	t.Parallel()
	var byVote, byFailover time.Duration
	t.Run("gaps", func(t *testing.T) {
		t.Run("by vote", func(t *testing.T) {
			t.Parallel()
			i := running(t)
			old := i.Redis[0]
			for n := range 3 {
				writers := i.writers()
				i.Stop(old)
				master := i.Elected(old, time.Second)
				gap := i.writersReturn(writers, master, handOverGap, 0)
				if n == 0 || gap < byVote {
					byVote = gap
				}
				i.Restart(old)
				i.Settled(master)
				old = master
			}
			require.Equal(t, 3, i.promotions())
		})
		t.Run("by SENTINEL FAILOVER", func(t *testing.T) {
			t.Parallel()
			i := running(t)
			old := i.Redis[0]
			left := i.Sentinels[:1]
			i.Service.Backends.Store(&left)
			writers := i.writers()
			for _, s := range i.Sentinels[1:] {
				s.Signal(syscall.SIGKILL)
			}
			i.Sentinels = left
			i.Stop(old)
			byFailover = i.writersReturn(writers, i.Elected(old, time.Second), 2*time.Second, 0)
			require.Equal(t, 1, i.promotions())
			require.Contains(t, i.Logged(left[0]), "user requested FAILOVER")
		})
	})
	t.Logf("longest gap: %d ms by vote, %d ms by SENTINEL FAILOVER", byVote.Milliseconds(), byFailover.Milliseconds())
	require.Less(t, 2*byVote, byFailover)
}

// Replicas that still load have nothing, and cannot be seen in ROLE: while the
// master has the data and can wait, none is promoted. The sync is slowed down.
func TestReplicasThatStillLoad(t *testing.T) {
	t.Parallel()
	const keys = 301
	loading := func(t *testing.T, i *instance, master *lab.Process, delay time.Duration) {
		t.Helper()
		client := i.Client(master, lab.RedisPort)
		defer func() { _ = client.Close() }()
		_, err := client.Pipelined(t.Context(), func(p redis.Pipeliner) error {
			for n := range keys {
				p.Set(t.Context(), fmt.Sprint("key ", n), n, 0)
			}
			return nil
		})
		require.NoError(t, err)
		i.Do(master, "CONFIG", "SET", "rdb-key-save-delay", (delay / keys).Microseconds())
		for _, p := range i.Redis {
			if p != master {
				p.Signal(syscall.SIGKILL)
				require.NoError(t, os.RemoveAll(filepath.Join(p.Dir, "data/dump.rdb"))) // as a new Pod
				i.Restart(p)
			}
		}
		i.Eventually(5*time.Second, func() string {
			if info := fmt.Sprint(i.Do(master, "INFO", "persistence")); !strings.Contains(info, "rdb_bgsave_in_progress:1") {
				return "no replica loads"
			}
			return ""
		})
	}
	t.Run("in time", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		loading(t, i, i.Redis[0], 3*time.Second)
		i.Stop(i.Redis[0])
		require.EqualValues(t, keys, i.Do(i.Elected(i.Redis[0], time.Second), "DBSIZE"))
	})
	t.Run("not in time", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		loading(t, i, i.Redis[0], time.Minute)
		require.Error(t, i.Hook(i.Redis[0], "8"))
		require.Contains(t, i.Logged(i.Redis[0]), "stop.sh: not handed over within 8 s: no replica has the data")
		require.EqualValues(t, keys, i.Do(i.Redis[0], "DBSIZE"))
		require.Zero(t, i.promotions())
	})
	t.Run("and the master crashes", func(t *testing.T) {
		t.Parallel()
		i, master := parented(t, patient)
		before := i.promotions()
		loading(t, i, master, time.Minute)
		master.Crash()
		require.Contains(t, i.Logged(master), "start.sh: not replaced yet: no replica ")
		require.Equal(t, before, i.promotions())
	})
}

// Where writes cannot be held, no replica is promoted: the master would go on taking
// writes, and lose them. Redis itself loses none when it is told to end.
func TestWritesCannotBeHeld(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		option  func(*instance)
		prepare func(*instance, *redis.Client) (undo func())
	}{
		"max clients": {func(*instance) {}, func(i *instance, c *redis.Client) func() {
			// All that there are, and the connection that says so.
			count := strings.Count(c.ClientList(i.T.Context()).Val(), "\n")
			require.NoError(i.T, c.ConfigSet(i.T.Context(), "maxclients", strconv.Itoa(count)).Err())
			return func() {
				require.NoError(i.T, c.ConfigSet(i.T.Context(), "maxclients", "1000").Err())
			}
		}},
		"wrong password": {withPassword, func(i *instance, _ *redis.Client) func() {
			right := i.Password
			i.Password = "another-password"
			return func() { i.Password = right }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t, test.option)
			old := i.Redis[0]
			client := i.Client(old, lab.RedisPort).WithTimeout(time.Minute)
			defer func() { _ = client.Close() }()
			require.NoError(t, client.Ping(t.Context()).Err())
			writers := i.writers()
			undo := test.prepare(i, client)
			require.Error(t, i.Hook(old, "4"))
			undo()
			require.Contains(t, i.Logged(old), "stop.sh: not handed over within 4 s: ")
			require.Zero(t, i.promotions())
			old.Signal(syscall.SIGTERM)
			i.writersReturn(writers, i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout()), 20*time.Second, 0)
		})
	}
}

// A Redis in a long script holds nothing: a replica is promoted when that has ended.
func TestHandOverFromBusyRedis(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	i.Do(old, "CONFIG", "SET", "busy-reply-threshold", 10)
	writers := i.writers()
	client := i.Client(old, lab.RedisPort).WithTimeout(time.Minute)
	defer func() { _ = client.Close() }()
	go func() { _ = client.Eval(t.Context(), "while true do end", nil).Err() }()
	i.Eventually(time.Second, func() string {
		if role := i.Role(old); !strings.HasPrefix(role, "BUSY") {
			return role
		}
		return ""
	})
	const busy = 1500 * time.Millisecond // Sentinels would end it after Detection
	time.AfterFunc(busy, func() {
		killer := i.Client(old, lab.RedisPort)
		defer func() { _ = killer.Close() }()
		_ = killer.ScriptKill(context.Background()).Err()
	})
	i.Stop(old)
	i.writersReturn(writers, i.Elected(old, time.Second), busy+handOverGap, 0)
	require.Equal(t, 1, i.promotions())
}

// Sentinels that have voted for another leader wait for that: two leaders would
// each promote a replica.
func TestAnotherLeader(t *testing.T) {
	t.Parallel()
	t.Run("has won", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		i.vote(1, i.Sentinels[:2]...)
		require.Error(t, i.Hook(i.Redis[0], "4"))
		require.Contains(t, i.Logged(i.Redis[0]), "a Sentinel has voted for another leader, "+stranger)
		require.Zero(t, i.promotions())
	})
	t.Run("gives up", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		writers := i.writers()
		i.vote(1, i.Sentinels[:2]...)
		begin := time.Now()
		i.Stop(i.Redis[0])
		require.Greater(t, time.Since(begin), 5*time.Second)
		i.writersReturn(writers, i.Elected(i.Redis[0], time.Second), handOverGap, 0)
	})
	t.Run("is quicker", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		old := i.Redis[0]
		reached := i.Intercept(old, lab.Step{
			Command: `*IS-MASTER-DOWN-BY-ADDR*" 1 "*`,
			Before:  i.votesFor(stranger, i.Sentinels[:2]...),
		})
		require.Error(t, i.Hook(old, "4"))
		require.True(t, reached())
		require.Contains(t, i.Logged(old), "another leader")
		require.Zero(t, i.promotions())
		lines, err := filepath.Glob("/dev/shm/lines.*/" + i.Network + ".*")
		require.NoError(t, err)
		require.Empty(t, lines, "the connections that a vote has opened")
	})
	t.Run("has too few votes", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		old := i.Redis[0]
		reached := i.Intercept(old, lab.Step{
			Command: `*IS-MASTER-DOWN-BY-ADDR*" 1 "*`,
			Before:  i.votesFor(stranger, i.Sentinels[:1]...),
		})
		i.Stop(old)
		require.True(t, reached())
		master := i.Elected(old, time.Second)
		require.Equal(t, 1, i.promotions())
		for _, s := range i.Sentinels {
			require.Equal(t, "1", i.epoch(s), "of the first vote")
			require.Equal(t, master.IP, i.Named(s))
		}
	})
	t.Run("ties with another and this one", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		old := i.Redis[0]
		reached := i.Intercept(old, lab.Step{
			Command: `*IS-MASTER-DOWN-BY-ADDR*" 1 "*`,
			Before:  i.votesFor(stranger, i.Sentinels[0]) + i.votesFor("another"+stranger, i.Sentinels[1]),
		})
		writers := i.writers()
		i.Stop(old)
		require.True(t, reached())
		i.writersReturn(writers, i.Elected(old, time.Second), handOverGap, 0)
		require.Equal(t, 1, i.promotions())
		for _, s := range i.Sentinels {
			require.Equal(t, "2", i.epoch(s), "of the vote after the one that nobody won")
		}
	})
	t.Run("three Sentinels have stood, and nobody wins", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		old := i.Redis[0]
		i.voteForThemselves(old, 1)
		writers := i.writers()
		begin := time.Now()
		i.Stop(old)
		require.Less(t, time.Since(begin), 5*time.Second, "a vote that somebody may win is waited for")
		i.writersReturn(writers, i.Elected(old, time.Second), handOverGap, 0)
		require.Equal(t, 1, i.promotions())
		require.Equal(t, "2", i.epoch(i.Sentinels[0]))
	})
	t.Run("two scripts", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		old := i.Redis[0]
		writers := i.writers()
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := i.Hook(old); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		old.Signal(syscall.SIGTERM)
		i.writersReturn(writers, i.Elected(old, time.Second), 2*handOverGap, 0)
		require.Equal(t, 1, i.promotions())
	})
}

// A successor that has been promoted, and whose answer came too late, is asked again: it is not
// made a replica for that, nor left a master of whom nobody knows.
func TestPromotionIsAnsweredLate(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	reached := i.Intercept(old, lab.Step{
		Command: promoted.command,
		Before:  "redis-cli -h $2 -p " + lab.RedisPort + " REPLICAOF NO ONE >/dev/null\ntouch \"$reached/done\"\nsleep 2\n",
	})
	writers := i.writers()
	i.Stop(old)
	require.True(t, reached())
	i.writersReturn(writers, i.Elected(old, time.Second), time.Second+handOverGap, 0)
	require.Equal(t, 1, i.promotions())
}

// Of those that ask at the same time the one with the most votes goes on, unless somebody may
// have won a newer epoch since. Where all Sentinels have voted and nobody has a quorum,
// everybody may: Sentinels that have stood for election then have lost it.
func TestUnrivalled(t *testing.T) {
	t.Parallel()
	const mine, other, third = "aa", "bb", "cc"
	for _, test := range []struct {
		name      string
		sentinels int
		ballots   []string // leader and epoch; "itself" is the Sentinel
		goesOn    bool
		says      string // how many votes are mine, and which Sentinels have stood
	}{
		{"all are mine", 3, []string{mine + " 4", mine + " 4", mine + " 4"}, true, "3"},
		{"too few, and nobody else's", 3, []string{mine + " 4", mine + " 3", other + " 3"}, true, "1"},
		{"most are mine", 3, []string{mine + " 4", other + " 4", mine + " 4"}, true, "2"},
		{"most are mine, one stands", 3, []string{mine + " 4", "itself 4", mine + " 4"}, true, "2 10.0.0.1:27379"},
		{"most are another's", 3, []string{other + " 4", mine + " 4", other + " 4"}, false, "1"},
		{"one each, and one is silent", 3, []string{other + " 4", mine + " 4"}, false, "1"},
		{"one each", 3, []string{other + " 4", mine + " 4", third + " 4"}, true, "1"},
		{"one each, two stand", 3, []string{"itself 4", mine + " 4", "itself 4"}, true, "1 10.0.0.0:27379 10.0.0.2:27379"},
		{"one each, one has yet to vote", 3, []string{other + " 4", mine + " 4", third + " 3"}, false, "1"},
		{"two have two of five", 5, []string{other + " 4", other + " 4", mine + " 4", mine + " 4", third + " 4"}, true, "2"},
		{"another has three of five", 5, []string{other + " 4", other + " 4", mine + " 4", mine + " 4", other + " 4"}, false, "2"},
		{"a newer one", 3, []string{mine + " 4", mine + " 4", other + " 5"}, false, "2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var sentinels, views, peers, ballots strings.Builder
			for n := range test.sentinels {
				fmt.Fprintf(&sentinels, " 10.0.0.%d:27379", n)
				fmt.Fprintf(&views, "10.0.0.%d:27379 3 10.0.0.9 %d master 2000 0\n", n, test.sentinels/2+1)
				for peer := range test.sentinels {
					if peer != n {
						fmt.Fprintf(&peers, "10.0.0.%d:27379 10.0.0.%d 27379 id%d\n", n, peer, peer)
					}
				}
			}
			for n, ballot := range test.ballots {
				leader, epoch, _ := strings.Cut(ballot, " ")
				if leader == "itself" {
					leader = fmt.Sprint("id", n)
				}
				fmt.Fprintf(&ballots, "10.0.0.%d:27379 %s %s master\n", n, epoch, leader)
			}
			inEachShell(t, `leader=`+mine+` epoch=4 sentinels=$2 views=$3 peers=$4 ballots=$5
majority
unrivalled
goes_on=$?
echo "$count$losers"
exit "$goes_on"`, []string{sentinels.String(), views.String(), peers.String(), ballots.String()},
				func(t *testing.T, output string, err error) {
					t.Helper()
					require.Equal(t, test.says+"\n", output)
					require.Equal(t, test.goesOn, err == nil)
				})
		})
	}
}

// Votes that are too old for a promotion are asked for again, at the next epoch: left alone, they
// would keep the Sentinels from an election for twice their failover-timeout.
func TestVoteIsRenewed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		ago  int // seconds
		says string
	}{
		{"just won", 0, ""},
		{"as old as a promotion may find it", 2, ""},
		{"too old", 3, "elected at 5\n"},
		{"long ago", 60, "elected at 5\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inEachShell(t, `now() { echo 100; }
elected() { echo "elected at $((highest + 1))"; }
epoch=4 highest=3 won=$((100 - $2))
renewed`, []string{strconv.Itoa(test.ago)}, func(t *testing.T, output string, err error) {
				t.Helper()
				require.NoError(t, err)
				require.Equal(t, test.says, output)
			})
		})
	}
}

// An announcement is to the replicas, too, before a client hears of it: what the successor takes
// alone is lost if that ends next.
func TestReplicasAreTold(t *testing.T) {
	t.Parallel()
	inEachShell(t, `lines=$(mktemp -d) port=6379
successor=10.0.0.7 followers=' 10.0.0.8 10.0.0.6' voters=10.0.0.9:26379 epoch=4
peers='10.0.0.9:26379 10.0.0.5 26379 ab12'
mkfifo "$lines/10.0.0.8" "$lines/10.0.0.9:26379"
exec 8<>"$lines/10.0.0.8" 9<>"$lines/10.0.0.9:26379"
announce
read -r first <&8
read -r second <&9
printf '%s\n' "$first" "$second"
ls "$lines"
rm -r "$lines"`, nil, func(t *testing.T, output string, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, `REPLICAOF 10.0.0.7 6379
PUBLISH __sentinel__:hello 10.0.0.5,26379,ab12,4,mymaster,10.0.0.7,6379,4
10.0.0.8
10.0.0.9:26379
`, output)
	})
}

// Anybody who reaches a Sentinel may have it vote for a word of theirs, which must not be
// read as votes of others.
func TestBallot(t *testing.T) {
	t.Parallel()
	const flags = `name\nmymaster\nflags\nmaster,o_down\nrunid\n\n`
	for name, test := range map[string]struct{ says, reads string }{
		"for a script":        {`0\nab12\n7\n` + flags, "10.0.0.9:26379 7 ab12 master,o_down\n"},
		"for nobody":          {`0\n*\n0\n` + flags, "10.0.0.9:26379 0 * master,o_down\n"},
		"for a line of votes": {`0\nx\\n10.0.0.8:26379 7 ab12 master\n7\n` + flags, "10.0.0.9:26379 7 ? master,o_down\n"},
		"refused":             {`ERR No such master with that name\n`, ""},
		"none":                {``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEachShell(t, `says=$2
sentinel() { printf "$says"; }
its_epoch=3
ballot 10.0.0.9:26379 7`, []string{test.says}, func(t *testing.T, output string, err error) {
				t.Helper()
				require.NoError(t, err)
				require.Equal(t, test.reads, output)
			})
		})
	}
}

// A vote that cannot be won, however quick the answers are, uses up few epochs: after the last
// of all there is no vote any more.
func TestFewEpochs(t *testing.T) {
	t.Parallel()
	inEachShell(t, `voters=nobody needed=1 highest=7
ballot() { :; }
win || { [ "$epoch" -gt 7 ] && [ "$epoch" -lt 50000 ]; } || echo "$why"`, nil, func(t *testing.T, output string, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Empty(t, output)
	})
}

// Sentinels that are failing over are waited for, unless their election is one that nobody wins.
func TestFailingOver(t *testing.T) {
	t.Parallel()
	const flag = "master,s_down,o_down,failover_in_progress"
	for _, test := range []struct {
		name  string
		flags [3]string
		votes [3]string // epoch and leader; "itself" is the Sentinel
		is    bool
	}{
		{"nobody is", [3]string{"master", "master", "master"}, [3]string{"3 *", "3 *", "3 *"}, false},
		{"one stands, and the others have yet to vote", [3]string{flag, "master", "master"}, [3]string{"4 itself", "3 *", "3 *"}, true},
		{"one has won", [3]string{flag, "master", "master"}, [3]string{"4 itself", "4 id0", "4 id0"}, true},
		{"two stand, and the third has yet to vote", [3]string{flag, flag, "master"}, [3]string{"4 itself", "4 itself", "3 *"}, true},
		{"three stand", [3]string{flag, flag, flag}, [3]string{"4 itself", "4 itself", "4 itself"}, false},
		{"two stand, and a script", [3]string{flag, flag, "master"}, [3]string{"4 itself", "4 itself", "4 aa"}, false},
		{"one that has won before, at a tie", [3]string{flag, "master", "master"}, [3]string{"4 bb", "4 itself", "4 itself"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var sentinels, views, peers, votes strings.Builder
			for n := range test.flags {
				fmt.Fprintf(&sentinels, " 10.0.0.%d:27379", n)
				fmt.Fprintf(&views, "10.0.0.%d:27379 3 10.0.0.9 2 %s 2000 0\n", n, test.flags[n])
				fmt.Fprintf(&peers, "10.0.0.%d:27379 10.0.0.%d 27379 id%d\n", (n+1)%3, n, n)
				epoch, leader, _ := strings.Cut(test.votes[n], " ")
				if leader == "itself" {
					leader = fmt.Sprint("id", n)
				}
				fmt.Fprintf(&votes, "10.0.0.%d:27379 %s %s\n", n, epoch, leader)
			}
			inEachShell(t, `newest=3 sentinels=$2 views=$3 peers=$4 votes=$5
failing_over`, []string{sentinels.String(), views.String(), peers.String(), votes.String()},
				func(t *testing.T, output string, err error) {
					t.Helper()
					require.Empty(t, output)
					require.Equal(t, test.is, err == nil)
				})
		})
	}
}

// A Sentinel that is failing over may have been elected before, unless it has just stood and
// lost.
func TestUnled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		losers string
		flags  [3]string // of the master, as each Sentinel has them
		unled  bool
	}{
		{"", [3]string{"master", "master,s_down", "master,o_down"}, true},
		{"", [3]string{"master", "master,failover_in_progress", "master"}, false},
		{" 10.0.0.1:27379", [3]string{"master", "master,failover_in_progress", "master"}, true},
		{" 10.0.0.1:27379", [3]string{"master", "master,failover_in_progress", "master,failover_in_progress"}, false},
	} {
		t.Run(fmt.Sprint(test.losers, test.flags), func(t *testing.T) {
			t.Parallel()
			var ballots strings.Builder
			for n, flags := range test.flags {
				fmt.Fprintf(&ballots, "10.0.0.%d:27379 4 aa %s\n", n, flags)
			}
			inEachShell(t, `losers=$2
unled "$3"`, []string{test.losers, ballots.String()}, func(t *testing.T, output string, err error) {
				t.Helper()
				require.Empty(t, output)
				require.Equal(t, test.unled, err == nil)
			})
		})
	}
}

// A successor that refuses the connection of a program is asked once: writes are held
// meanwhile. One that is silent is asked again, while the votes count.
func TestPromotionIsAskedAgainOfTheSilent(t *testing.T) {
	t.Parallel()
	for _, silent := range []bool{false, true} {
		for _, shell := range shells {
			t.Run(fmt.Sprint(silent, shell), func(t *testing.T) {
				t.Parallel()
				i := newInstance(t)
				successor := i.Redis[1]
				if silent { // connections are made, and nobody reads from them
					listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(successor.IP, lab.RedisPort))
					require.NoError(t, err)
					t.Cleanup(func() { _ = listener.Close() })
				}
				output, err := i.runs(shell, `exec 3>&1
timeout() { echo asked >&3; command timeout "$@"; }
successor=$2 won=$(now)
promote`, successor.IP)
				require.Error(t, err)
				require.Equal(t, silent, strings.Count(output, "asked") > 1, "%s", output)
				require.Contains(t, output, "asked")
			})
		}
	}
}

// A client that one Sentinel has told of the new master, and that asks another one at
// once, hears the same, or it would go back to the old one. They are told at the same
// moment, by programs that wait for a core, so that on a busy machine some hand-overs
// have stale answers. Told one after the other, half of the answers always are.
func TestSentinelsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	for round := 1; ; round++ {
		require.LessOrEqual(t, round, 12, "no hand-over had so few stale answers")
		stale := 0
		answers := i.asksAnother(old)
		i.Stop(old)
		master := i.Elected(old, time.Second)
		for range len(i.Sentinels) * (len(i.Sentinels) - 1) {
			if named := <-answers; named != master.IP {
				stale++
			}
		}
		t.Logf("hand-over %d: %d answers name the old master", round, stale)
		if stale <= 1 {
			return
		}
		i.Restart(old)
		i.Settled(master)
		old = master
	}
}

// asksAnother has a client for each two Sentinels: it waits until one says that another
// Redis is master, and asks the other one who is.
func (i *instance) asksAnother(old *lab.Process) <-chan string {
	i.T.Helper()
	answers := make(chan string, len(i.Sentinels)*len(i.Sentinels))
	for _, told := range i.Sentinels {
		for _, asked := range i.Sentinels {
			if told == asked {
				continue
			}
			listener, client := i.Client(told, lab.SentinelPort), i.Client(asked, lab.SentinelPort)
			switched := listener.Subscribe(i.T.Context(), "+switch-master")
			_, err := switched.Receive(i.T.Context())
			require.NoError(i.T, err)
			question := redis.NewStringSliceCmd(i.T.Context(), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", lab.MasterName)
			require.NoError(i.T, client.Process(i.T.Context(), question))
			require.Equal(i.T, old.IP, question.Val()[0])
			go func() {
				defer func() { _, _ = switched.Close(), client.Close() }()
				named := ""
				if _, err := switched.ReceiveMessage(i.T.Context()); err == nil {
					answer, _ := client.Do(i.T.Context(), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", lab.MasterName).StringSlice()
					named = strings.Join(answer, ":")
				}
				_ = listener.Close()
				answers <- strings.TrimSuffix(named, ":"+lab.RedisPort)
			}()
		}
	}
	return answers
}

// Elections that failed raise the Sentinels' epoch, which no answer tells.
func TestHandOverAfterFailedElections(t *testing.T) {
	t.Parallel()
	i := running(t)
	old, epoch := i.Redis[0], 40
	for n, s := range i.Sentinels {
		peer := i.Sentinels[(n+1)%3]
		hello := fmt.Sprintf("%s,%s,%v,%d,%s,%s,%s,0", peer.IP, lab.SentinelPort, i.Tell(peer, "SENTINEL", "MYID"), epoch, lab.MasterName, old.IP, lab.RedisPort)
		i.TellAsPeer(s, "PUBLISH", "__sentinel__:hello", hello)
	}
	writers := i.writers()
	i.Stop(old)
	i.writersReturn(writers, i.Elected(old, time.Second), handOverGap, 0)
	for _, s := range i.Sentinels {
		require.Greater(t, fmt.Sprint(i.epoch(s)), "40")
		state := i.Tell(s, "SENTINEL", "MASTER", lab.MasterName).(map[any]any)
		require.Equal(t, "2", state["num-other-sentinels"], "%v", state)
	}
}
