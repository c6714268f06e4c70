//go:build e2e && full

package e2e

import (
	"fmt"
	"maps"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

const (
	// outage is how long a node is gone, the network is cut, and the operator
	// is away.
	outage = 30 * time.Second
	// anything is no promise of what is kept.
	anything = math.MaxInt

	handOvers = 20
	// perHandOver is what each takes until all is whole again, on average.
	perHandOver = time.Minute

	// A master stalls longer than the detection takes, and goes on just when another one
	// is made master.
	stalls, shortStall = 10, 3 * time.Second
	// perStall is what each takes until all is whole again, on average.
	perStall = 20 * time.Second
)

// These follow the five of every commit, the loss of all data last.
func init() {
	faults = append(faults,
		fault{
			name: "container-killed", label: "all in the master's container killed", writing: 50 * time.Second,
			prepare: each(killContainer), gap: detection + 2500*time.Millisecond, change: time.Second, mayLose: inFlight, control: waitsLong,
		},
		fault{
			name: "killed-no-operator", label: "master killed while the operator is away", over: "the operator is back",
			writing: outage + 20*time.Second, prepare: withoutOperator(each(kill)),
			gap: detection + 2500*time.Millisecond, mayLose: inFlight, control: waitsLong,
		},
		fault{
			name: "deleted-no-operator", label: "master's Pod deleted while the operator is away", over: "the operator is back",
			writing: outage + 20*time.Second, prepare: withoutOperator(each(deleteGracefully)),
			gap: 2 * time.Second, control: losesWrites,
		},
		fault{
			name: "deleted-one-sentinel", label: "master's Pod deleted, one Sentinel left", over: "the operator is back",
			writing: outage + 60*time.Second, prepare: withOneSentinel(each(deleteGracefully)),
			gap: 2 * time.Second, control: losesWrites,
		},
		fault{
			name: "node-lost", label: "master's node lost", over: "the node is back", writing: outage + 20*time.Second,
			before: shareNode, prepare: loseNode, gap: detection + 4*time.Second, mayLose: inFlight,
		},
		fault{
			name: "partitioned", label: "master cut off from all but its clients", over: "the network is whole", writing: outage + 20*time.Second,
			// Who keeps the connection writes to the master that is cut off, and loses that.
			prepare: each(cutOff), gap: outage + detection + 4*time.Second, mayLose: anything,
		},
		fault{
			name: "sentinel-lost", label: "one Sentinel lost", writing: 20 * time.Second,
			prepare: each(loseSentinels(1)), gap: 2 * time.Second,
		},
		fault{
			name: "sentinels-lost", label: "two Sentinels lost", writing: 20 * time.Second,
			prepare: each(loseSentinels(2)), gap: 2 * time.Second,
		},
		fault{
			name: "killed-twice", label: "master killed, then the next one", over: "the next one is killed", writing: 50 * time.Second,
			prepare: each(killTwice), gap: detection + 2500*time.Millisecond, mayLose: 2 * inFlight, control: waitsLong,
		},
		fault{
			name: "rolling-update", label: "all Pods are updated", over: "the update is through", writing: 200 * time.Second,
			prepare: each(update), gap: 2 * time.Second, control: losesWrites,
		},
		fault{
			name: "drained-in-turn", label: "all nodes are drained in turn", over: "all are back", writing: 240 * time.Second,
			prepare: each(drainInTurn), gap: 2 * time.Second,
		},
		fault{
			name: "all-killed", label: "all Redis killed", writing: 60 * time.Second,
			prepare: each(killAll), gap: wholeWithin, mayLose: anything,
		},
		fault{
			name: "all-deleted", label: "all Redis Pods deleted by force", writing: 60 * time.Second,
			prepare: each(deleteAll), gap: wholeWithin, mayLose: anything,
		},
	)
}

// TestFailoverUnderOlderOperator repeats every commit's faults with the other
// version of the operator.
func TestFailoverUnderOlderOperator(t *testing.T) {
	useOlderOperator(t)
	putThrough(t, framework.Install(t, framework.Release{Name: "e2e-older", Values: map[string]string{"flavour": `"spotahome-1.2"`}}), ofEachCommit("older"))
}

// TestFailoverOfOtherServers repeats them with the other servers that docs/versions.md has.
func TestFailoverOfOtherServers(t *testing.T) {
	for name, image := range map[string]string{"redis-8": "library/redis:8.0.6", "valkey-9": "valkey/valkey:9.1.3"} {
		t.Run(name, func(t *testing.T) {
			release := framework.Release{Name: "e2e-" + name, Values: map[string]string{"image": `"tenant-redis.local/` + image + `"`}}
			putThrough(t, framework.Install(t, release), ofEachCommit(name))
		})
	}
}

// ofEachCommit are the faults of every commit, for others to go through.
func ofEachCommit(whose string) []fault {
	var repeated []fault
	for _, f := range faults[:5] {
		f.name = whose + "-" + f.name
		repeated = append(repeated, f)
	}
	return repeated
}

// TestRotationUnderOlderOperator repeats every commit's change of passwords, the tenant's
// user's among them.
func TestRotationUnderOlderOperator(t *testing.T) {
	useOlderOperator(t)
	values := maps.Clone(bounded)
	values["flavour"] = `"spotahome-1.2"`
	checkRotation(t, framework.Install(t, framework.Release{Name: "e2e-older-rotation", Values: values}), "1")
}

// TestTenantUser gives a running instance a user for its tenant, and changes that one's
// password. Its clients are not refused on the way, whichever Secret they have read.
func TestTenantUser(t *testing.T) {
	i := framework.Install(t, framework.Release{Name: "e2e-user"})
	i.AwaitServing(t)
	before, pods := passwordOf(t, i), uids(t, i)
	bounded := framework.Release{Name: i.Name, Values: map[string]string{"auth.tenantUser": `"app"`}}
	old := i.StartLedger(t, "default", 4*time.Minute, 2)
	old.AwaitReady(t)
	i.Upgrade(t, framework.Path("charts/tenant-redis"), bounded)
	require.Equal(t, before, passwordOf(t, i), "the tenant's Secret stays until every Redis knows the user")
	require.Empty(t, userOf(t, i))
	said, err := tryRotate(t, i)
	require.Error(t, err, "the tenant would get a new password of default")
	require.Contains(t, said, "does not name the tenant's user yet")
	require.Equal(t, before, passwordOf(t, i))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		for name, uid := range uids(t, i) {
			assert.NotEqual(c, pods[name], uid)
		}
	}, 5*time.Minute, time.Second)
	i.AwaitServing(t)
	i.Upgrade(t, framework.Path("charts/tenant-redis"), bounded)
	require.Equal(t, "app", userOf(t, i))
	require.NotEqual(t, before, passwordOf(t, i))
	old.Enough(t)
	for _, account := range accounts(t, "default", old) {
		require.Zero(t, account.Lost)
	}
	for command, answer := range map[string]string{"PING": "PONG", "CONFIG GET requirepass": "NOPERM", "REPLICAOF NO ONE": "NOPERM", "PUBLISH __sentinel__:hello x": "NOPERM"} {
		require.Contains(t, asTenant(t, i, passwordOf(t, i), command), answer, command)
	}
	checkRotation(t, i, "3")
}

