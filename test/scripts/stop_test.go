package scripts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// handOverGap is what a planned move may cost, most of it the time to start programs:
// 0.1 s on a machine that has a core to spare, ten times that on one with 24 processes
// waiting for two cores. TestVoteIsQuickerThanSentinel compares.
const handOverGap = 500 * time.Millisecond

func TestHandOver(t *testing.T) {
	for name, option := range map[string]func(*instance){"no password": func(*instance) {}, "password, busybox": withPassword, "restricted": restricted} {
		t.Run(name, func(t *testing.T) {
			i := running(t, option)
			writers := i.writers()
			old := i.Redis[0]
			for range 2 { // the second time to a Redis that start.sh has started
				begin := time.Now()
				end := i.Stop(old)
				t.Logf("stop.sh took %d ms, Redis %d ms after SIGTERM", (time.Since(begin) - end).Milliseconds(), end.Milliseconds())
				require.Less(t, end, lab.Slack*time.Second)
				master := i.Elected(old, time.Second)
				require.Contains(t, i.Logged(old), "stop.sh: handed over to "+master.IP)
				i.listed(master)
				i.Restart(old)
				i.Settled(master)
				old = master
			}
			require.Equal(t, 2, i.promotions())
			i.writersReturn(writers, old, handOverGap, 0)
			for _, w := range writers {
				if w.name == "stays connected" { // the other's library may drop connections
					require.Zero(t, w.unknown, "it does not know what became of a write")
				}
			}
		})
	}
}

// listed fails unless every Sentinel lists the master in SENTINEL MASTER, where the
// one that leads a failover has the old one until the other replicas follow.
func (i *instance) listed(master *lab.Process) {
	i.T.Helper()
	for _, sentinel := range i.Sentinels {
		state := i.Tell(sentinel, "SENTINEL", "MASTER", lab.MasterName).(map[any]any)
		require.Equal(i.T, master.IP, state["ip"], "%s: %v", sentinel.IP, state)
	}
}

// The control: the script that the operator generates (v1.3.0-rc1,
// operator/redisfailover/service/generator.go) leaves the old master writable
// until it is killed; here it is not for 31 s.
func TestOperatorsScriptLosesWrites(t *testing.T) {
	t.Parallel()
	i := running(t)
	writers := i.writers()
	old := i.Redis[0]
	stock := old.Dir + "/shutdown.sh"
	i.Write(stock, `master=$(redis-cli -h ${RFS_LAB_A_SERVICE_HOST} -p ${RFS_LAB_A_SERVICE_PORT} --csv SENTINEL get-master-addr-by-name mymaster | tr ',' ' ' | tr -d '\"' |cut -d' ' -f1)
if [ "$master" = "$(hostname -i | cut -d' ' -f2)" ]; then
  redis-cli -h ${RFS_LAB_A_SERVICE_HOST} -p ${RFS_LAB_A_SERVICE_PORT} SENTINEL failover mymaster
  sleep 3
fi
cmd="redis-cli -h $(hostname -i | cut -d' ' -f2) -p 7379"
save_command="${cmd} save"
eval $save_command`, 0o644)
	output, err := i.Command(t.Context(), old, "sh", stock).CombinedOutput()
	require.NoError(t, err, string(output))
	old.Signal(syscall.SIGTERM)
	master := i.Elected(old, time.Second)
	for _, w := range writers {
		lost := i.finish(w, master)
		t.Logf("a writer that %s: gap %d ms, %d of %d lost", w.name, w.gap.Milliseconds(), lost, len(w.acked))
		require.NotZero(t, lost)
	}
}

func TestReplicaStopsAtOnce(t *testing.T) {
	t.Parallel()
	i := running(t)
	begin := time.Now()
	i.Stop(i.Redis[1])
	require.Less(t, time.Since(begin), lab.Slack*time.Second)
	require.Zero(t, i.promotions())
	require.NotContains(t, i.Logged(i.Redis[1]), "stop.sh")
}

// Two stop at the same time: the master does not hand over to the replica that does.
func TestReplicaThatStopsIsNotChosen(t *testing.T) {
	t.Parallel()
	i := running(t)
	old, stops := i.Redis[0], i.Redis[1]
	i.Do(stops, "CONFIG", "SET", "replica-priority", "1") // the one to choose otherwise
	require.NoError(t, i.Hook(stops))
	i.Stop(old)
	require.Equal(t, i.Redis[2], i.Elected(old, time.Second))
	require.Equal(t, 1, i.promotions())
}

// A replica that somebody promotes while it stops hands over as any master does.
func TestReplicaIsPromotedWhileItStops(t *testing.T) {
	t.Parallel()
	i := running(t)
	old, stops := i.Redis[0], i.Redis[1]
	follow := func(p *lab.Process) string {
		return fmt.Sprintf("redis-cli -h %s -p %s REPLICAOF $2 %s >/dev/null\n", p.IP, lab.RedisPort, lab.RedisPort)
	}
	promote := i.elects() + follow(old) + follow(i.Redis[2])
	reached := i.Intercept(stops, lab.Step{Command: `*" replica-priority 0 "`, After: promote})
	i.Stop(stops)
	require.True(t, reached())
	require.Contains(t, i.Logged(stops), "stop.sh: handed over to "+i.Elected(stops, time.Second).IP)
	require.Equal(t, 2, i.promotions())
}

