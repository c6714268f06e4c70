package figures

import (
	"fmt"
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
	{"others", number("%.0f", func(r Row) float64 {
		return r.Requested() - r.Requests["GET"] - r.Requests["PUT"] - r.Requests["LIST"]
	})},
	{"operator: CPUs", number("%.2f", func(r Row) float64 { return r.CPUs.Operator })},
	{"MiB", number("%.0f", func(r Row) float64 { return r.MiB.Operator })},
	{"API server: CPUs", number("%.2f", func(r Row) float64 { return r.CPUs.API })},
	{"MiB", number("%.0f", func(r Row) float64 { return r.MiB.API })},
	{"a list", number("%.0f KiB", func(r Row) float64 { return r.List })},
	{"that of all", number("%.0f KiB", func(r Row) float64 { return r.All })},
	{"watches", number("%.1f KiB/s", func(r Row) float64 { return r.Watch })},
}

func verb(name string) func(Row) string {
	return number("%.0f", func(r Row) float64 { return r.Requests[name] })
}

// Speed is the table of how quick operators are, Cost that of what they take.
func Speed(rows []Row) string {
	return table(rows, append(setting[:len(setting):len(setting)], speed...))
}

// Cost is the table of what operators take.
func Cost(rows []Row) string {
	return table(rows, append(setting[:len(setting):len(setting)], cost...))
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
	out = append(out, fmt.Sprintf("%.1f questions and %.3f CPU s in a reconcile: operator %.3f, API server %.3f, etcd %.3f, Redis %.3f; %.1f series of an instance",
		r.Questions, r.CPU.Sum(), r.CPU.Operator, r.CPU.API, r.CPU.Etcd, r.CPU.Redis, r.Series))
	return strings.Join(out, ", ")
}

// grouped is a number with commas.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
