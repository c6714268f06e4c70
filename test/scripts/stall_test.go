package scripts

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// stallWriters is how many writers each client of a stalled master has. Each may lose
// the write that it had in flight: the master has it in its socket before it is told
// of its successor. If it was stopped when it had read that one already, it reads the
// next one, too, in the same turn in which it accepts the connection that tells it.
const (
	stallWriters = 2
	stallLoss    = 2 * stallWriters
	stallRate    = 125 // a second, of each of the four
)

// stallsOfEach is how many stalls of each length the full suite has.
var stallsOfEach int

// stall is how a master stops answering, and goes on by itself.
type stall struct {
	name    string
	inflict func(*instance, *lab.Process, time.Duration)
}

var (
	frozenPod   = stall{"Pod frozen", func(_ *instance, p *lab.Process, d time.Duration) { freeze(p.Signal, d) }}
	frozenRedis = stall{"Redis frozen", func(_ *instance, p *lab.Process, d time.Duration) { freeze(p.Single, d) }}
	sleeping    = stall{"DEBUG SLEEP", func(i *instance, p *lab.Process, d time.Duration) {
		i.busy(p, d, "DEBUG", "SLEEP", d.Seconds())
	}}
	script  = stall{"script", func(i *instance, p *lab.Process, d time.Duration) { i.loop(p, d, "") }}
	written = stall{"script that has written", func(i *instance, p *lab.Process, d time.Duration) { i.loop(p, d, hasWritten) }}
)

// hasWritten begins a script that only the end of Redis ends.
const hasWritten = "redis.call('SET', 'written', '1') "

// wakesLate is a Pod that wakes some time after another one was promoted, which is
// when it hurts most.
var wakesLate = stall{"Pod frozen until another is promoted, and", func(i *instance, p *lab.Process, d time.Duration) {
	p.Signal(syscall.SIGSTOP)
	defer p.Signal(syscall.SIGCONT)
	i.Eventually(lab.Detection+2*time.Second+i.ElectionTimeout(), func() string {
		for _, other := range i.Redis {
			if other != p && i.Role(other) == "master" {
				return ""
			}
		}
		return "nobody is promoted"
	})
	time.Sleep(d)
}}

func freeze(signal func(syscall.Signal), d time.Duration) {
	signal(syscall.SIGSTOP)
	time.Sleep(d)
	signal(syscall.SIGCONT)
}

// busy has a Redis do nothing else for a while.
func (i *instance) busy(p *lab.Process, d time.Duration, command ...any) {
	client := i.Client(p, lab.RedisPort).WithTimeout(2 * d)
	defer func() { _ = client.Close() }()
	_ = client.Do(context.Background(), command...).Err()
}

// loop has a Redis run a script for a while. It blocks Redis at the lowest priority just as
// well, and leaves the processor to the others, until Redis has to answer: at the script's end,
// or BUSY when it has run for 5 s.
func (i *instance) loop(p *lab.Process, d time.Duration, begin string) {
	p.Renice(19)
	defer time.AfterFunc(min(d, 5*time.Second)-100*time.Millisecond, func() { p.Renice(0) }).Stop()
	i.busy(p, d, "EVAL", fmt.Sprintf(`%slocal function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
local stop = now() + %d while now() < stop do end`, begin, d.Milliseconds()), 0)
}

// A master that stalls, and wakes when it may have been replaced, loses no more than
// what was in flight. The full suite has all durations, and one more way to stall.
func TestStalls(t *testing.T) {
	s := &stalls{T: t}
	t.Run("of", func(t *testing.T) {
		s.each(t, wakesLate, 300*time.Millisecond)
		s.each(t, frozenPod, 3*time.Second)
		s.each(t, frozenRedis, 3500*time.Millisecond)
		s.each(t, script, 4*time.Second)
		s.each(t, written, 8*time.Second)
	})
	s.table()
}

// A Redis that has run a script for 5 s answers BUSY, so that no message waits for the
// script's end. A client that puts up with that finds no second master then.
func TestBusyMasterTakesNothingMore(t *testing.T) {
	t.Parallel()
	for _, stall := range []stall{script, written} {
		t.Run(stall.name, func(t *testing.T) {
			t.Parallel()
			i, old := parented(t)
			client := i.Client(old, lab.RedisPort).WithTimeout(time.Minute)
			defer func() { _ = client.Close() }()
			stays := client.Conn()
			require.NoError(t, stays.Ping(t.Context()).Err())
			go stall.inflict(i, old, 8*time.Second)
			master := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
			taken, busy := 0, 0
			var err error
			for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(2 * time.Millisecond) {
				if err = stays.Incr(t.Context(), "taken").Err(); err == nil {
					taken++
				} else if redis.HasErrorPrefix(err, "BUSY") {
					busy++
				} else {
					break // it is a replica, or has ended
				}
			}
			t.Logf("BUSY to %d writes, %d taken", busy, taken)
			require.Error(t, err, "it is a second master")
			require.Positive(t, busy)
			require.LessOrEqual(t, taken, stallLoss/stallWriters)
			i.Rejoins(old, master)
			i.Settled(master)
		})
	}
}

