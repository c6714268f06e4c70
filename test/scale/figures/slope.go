package figures

import (
	"fmt"
	"slices"
	"strings"
)

// slope is how a pass grows with the instances of one setting: measured, and as the
// formula in docs/scale.md says.
type slope struct {
	rows []Row
	// workers, queries and cpus are what each of these makes of it, in seconds an
	// instance; measured is that of the straight line through all passes.
	workers, queries, cpus, measured float64
}

func (s slope) formula() float64 { return max(s.workers, s.queries, s.cpus) }

// series are the rows that differ by their instances alone, if they are more than one.
func series(rows []Row) [][]Row {
	var all [][]Row
	for _, row := range rows {
		at := slices.IndexFunc(all, func(s []Row) bool { return s[0].sized(0) == row.sized(0) })
		if at < 0 {
			all = append(all, nil)
			at = len(all) - 1
		}
		all[at] = append(all[at], row)
	}
	return slices.DeleteFunc(all, func(s []Row) bool { return len(s) < 2 })
}

// sized is the setting with another number of instances.
func (s Setting) sized(instances int) Setting {
	s.Instances = instances
	return s
}

// slopes are those of all series. What a reconcile takes by itself is the least of all
// rows: in the others reconciles wait for each other, too.
func slopes(rows []Row) []slope {
	var all []slope
	for _, s := range series(rows) {
		setting, last := s[0].Setting, s[len(s)-1]
		alone := slices.MinFunc(slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
			return r.Operator != setting.Operator || r.Delay != setting.Delay || r.Silent != setting.Silent
		}), func(a, b Row) int {
			if a.Reconcile < b.Reconcile {
				return -1
			}
			return 1
		})
		shards := float64(setting.Shards)
		all = append(all, slope{
			rows:     s,
			workers:  alone.Reconcile / shards / float64(setting.Workers),
			queries:  last.Calls / shards / float64(setting.Queries),
			cpus:     last.CPU.Sum() / float64(last.Cores),
			measured: fit(s),
		})
	}
	return all
}

// fit is the slope of the straight line that is the nearest to all passes.
func fit(rows []Row) float64 {
	n := float64(len(rows))
	var x, y, xx, xy float64
	for _, r := range rows {
		size := float64(r.Instances)
		x, y, xx, xy = x+size, y+r.Pass, xx+size*size, xy+size*r.Pass
	}
	return (n*xy - x*y) / (n*xx - x*x)
}

// formulas is the table of the formula and of what was measured.
func formulas(rows []Row) string {
	var out strings.Builder
	out.WriteString("| operator | operators × workers | calls/s allowed | s / workers | c / queries | p / CPUs | formula: a pass takes N × | measured, up to |\n" +
		"|---|---|---|---|---|---|---|---|\n")
	for _, s := range slopes(rows) {
		last := s.rows[len(s.rows)-1]
		fmt.Fprintf(&out, "| %s | %d × %d | %s | %.3f s | %.3f s | %.3f s | %.3f s | %.3f s, %s |\n", last.Operator, last.Shards, last.Workers, grouped(last.Queries),
			s.workers, s.queries, s.cpus, s.formula(), s.measured, grouped(last.Instances))
	}
	return out.String()
}