// A master whose replicas are gone goes on serving until it has to end, and
// keeps its data.
func TestNoReplicaCanTakeOver(t *testing.T) {
	t.Parallel()
	i := running(t)
	master := i.Redis[0]
	for _, p := range i.Redis[1:] {
		p.Signal(syscall.SIGKILL)
	}
	stop := i.longestWait(master)
	begin := time.Now()
	require.Error(t, i.Hook(master, "6"))
	require.Less(t, time.Since(begin), lab.Slack*7*time.Second)
	longest := stop()
	t.Logf("no write for %d ms at most", longest.Milliseconds())
	require.Less(t, longest, 5*time.Second, "writes were held all the time")
	master.Signal(syscall.SIGTERM)
	require.Contains(t, i.Logged(master), "stop.sh: not handed over within 6 s: no replica has the data")

	i.Start(master)
	i.Eventually(5*time.Second, func() string {
		if kept := i.Do(master, "EXISTS", "key"); kept != int64(1) {
			return fmt.Sprint("EXISTS: ", kept)
		}
		return ""
	})
}

func TestNoSentinelIsLeft(t *testing.T) {
	t.Parallel()
	i := running(t)
	master := i.Redis[0]
	for _, s := range i.Sentinels {
		s.Signal(syscall.SIGKILL)
	}
	stop := i.longestWait(master)
	require.Error(t, i.Hook(master, "3"))
	require.Less(t, stop(), 2500*time.Millisecond, "writes were held all the time")
	require.Contains(t, i.Logged(master), "stop.sh: not handed over within 3 s: no Sentinel")
}

// When all of an instance is removed, its last master does not wait for long.
func TestAllRemoved(t *testing.T) {
	t.Parallel()
	i := running(t)
	for _, p := range slices.Concat(i.Sentinels, i.Redis[1:]) {
		p.Signal(syscall.SIGTERM)
	}
	begin := time.Now()
	require.Error(t, i.Hook(i.Redis[0]))
	t.Logf("stop.sh took %d ms", time.Since(begin).Milliseconds())
	require.Contains(t, i.Logged(i.Redis[0]), "stop.sh: nobody to hand over to")
}

// All but the master are gone, and come back in time.
func TestAllButTheMasterRestarted(t *testing.T) {
	t.Parallel()
	i := running(t)
	master := i.Redis[0]
	i.Do(master, "SET", "key", "value")
	for _, p := range slices.Concat(i.Sentinels, i.Redis[1:]) {
		p.Signal(syscall.SIGKILL)
	}
	go func() {
		for !strings.Contains(i.Logged(master), "stop.sh: handing over") {
			time.Sleep(10 * time.Millisecond)
		}
		for _, s := range i.Sentinels {
			i.StartSentinel(s)
		}
		for _, p := range i.Redis[1:] {
			i.Restart(p)
		}
	}()
	i.Stop(master)
	require.Equal(t, "value", i.Do(i.Elected(master, time.Second), "GET", "key"))
}

// A Sentinel that does not answer, the first that the Service hands out, holds
// nobody up, whether it was silent before or falls silent while writes are held.
func TestHandOverWithSilentSentinel(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]string{"before": "*ROLE*", "during": "*PUBLISH*"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			old, silent := i.Redis[0], i.Sentinels[2]
			i.Service.Backends.Store(&[]*lab.Process{silent, i.Sentinels[0]})
			i.Intercept(old, lab.Step{Command: step, Before: "kill -STOP " + silent.PID()})
			writers := i.writers()
			i.Stop(old)
			silent.Signal(syscall.SIGCONT)
			i.writersReturn(writers, i.Elected(old, 5*time.Second), handOverGap+500*time.Millisecond, 0)
		})
	}
}

// A Sentinel that answers late, as on a busy machine, is waited for: it votes, and is told
// with the others. Left out, it would send clients to the old master for two seconds more.
func TestHandOverWaitsForLateSentinel(t *testing.T) {
	t.Parallel()
	i := running(t)
	old, late := i.Redis[0], i.Sentinels[2]
	writers := i.writers()
	late.Signal(syscall.SIGSTOP)
	time.AfterFunc(1300*time.Millisecond, func() { late.Signal(syscall.SIGCONT) })
	require.NoError(t, i.Hook(old, "200")) // of which it gives the Sentinels 10 s
	old.Signal(syscall.SIGTERM)
	i.writersReturn(writers, i.Elected(old, time.Second), handOverGap, 0)
	require.Contains(t, i.Logged(late), "+vote-for-leader")
}