// TestShortStalls has a master stall that comes back while it is being replaced, again and
// again: it is no second master that takes writes. Each writer may lose what it had in
// flight, and the next write: test/scripts says why, and has the control. The operator's
// defaults wait longer than that, so that they replace nobody.
func TestShortStalls(t *testing.T) {
	release := framework.Release{Name: "e2e-stalls", Values: map[string]string{"redis.memory": `"1Gi"`}}
	s := &side{name: "tuned", instance: framework.Install(t, release), tuned: true}
	fault{
		name: "stalled", label: fmt.Sprintf("master frozen for %s, %d times", shortStall, stalls), over: "the last one goes on",
		writing: stalls * perStall, prepare: each(stallRepeatedly), gap: detection + 4*time.Second, mayLose: 2 * stalls * inFlight,
	}.run(t, []*side{s})
}

// TestSoak hands the master over again and again.
func TestSoak(t *testing.T) {
	// Nothing may be evicted of what is written in all that time.
	release := framework.Release{Name: "e2e-soak", Values: map[string]string{"redis.memory": `"1Gi"`}}
	s := &side{name: "tuned", instance: framework.Install(t, release), tuned: true}
	fault{
		name: "soak", label: fmt.Sprintf("master's Pod deleted %d times", handOvers), over: "the last hand-over",
		writing: handOvers * perHandOver, prepare: each(handOverRepeatedly), gap: 2 * time.Second,
	}.run(t, []*side{s})
}
