// Package timeline shows what a fault looked like to clients: the writes over
// time, the gap, and what happened when.
package timeline

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// Kind tells what a mark stands for.
type Kind string

// The kinds of marks. The time axis counts from the first fault.
const (
	Fault  Kind = "fault"
	Switch Kind = "switch"
	Action Kind = "action"
)

// Mark is something that happened.
type Mark struct {
	At    time.Time `json:"at"`
	Kind  Kind      `json:"kind"`
	Label string    `json:"label"`
}

// Panel is one client's writes under one fault.
type Panel struct {
	// Title tells it from the other panels; what it shows is added to it.
	Title string
	// Account is from the ledger's report.
	Account ledger.Account
	// Marks are those of the same run, in any order.
	Marks []Mark
}

// Picture has panels above each other on one time axis, relative to the fault
// of each.
type Picture struct {
	Title  string
	Panels []Panel
}

// Validate names what cannot be drawn.
func (p Picture) Validate() error {
	if len(p.Panels) == 0 {
		return fmt.Errorf("picture %q has no panels", p.Title)
	}
	for _, panel := range p.Panels {
		if len(panel.Account.Buckets.Acknowledged) == 0 || panel.Account.Buckets.WidthMs <= 0 {
			return fmt.Errorf("panel %q has no buckets", panel.Title)
		}
		for _, mark := range panel.Marks {
			if mark.Kind != Fault && mark.Kind != Switch && mark.Kind != Action {
				return fmt.Errorf("panel %q: mark %q is of kind %q: must be %s, %s or %s",
					panel.Title, mark.Label, mark.Kind, Fault, Switch, Action)
			}
		}
	}
	return nil
}

// zero is the time of the first fault, or of the first bucket without one.
func (p Panel) zero() time.Time {
	var faults []time.Time
	for _, mark := range p.Marks {
		if mark.Kind == Fault {
			faults = append(faults, mark.At)
		}
	}
	if len(faults) == 0 {
		return time.UnixMilli(p.Account.Buckets.StartMs)
	}
	return slices.MinFunc(faults, time.Time.Compare)
}

// gap is the longest since zero.
func (p Panel) gap() ledger.Gap { return p.Account.GapAfter(p.zero()) }

// seconds is where a moment lies on the time axis.
func (p Panel) seconds(at time.Time) float64 { return at.Sub(p.zero()).Seconds() }

// end is where the panel's buckets end on the time axis.
func (p Panel) end() float64 {
	b := p.Account.Buckets
	return p.seconds(time.UnixMilli(b.StartMs + b.WidthMs*int64(len(b.Acknowledged))))
}

// result is what a client saw: how long it could not write, and what it lost.
func (p Panel) result() string {
	return fmt.Sprintf("%s without a write, %d lost", describe(p.gap()), p.Account.Lost)
}

// headline is the title with the result of each panel.
func (p Picture) headline() string {
	results := make([]string, len(p.Panels))
	for i, panel := range p.Panels {
		results[i] = panel.Title + " " + panel.result()
	}
	return p.Title + ": " + strings.Join(results, "; ")
}

// Shown before and after what is of interest, in seconds.
const (
	before = 1
	after  = 3
)

// window is the stretch of time in which something happens in any panel. It begins
// when all of them write: one that began later would seem to have had less to do.
func (p Picture) window() (from, to float64) {
	var interest, starts, ends []float64
	for _, panel := range p.Panels {
		starts = append(starts, panel.seconds(time.UnixMilli(panel.Account.Buckets.StartMs)))
		ends = append(ends, panel.end())
		gap := panel.gap()
		interest = append(interest, 0, panel.seconds(gap.From), panel.seconds(gap.To))
		for _, mark := range panel.Marks {
			interest = append(interest, panel.seconds(mark.At))
		}
	}
	from = max(slices.Min(interest)-before, min(slices.Max(starts), slices.Min(interest)))
	to = min(slices.Max(interest)+after, slices.Max(ends))
	return from, max(to, from+1)
}

// peak is the highest bucket of all panels, at least 1.
func (p Picture) peak() float64 {
	peak := 1
	for _, panel := range p.Panels {
		b := panel.Account.Buckets
		for i := range b.Acknowledged {
			peak = max(peak, b.Acknowledged[i], b.Failed[i]+b.Unknown[i])
		}
	}
	return float64(peak)
}

// WriteTable writes the picture's figures, one row per panel.
func (p Picture) WriteTable(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tacknowledged\tlost\tlongest gap\tfirst success after the fault")
	for _, panel := range p.Panels {
		account := panel.Account
		success := "never"
		if first, recovered := account.Recovery(panel.zero()); recovered {
			success = fmt.Sprintf("%.2f s", first.Seconds())
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\n", panel.Title, account.Acknowledged, account.Lost, describe(panel.gap()), success)
	}
	return table.Flush()
}
