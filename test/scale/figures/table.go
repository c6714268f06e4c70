package figures

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// column is one of a table.
type column struct {
	name string
	cell func(Row) string
}

func number(format string, of func(Row) float64) func(Row) string {
	return func(r Row) string { return fmt.Sprintf(format, of(r)) }
}

// setting are the columns that say what was measured.
var setting = []column{
	{"operator", func(r Row) string { return r.Operator }},
	{"instances", func(r Row) string { return grouped(r.Instances) }},
	{"operators × workers", func(r Row) string { return fmt.Sprintf("%d × %d", r.Shards, r.Workers) }},
	{"calls/s allowed", func(r Row) string { return grouped(r.Queries) }},
}

// speed are how quick an operator is.
var speed = []column{
	{"pass over all", number("%.1f s", func(r Row) float64 { return r.Pass })},
	{"one reconcile", number("%.2f s", func(r Row) float64 { return r.Reconcile })},
	{"wait", number("%.1f s", func(r Row) float64 { return r.Wait })},
	{"between two", number("%.0f s", func(r Row) float64 { return r.Between })},
	{"repaired, median", number("%.0f s", func(r Row) float64 { return r.Repaired(0.5) })},
	{"95 %", number("%.0f s", func(r Row) float64 { return r.Repaired(0.95) })},
}

// cost are what it takes.
var cost = []column{
	{"calls", number("%.1f", func(r Row) float64 { return r.Calls })},
	{"requests/s: GET", verb("GET")},
	{"PUT", verb("PUT")},
	{"LIST", verb("LIST")},
	{"others", number("%.0f", func(r Row) float64 { return r.Requests["POST"] + r.Requests["PATCH"] + r.Requests["DELETE"] })},
	{"operator: CPUs", number("%.2f", func(r Row) float64 { return r.CPUs.Operator })},
	{"MiB", number("%.0f", func(r Row) float64 { return r.MiB.Operator })},
	{"API server: CPUs", number("%.2f", func(r Row) float64 { return r.CPUs.API })},
	{"MiB", number("%.0f", func(r Row) float64 { return r.MiB.API })},
	{"a list", number("%.0f KiB", func(r Row) float64 { return r.List })},
	{"that of all", number("%.0f KiB", func(r Row) float64 { return r.All })},
	{"watches", number("%.1f KiB/s", func(r Row) float64 { return r.Watch })},
	{"series of an instance", number("%.0f", func(r Row) float64 { return r.Series })},
}

func verb(name string) func(Row) string {
	return number("%.0f", func(r Row) float64 { return r.Requests[name] })
}

// silent are the columns that say how many instances have a Redis that answers nothing.
var silent = []column{
	{"instances with a silent Redis", func(r Row) string { return fmt.Sprintf("%d of %d", r.Silent, r.Instances) }},
	{"workers", func(r Row) string { return strconv.Itoa(r.Workers) }},
}

// Measured is what docs/scale.md shows of rows: how quick operators are, what they take,
// and how the formula fits, with the plots, which want rows that differ by their size.
func Measured(rows []Row) string {
	if len(rows) == 0 {
		return ""
	}
	text := "How quick they are:\n\n" + table(rows, slices.Concat(setting, speed)) + "\nWhat they take:\n\n" + table(rows, slices.Concat(setting, cost))
	if len(series(rows)) == 0 {
		return text
	}
	return text + "\nThe formula, and the slope of the straight line through what was measured:\n\n" + formulas(rows) +
		"\n![Plot: how long a pass over all takes, by instances](" + PassPlot + ")\n" +
		"\n![Plot: how long repairs take, by instances](" + RepairsPlot + ")\n"
}

// Silent is what it shows of rows with Redis that answer nothing.
func Silent(rows []Row) string {
	if len(rows) == 0 {
		return ""
	}
	return table(rows, slices.Concat(silent, speed[1:]))
}

func table(rows []Row, columns []column) string {
	var out strings.Builder
	line := func(cell func(column) string) {
		out.WriteString("|")
		for _, c := range columns {
			out.WriteString(" " + cell(c) + " |")
		}
		out.WriteString("\n")
	}
	line(func(c column) string { return c.name })
	out.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
	for _, row := range rows {
		line(func(c column) string { return c.cell(row) })
	}
	return out.String()
}

// Line is a row for those who wait for the next one.
func Line(r Row) string {
	var out []string
	for _, columns := range [][]column{setting, speed, cost} {
		for _, c := range columns {
			out = append(out, c.name+" "+c.cell(r))
		}
	}
	out = append(out, fmt.Sprintf("%.1f questions and %.3f CPU s in a reconcile: operator %.3f, API server %.3f, etcd %.3f, Redis %.3f",
		r.Questions, r.CPU.Sum(), r.CPU.Operator, r.CPU.API, r.CPU.Etcd, r.CPU.Redis))
	return strings.Join(out, ", ")
}

// grouped is a number with commas.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