// A Sentinel in TILT mode does nothing for 30 s but vote and hear of another master,
// which is all that a hand-over needs. Today's control: it asked one that was not,
// and waited while all were.
func TestHandOverDespiteTilt(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	i.tilt(i.Sentinels...)
	writers := i.writers()
	i.Stop(old)
	i.writersReturn(writers, i.Elected(old, time.Second), handOverGap, 0)
	i.right(i.Sentinels...)
	require.Equal(t, 1, i.promotions())
}

// A Sentinel that names another master at the same epoch is not asked, and corrected
// by the hand-over.
func TestHandOverBesideWrongSentinel(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	i.MonitorFrom(i.Sentinels[2], i.Redis[2])
	writers := i.writers()
	i.Stop(old)
	i.writersReturn(writers, i.Elected(old, time.Second), handOverGap, 0)
}

// tilt puts Sentinels into TILT mode, by making them mistrust every turn of their
// clock, until right ends it.
func (i *instance) tilt(sentinels ...*lab.Process) {
	i.T.Helper()
	i.mode(":1", "1", sentinels)
}

// right ends TILT mode, with Redis' own limit.
func (i *instance) right(sentinels ...*lab.Process) {
	i.T.Helper()
	i.mode(":0", "2000", sentinels)
}

func (i *instance) mode(tilt, trigger string, sentinels []*lab.Process) {
	i.T.Helper()
	for _, s := range sentinels {
		i.TellAsPeer(s, "SENTINEL", "DEBUG", "TILT-PERIOD", "1000", "TILT-TRIGGER", trigger)
	}
	for _, s := range sentinels {
		i.Eventually(5*time.Second, func() string {
			if state := fmt.Sprint(i.Tell(s, "INFO", "sentinel")); !strings.Contains(state, "sentinel_tilt"+tilt) {
				return state
			}
			return ""
		})
	}
}

// Somebody else's failover does not become a second one.
func TestFailoverUnderWay(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	i.Tell(i.Sentinels[1], "SENTINEL", "FAILOVER", lab.MasterName)
	i.Stop(old)
	i.Elected(old, time.Second)
	require.Equal(t, 1, i.promotions())
}

// The operator's SENTINEL RESET makes Sentinels forget who could take over.
func TestHandOverAfterReset(t *testing.T) {
	t.Parallel()
	i := running(t)
	writers := i.writers()
	old := i.Redis[0]
	for _, s := range i.Sentinels {
		i.Tell(s, "SENTINEL", "RESET", "*")
	}
	i.Stop(old)
	i.writersReturn(writers, i.Elected(old, time.Second), handOverGap, 0)
}

// A Sentinel that has just been reset knows neither the others nor a replica, and
// the Service hands out such ones before and after the one that can act: what they
// say must not let writes in while that one promotes a replica.
func TestHandOverWhileResetReachesSome(t *testing.T) {
	t.Parallel()
	i := running(t)
	able := i.Sentinels[2]
	i.Service.Backends.Store(&[]*lab.Process{i.Sentinels[0], i.Sentinels[1], able})
	writers := i.writers()
	old := i.Redis[0]
	for _, s := range i.Sentinels[:2] {
		i.Tell(s, "SENTINEL", "RESET", "*")
	}
	i.Stop(old)
	i.writersReturn(writers, i.Elected(old, time.Second), handOverGap, 0)
	require.Equal(t, 1, i.promotions())
}

// The replicas have much to catch up with when the master is to stop.
func TestReplicasThatLag(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	for _, p := range i.Redis[1:] {
		p.Signal(syscall.SIGSTOP)
	}
	client := i.Client(old, lab.RedisPort)
	defer func() { _ = client.Close() }()
	value := strings.Repeat("x", 10_000)
	const keys = 3000
	_, err := client.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for n := range keys {
			p.Set(t.Context(), fmt.Sprint("key ", n), value, 0)
		}
		return nil
	})
	require.NoError(t, err)
	time.AfterFunc(time.Second, func() {
		for _, p := range i.Redis[1:] {
			p.Signal(syscall.SIGCONT)
		}
	})
	i.Stop(old)
	require.EqualValues(t, keys, i.Do(i.Elected(old, time.Second), "DBSIZE"))
}

// longestWait writes the same key until it is told to stop; the result is the
// longest time without a write.
func (i *instance) longestWait(p *lab.Process) (stop func() time.Duration) {
	client := i.Client(p, lab.RedisPort)
	var longest time.Duration
	ctx, cancel := context.WithCancel(i.T.Context())
	var done sync.WaitGroup
	done.Go(func() {
		latest := time.Now()
		for ctx.Err() == nil {
			if client.Set(ctx, "key", "value", 0).Err() == nil {
				longest = max(longest, time.Since(latest))
				latest = time.Now()
			}
			time.Sleep(5 * time.Millisecond)
		}
		longest = max(longest, time.Since(latest))
		_ = client.Close()
	})
	return func() time.Duration {
		cancel()
		done.Wait()
		return longest
	}
}
