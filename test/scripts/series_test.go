//go:build bench

package scripts

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestSeries has masters end in a row under load, each time another one. It is the reason for
// the table of docs/benchmarks.md:
//
//	scripts/bench.sh series
func TestSeries(t *testing.T) {
	rows := []string{"the master, in a row | led by a Pod | p50 | p95 | at most | acknowledged | lost"}
	for _, series := range []struct {
		name  string
		times int
		end   func(*instance, *lab.Process)
		kills int // that a writer may lose a write in, each time
	}{
		{"moves", 100, func(i *instance, p *lab.Process) { i.Stop(p) }, 0},
		{"has its Redis killed", 20, func(_ *instance, p *lab.Process) { p.Crash() }, 1},
		{"has its container killed", 20, func(_ *instance, p *lab.Process) { p.Signal(syscall.SIGKILL) }, 1},
	} {
		t.Run(series.name, func(t *testing.T) {
			i, master := parented(t)
			var gaps []time.Duration
			acknowledged, lost := 0, 0
			for range series.times {
				writers := i.writers()
				series.end(i, master)
				next := i.Elected(master, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
				for _, w := range writers {
					lost += i.finish(w, next)
					acknowledged += len(w.acked)
					gaps = append(gaps, w.gap)
				}
				i.Restart(master)
				i.Settled(next)
				i.watched(next)
				master = next
			}
			slices.Sort(gaps)
			at := func(percent int) string { // nearest rank
				return fmt.Sprintf("%.2f s", gaps[(len(gaps)*percent+99)/100-1].Seconds())
			}
			led := i.said("handed over to") + i.said(": replaced by") - 1 // the lab's own
			rows = append(rows, fmt.Sprintf("%s %d times | %d | %s | %s | %s | %d | %d", series.name, series.times, led, at(50), at(95), at(100), acknowledged, lost))
			require.LessOrEqual(t, lost, series.kills*len(gaps))
		})
	}
	t.Log(strings.Join(rows, "\n"))
}
