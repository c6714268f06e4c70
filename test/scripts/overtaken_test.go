package scripts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// A script that others have overtaken while it was frozen, or slow, must not undo what
// they have done.

// electedSince is an epoch that somebody else has won.
const electedSince = 50

// elects is shell by which somebody else has all Sentinels name the Redis that a redis-cli
// speaks to, as a vote at electedSince would. What ends that redis-cli in time does not end
// this.
func (i *instance) elects() string {
	i.T.Helper()
	var shell strings.Builder
	fmt.Fprintf(&shell, "trap '' TERM\nredis-cli -h $2 -p %s REPLICAOF NO ONE >/dev/null\n", lab.RedisPort)
	for n, s := range i.Sentinels {
		peer := i.Sentinels[(n+1)%len(i.Sentinels)]
		fmt.Fprintf(&shell, "REDISCLI_AUTH=$(cat $USERS/sentinel-password 2>/dev/null) redis-cli --user sentinel-user -h %s -p %s PUBLISH __sentinel__:hello %s,%s,%v,%d,%s,$2,%s,%d >/dev/null 2>&1\n",
			s.IP, lab.SentinelPort, peer.IP, lab.SentinelPort, i.Tell(peer, "SENTINEL", "MYID"), electedSince, lab.MasterName, lab.RedisPort, electedSince)
	}
	return shell.String()
}

// A Pod is frozen while it promotes its successor. When it wakes, somebody else has made
// that one master: it stays that.
func TestFrozenWhilePromoting(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	reached := i.Intercept(old, lab.Step{
		Command: promoted.command,
		Before:  "kill -STOP $MAIN_PROCESS\n" + i.elects() + "sleep 4\nkill -CONT $MAIN_PROCESS\n", // it holds writes for 5 s
	})
	writers := i.writers()
	i.Stop(old)
	require.True(t, reached())
	master := i.Elected(old, time.Second)
	follows := writers[0]
	require.Zero(t, i.finish(follows, master))
	require.LessOrEqual(t, follows.gap, lab.Slack*handOverGap)
	require.Equal(t, 1, i.promotions())
	i.finish(writers[1], master)
}

// Somebody else makes a third Redis master while the script has yet to see that all
// Sentinels name its own. It does not wait for that.
func TestOvertakenWhileTelling(t *testing.T) {
	t.Parallel()
	i := running(t)
	old := i.Redis[0]
	follow := "redis-cli -h $6 -p " + lab.RedisPort + " REPLICAOF $2 " + lab.RedisPort + " >/dev/null\n"
	reached := i.Intercept(old, lab.Step{Command: `*" REPLICAOF 127."*`, After: i.elects() + follow})
	begin := time.Now()
	const patience = 30 * time.Second
	require.NoError(t, i.Hook(old, fmt.Sprint(patience.Seconds())))
	require.True(t, reached())
	require.Less(t, time.Since(begin), patience/2)
	master := i.Elected(old, time.Second)
	require.Contains(t, i.Logged(old), "stop.sh: handed over to "+master.IP)
	require.Equal(t, 2, i.promotions())
}

// A successor's Pod is frozen while it waits for the old master, which is frozen, too. That
// wakes, is made master again, and stays so when the other one wakes.
func TestDemotionIsOvertaken(t *testing.T) {
	t.Parallel()
	i, old := parented(t)
	for _, p := range i.Redis {
		if p != old {
			p.Signal(syscall.SIGKILL) // so that the two have nobody else
			break
		}
	}
	old.Signal(syscall.SIGSTOP)
	successor := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
	i.listens(successor, len(i.Sentinels)+2) // and waits for nothing but the old master
	i.Eventually(10*time.Second, func() string {
		if !successor.Runs("sleep", "1") {
			return "its watcher does not wait"
		}
		return ""
	})
	successor.Signal(syscall.SIGSTOP)
	old.Signal(syscall.SIGCONT)
	require.Equal(t, old, i.Elected(successor, 2*lab.Detection+2500*time.Millisecond+i.ElectionTimeout()))
	told := strings.Count(i.Logged(old), "REPLICAOF "+successor.IP)
	successor.Signal(syscall.SIGCONT)
	i.reaches(successor, 10*time.Second, lab.ReplicaOf(old))
	require.Equal(t, "master", i.Role(old))
	require.Equal(t, told, strings.Count(i.Logged(old), "REPLICAOF "+successor.IP))
}

// A second master falls silent before the third Pod has heard that it is one. That Pod, whose
// Redis is the next master, has it follow when it wakes, before a Sentinel does.
func TestTwoMastersFallSilent(t *testing.T) {
	t.Parallel()
	i, first := parented(t)
	third := i.Redis[0]
	i.Do(third, "CONFIG", "SET", "replica-priority", "200")
	i.Intercept(third, lab.Step{ // until it is master, its watcher gets no answer to whom it follows
		Command: fmt.Sprintf(`*"-h %s "*" ROLE "`, third.IP),
		Before:  "until [ -e \"$reached/done\" ]; do sleep 0.01; done",
	})
	first.Signal(syscall.SIGSTOP)
	second := i.Elected(first, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
	second.Beside(syscall.SIGKILL)
	second.Signal(syscall.SIGSTOP)
	i.reaches(third, lab.Detection+2500*time.Millisecond+2*i.ElectionTimeout(), "master")
	answered := filepath.Join(third.Dir, "reached")
	require.NoError(t, os.MkdirAll(answered, 0o755)) // it may have yet to ask
	i.Write(filepath.Join(answered, "done"), "", 0o644)
	i.says("elected by the Sentinels as successor of " + second.IP)
	second.Signal(syscall.SIGCONT)
	i.reaches(second, sentinelDemotes/lab.Slack, lab.ReplicaOf(third))
	first.Signal(syscall.SIGCONT)
	i.Settled(third)
}

// Without a majority one Sentinel is asked to fail over. Replicas that are slow to come level
// do not have that happen when writes go on again, while the script waits for those
// Sentinels that are silent.
func TestWritesAreHeldUntilSentinelActs(t *testing.T) {
	t.Parallel()
	i := running(t, func(i *instance) { i.Detection = 20 * time.Second })
	old, one, other := i.Redis[0], i.Redis[1], i.Redis[2]
	all, left := i.Sentinels, i.Sentinels[:1]
	for _, s := range i.Sentinels[1:] {
		s.Signal(syscall.SIGSTOP)
	}
	i.Service.Backends.Store(&left)
	thaw := func(p *lab.Process, after string) string {
		return fmt.Sprintf("kill -STOP %s; (trap '' TERM; sleep %s; kill -CONT %s) >/dev/null 2>&1 &\n", p.PID(), after, p.PID())
	}
	reached := i.Intercept(old, lab.Step{
		Command: fmt.Sprintf(`*"-h %s "*" ROLE "|*"-h %s "*" ROLE "`, one.IP, other.IP),
		Before: fmt.Sprintf("if [ $2 = %s ]; then\n%s%selse\n%s%sfi\n", one.IP,
			thaw(one, "2.5"), thaw(other, "5.2"), thaw(other, "2.5"), thaw(one, "5.2")),
	})
	writers := i.writers()
	i.Stop(old)
	require.True(t, reached())
	i.Sentinels = left
	defer func() { i.Sentinels = all }()
	i.writersReturn(writers, i.Elected(old, time.Second), 5*time.Second+handOverGap, 0)
	require.Equal(t, 1, i.promotions())
	require.Contains(t, i.Logged(left[0]), "user requested FAILOVER")
}