// The control: without the watcher it is a second master for some ten seconds.
func TestStallWithoutWatcher(t *testing.T) {
	t.Parallel()
	i := running(t)
	lost := 0
	for _, account := range i.stalled(i.Redis[0], frozenPod, 4*time.Second) {
		t.Logf("%s: %d of %d acknowledged writes lost", account.Client, account.Lost, account.Acknowledged)
		lost += account.Lost
	}
	require.Greater(t, lost, 10*stallLoss)
}

// A master that the Sentinels replace is so for its clients when another is promoted,
// not when the Sentinel that leads asks next, up to a second later, and has seen it itself.
// On a busy machine it may be quicker, in some rounds. The control has no watcher.
func TestElectionIsAnnounced(t *testing.T) {
	t.Run("with the watcher", func(t *testing.T) {
		t.Parallel()
		i, master := parented(t)
		for round := 1; i.seenPromotions() >= round-1; round++ {
			require.LessOrEqual(t, round, 6, "the Sentinel that led was the first in all rounds")
			master = i.frozenAndReplaced(master)
		}
		i.says("elected by the Sentinels as successor of ")
	})
	t.Run("without", func(t *testing.T) {
		t.Parallel()
		i := running(t)
		i.frozenAndReplaced(i.Redis[0])
		require.Equal(t, 1, i.seenPromotions())
	})
}

// seenPromotions counts the replicas that a Sentinel has promoted and has seen as masters
// before anybody told it.
func (i *instance) seenPromotions() int {
	n := 0
	for _, s := range i.Sentinels {
		n += strings.Count(i.Logged(s), "+promoted-slave")
	}
	return n
}

// frozenAndReplaced freezes the master until another is there, which it returns.
func (i *instance) frozenAndReplaced(old *lab.Process) *lab.Process {
	i.T.Helper()
	writers := i.writers()
	old.Signal(syscall.SIGSTOP)
	master := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
	follows := writers[0]
	i.finish(follows, master)
	old.Signal(syscall.SIGCONT)
	i.finish(writers[1], master)
	i.Settled(master)
	i.T.Logf("longest gap of a client that follows Sentinel: %d ms", follows.gap.Milliseconds())
	return master
}

// stalls collects what they cost.
type stalls struct {
	*testing.T
	mu   sync.Mutex
	rows []string
}

// each has the master stall for some times, each in an instance of its own.
func (s *stalls) each(t *testing.T, stall stall, durations ...time.Duration) {
	t.Helper()
	for _, d := range durations {
		t.Run(fmt.Sprintf("%s, %s", stall.name, d), func(t *testing.T) {
			t.Parallel()
			i, old := parented(t)
			accounts := i.stalled(old, stall, d)
			var row strings.Builder
			fmt.Fprintf(&row, "%4.1f s | %s | replaced: %t", d.Seconds(), stall.name, i.Role(old) != "master")
			for _, account := range accounts {
				fmt.Fprintf(&row, " | %s: %.2f s, %d of %d lost", account.Client, account.LongestGap.Duration().Seconds(), account.Lost, account.Acknowledged)
			}
			t.Log(&row)
			for _, p := range i.Redis {
				for line := range strings.Lines(i.Logged(p)) {
					if strings.HasPrefix(line, "watch.sh:") {
						t.Log(p.IP, line)
					}
				}
			}
			s.mu.Lock()
			s.rows = append(s.rows, row.String())
			s.mu.Unlock()
			for _, account := range accounts {
				require.LessOrEqual(t, account.Lost, stallLoss, "%v", account.LostSpan)
			}
		})
	}
}

func (s *stalls) table() {
	slices.Sort(s.rows)
	s.Log("master stalls for | by | \n" + strings.Join(s.rows, "\n"))
}

// stalled returns the accounts of clients that write while a master stalls. They are
// patient: who gives up a connection that is silent finds the new master.
func (i *instance) stalled(old *lab.Process, stall stall, d time.Duration) []ledger.Account {
	i.T.Helper()
	var done sync.WaitGroup
	ctx, over := context.WithCancel(i.T.Context())
	done.Go(func() {
		time.Sleep(2 * time.Second) // of writes
		stall.inflict(i, old, d)
		for ; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
			if old.Ended() {
				i.Restart(old) // as Kubernetes does
			}
		}
	})
	report, err := ledger.Run(i.T.Context(), ledger.Contract{
		Sentinel: net.JoinHostPort(i.Service.IP, lab.SentinelPort), Master: lab.MasterName,
	}, ledger.Settings{
		Clients: []ledger.Kind{ledger.Follow, ledger.Naive}, Writers: stallWriters, Rate: stallRate, Duration: 2*time.Second + d + 12*time.Second,
		Timeout: 2 * time.Minute, WaitFor: 200 * time.Millisecond, Replicas: 2, WholeWithin: time.Minute,
	}, io.Discard)
	over()
	done.Wait()
	require.NoError(i.T, err)
	var accounts []ledger.Account
	for _, kind := range []ledger.Kind{ledger.Follow, ledger.Naive} {
		account, _ := report.Account(kind)
		accounts = append(accounts, account)
	}
	return accounts
}
