package scripts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// pass is what the operator may do in one, as shell, for an instance with this master
// and a replica that takes over or not.
type pass struct {
	name string
	does func(i *instance, master *lab.Process) string
}

var (
	// It has counted too many Sentinels or replicas.
	resets = pass{"SENTINEL RESET", func(i *instance, _ *lab.Process) string {
		return i.toSentinels("SENTINEL RESET '*'")
	}}
	// It found Sentinels that name another master.
	monitorsOld = pass{"MONITOR of the old master", func(i *instance, old *lab.Process) string {
		return i.monitors(old)
	}}
	// It has found this master before, and that a replica follows another.
	slavesOld = pass{"SLAVEOF to the old master", func(i *instance, old *lab.Process) string {
		var shell strings.Builder
		for _, p := range i.Redis {
			if p != old {
				fmt.Fprintf(&shell, "redis-cli -h %s -p %s SLAVEOF %s %s >/dev/null\n", p.IP, lab.RedisPort, old.IP, lab.RedisPort)
			}
		}
		return shell.String()
	}}
)

// toSentinels is shell that tells all of them something.
func (i *instance) toSentinels(command string) string {
	var shell strings.Builder
	for _, s := range i.Sentinels {
		fmt.Fprintf(&shell, "redis-cli -h %s -p %s %s >/dev/null\n", s.IP, lab.SentinelPort, command)
	}
	return shell.String()
}

func (i *instance) monitors(master *lab.Process) string {
	return i.toSentinels("SENTINEL REMOVE "+lab.MasterName) +
		i.toSentinels(fmt.Sprintf("SENTINEL MONITOR %s %s %s 2", lab.MasterName, master.IP, lab.RedisPort)) +
		i.toSentinels(fmt.Sprintf("SENTINEL SET %s down-after-milliseconds %d failover-timeout %d", lab.MasterName, lab.Detection.Milliseconds(), i.ElectionTimeout().Milliseconds()))
}

// The operator's pass may come at any moment of a hand-over, and goes by what it has seen
// before: nothing is lost, and one master is left.
func TestOperatorsPass(t *testing.T) {
	t.Run("at", func(t *testing.T) {
		for _, p := range []pass{resets, monitorsOld, slavesOld} {
			for _, s := range []step{won, held, promoted, steppedDown, toldOne, toldAll, released} {
				// Until its pause ends the old master takes nothing from the successor, which
				// loses what it has acknowledged if it follows that again: docs/limits.md.
				if p.name != slavesOld.name || s != toldAll {
					passes(t, p, s)
				}
			}
		}
	})
}

// passes has the operator's pass at a step.
func passes(t *testing.T, pass pass, step step) {
	t.Helper()
	t.Run(pass.name+", when "+step.name, func(t *testing.T) {
		t.Parallel()
		i, old := parented(t)
		// What ends a redis-cli in time does not end this.
		at := lab.Step{Command: step.command, After: "trap '' TERM\n" + pass.does(i, old)}
		if step.before {
			at = lab.Step{Command: step.command, Before: at.After}
		}
		writers := i.writers()
		reached := i.Intercept(old, at)
		begin := time.Now()
		i.Stop(old)
		took := time.Since(begin)
		if !reached() {
			t.Fatal("the step is not reached")
		}
		master := i.Elected(old, 5*time.Second)
		i.writersReturn(writers, master, operatorGap, 0)
		t.Logf("stop.sh took %d ms", took.Milliseconds())
		i.Restart(old)
		i.Settled(master)
	})
}

// operatorGap is what a hand-over may cost in which the operator takes a hand: a
// Sentinel that it has reset knows its peers again two seconds later.
const operatorGap = 3 * time.Second
