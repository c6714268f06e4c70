package ledger

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// WriteTable writes the report for people to read.
func (r Report) WriteTable(out io.Writer) error {
	fmt.Fprintf(out, "run %s: %s for %s\n\n", r.Run, r.Settings.load(), r.Settings.Duration)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	r.rows(table)
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	r.errorLines(out)
	return r.nodeLines(out)
}

func (r Report) rows(out io.Writer) {
	row := func(name string, cell func(Account) string) {
		fmt.Fprint(out, name)
		for _, account := range r.Clients {
			fmt.Fprint(out, "\t", cell(account))
		}
		fmt.Fprintln(out)
	}
	number := func(value func(Account) int) func(Account) string {
		return func(a Account) string { return strconv.Itoa(value(a)) }
	}
	row("client", func(a Account) string { return string(a.Client) })
	row("acknowledged", number(func(a Account) int { return a.Acknowledged }))
	row("failed", number(func(a Account) int { return a.Failed }))
	row("unknown", func(a Account) string { return fmt.Sprintf("%d (%d applied)", a.Unknown, a.UnknownApplied) })
	row("lost", number(func(a Account) int { return a.Lost }))
	row("phantom", number(func(a Account) int { return a.Phantom }))
	row("duplicates", number(func(a Account) int { return a.Duplicates }))
	row("longest gap", func(a Account) string { return a.LongestGap.String() })
	row("latency p50", func(a Account) string { return fmt.Sprintf("%.2f ms", a.Latency.P50Ms) })
	row("latency p99", func(a Account) string { return fmt.Sprintf("%.2f ms", a.Latency.P99Ms) })
	row("latency max", func(a Account) string { return fmt.Sprintf("%.2f ms", a.Latency.MaxMs) })
}

func (r Report) errorLines(out io.Writer) {
	for _, account := range r.Clients {
		for _, count := range account.Errors {
			fmt.Fprintf(out, "%s: %s: %d failed, %d unknown; first: %s\n",
				account.Client, count.Class, count.Failed, count.Unknown, count.First)
		}
	}
}

func (r Report) nodeLines(out io.Writer) error {
	fmt.Fprintf(out, "read back from master %s, whole %s after the writing\n",
		r.ReadBack.Master.Server, r.ReadBack.Whole.Sub(r.Ended))
	for _, node := range append([]Node{r.ReadBack.Master}, r.ReadBack.Replicas...) {
		if node.EvictedKeys > 0 {
			fmt.Fprintf(out, "%s has evicted %d keys: lost writes may be evicted ones\n", node.Server, node.EvictedKeys)
		}
	}
	for _, node := range r.ReadBack.Replicas {
		if _, err := fmt.Fprintf(out, "replica %s: %d mismatches\n", node.Server, node.Mismatches); err != nil {
			return err
		}
	}
	return nil
}

// String is the gap's length and when it began.
func (g Gap) String() string {
	end := ""
	if !g.Recovered {
		end = ", never ended"
	}
	return fmt.Sprintf("%s at %s%s", g.Duration(), g.From.Format(time.TimeOnly+".000"), end)
}
