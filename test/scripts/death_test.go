package scripts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// step is a moment of a hand-over at which the script dies: before a command of it,
// or after the command that makes the step.
type step struct {
	name, command string
	before        bool
}

var (
	elected     = step{"an epoch is won", `*"REPLICAOF NO ONE"*`, true}
	won         = step{"an epoch is won", `*"CLIENT PAUSE 5000"*`, true}
	held        = step{"writes are held", `*"CLIENT PAUSE 5000"*`, false}
	promoted    = step{"the successor is promoted", `*"REPLICAOF NO ONE"*`, false}
	steppedDown = step{"the old master is a replica", `*"CLIENT PAUSE 20000"*`, false}
	toldOne     = step{"one Sentinel is told", "*PUBLISH*", false}
	toldAll     = step{"all are told", `*" CLIENT UNPAUSE"*`, true}
	released    = step{"writes are released", `*" CLIENT UNPAUSE"*`, false}
)

const (
	// backAfter is within what clients write again when nobody is left to lead but
	// the Sentinels: they wait twice their failover-timeout after a vote, and need a
	// second.
	backAfter = 13 * time.Second
	// noise is what a busy machine adds, and the lab's young connections: a Sentinel
	// renews one that is silent when that is 15 s old, and then waits for it anew.
	noise = 5 * time.Second
)

// A script that dies in a hand-over, with or without its Redis, leaves it to the Sentinels,
// or to the successor's Pod, if that is the only master. The steps at which it hurts most; all
// are in the full suite.
func TestScriptDies(t *testing.T) {
	i := &deaths{T: t}
	t.Run("after", func(t *testing.T) {
		i.each(t, lab.Die, won, promoted, steppedDown, toldOne)
		i.each(t, lab.DieWithRedis, promoted, steppedDown)
		i.eachLeader(t, "start.sh", promoted, toldOne)
	})
	i.table()
}

// deaths collects what they cost.
type deaths struct {
	*testing.T
	mu   sync.Mutex
	rows []string
}

// table prints a row for each.
func (d *deaths) table() {
	slices.Sort(d.rows)
	d.Log("the script dies after | with Redis | follows Sentinel, longest gap | stays connected | lost\n" + strings.Join(d.rows, "\n"))
}

// each has the script die after steps, at the same time each in an instance of its own.
func (d *deaths) each(t *testing.T, die string, steps ...step) {
	t.Helper()
	for _, step := range steps {
		t.Run(fmt.Sprintf("%s, Redis dies: %t", step.name, die != lab.Die), func(t *testing.T) {
			t.Parallel()
			row := dies(t, step, die)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.rows = append(d.rows, row)
		})
	}
}

// dies returns the row of one death.
func dies(t *testing.T, step step, die string) string {
	t.Helper()
	i, old := parented(t)
	writers := i.writers()
	at := lab.Step{Command: step.command, After: die}
	if step.before {
		at = lab.Step{Command: step.command, Before: die}
	}
	reached := i.Intercept(old, at)
	kills, promise := 0, backAfter
	if die == lab.DieWithRedis {
		kills = 1
	}
	carriedOn := step == steppedDown || step == promoted && kills > 0
	if carriedOn {
		promise = goneGap
	}
	require.Error(t, i.Hook(old))
	require.True(t, reached())
	row, lost := i.cost(writers, step.name, strconv.FormatBool(kills > 0))
	require.LessOrEqual(t, lost, kills*len(writers))
	const says = "announced, since who has promoted this Redis has not"
	switch {
	case carriedOn:
		i.says(says)
	case step == won || step == held || step == promoted:
		require.Zero(t, i.said(says))
	}
	for _, w := range writers {
		require.Less(t, w.gap, promise+noise)
	}
	return row
}

// eachLeader has the Pod die that leads without a hand-over: by start.sh, that of a master
// whose Redis has ended, or by watch.sh, a replica's after a master whose container is gone.
func (d *deaths) eachLeader(t *testing.T, script string, steps ...step) {
	t.Helper()
	for _, step := range steps {
		t.Run(fmt.Sprintf("%s, the Pod of %s dies", step.name, script), func(t *testing.T) {
			t.Parallel()
			row := leaderDies(t, step, script)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.rows = append(d.rows, row)
		})
	}
}

// leaderDies returns the row of one such death.
func leaderDies(t *testing.T, step step, script string) string {
	t.Helper()
	own := script == "start.sh"
	i, old := parented(t, func(i *instance) {
		if !own {
			i.Detection = 2 * lab.Detection // or the Sentinels might act first
		}
	})
	writers := i.writers()
	const dies = `touch "$reached/dead"; sleep 60` // until the Pod does
	at := lab.Step{Command: step.command, After: dies}
	if step.before {
		at = lab.Step{Command: step.command, Before: dies}
	}
	var watched []*lab.Process
	for _, p := range i.Redis {
		if (p == old) == own {
			i.Intercept(p, at)
			watched = append(watched, p)
		}
	}
	if own {
		old.Single(syscall.SIGKILL)
	} else {
		old.Signal(syscall.SIGKILL)
	}
	var leader *lab.Process
	i.Eventually(5*time.Second, func() string {
		for _, p := range watched {
			if _, err := os.Stat(filepath.Join(p.Dir, "reached", "dead")); err == nil {
				leader = p
				return ""
			}
		}
		return "nobody gets there"
	})
	for _, p := range watched {
		require.NoError(t, os.Remove(filepath.Join(p.Dir, "redis-cli")))
	}
	leader.Signal(syscall.SIGKILL)
	row, lost := i.cost(writers, step.name, "the Pod of "+script)
	require.LessOrEqual(t, lost, len(writers)) // what the old master had in flight
	// Twice the failover-timeout, a second, and another detection if the next master dies.
	promise := 2*i.ElectionTimeout() + time.Second + i.Detection
	if own && !step.before {
		promise = goneGap
	}
	for _, w := range writers {
		require.Less(t, w.gap, promise+noise)
	}
	return row
}

// cost waits until there is one master again, and returns the row of a death that begins with
// these cells, and how many acknowledged writes that master does not have.
func (i *instance) cost(writers []*writer, cells ...string) (row string, lost int) {
	i.T.Helper()
	for _, w := range writers {
		i.writesAgain(w)
	}
	master := i.onlyMaster()
	for _, w := range writers {
		lost += i.finish(w, master)
		cells = append(cells, fmt.Sprintf("%.2f s", w.gap.Seconds()))
	}
	row = strings.Join(append(cells, strconv.Itoa(lost)), " | ")
	i.T.Log(row)
	return row, lost
}

// writesAgain waits until a writer does.
func (i *instance) writesAgain(w *writer) {
	i.T.Helper()
	enough := w.count.Load() + 50
	i.Eventually(backAfter, func() string {
		if w.count.Load() < enough {
			return "a writer that " + w.name + " cannot write"
		}
		return ""
	})
}

// onlyMaster waits until all Sentinels name one Redis, and no other says that it is
// master.
func (i *instance) onlyMaster() *lab.Process {
	i.T.Helper()
	var master *lab.Process
	i.Eventually(10*time.Second, func() string {
		master = nil
		for _, p := range i.Redis {
			switch {
			case i.Role(p) != "master":
			case master != nil:
				return fmt.Sprintf("%s and %s are masters", master.IP, p.IP)
			default:
				master = p
			}
		}
		if master == nil {
			return "there is no master"
		}
		for _, s := range i.Sentinels {
			if named := i.Named(s); named != master.IP {
				return fmt.Sprintf("%s names %s, %s is master", s.IP, named, master.IP)
			}
		}
		return ""
	})
	return master
}
