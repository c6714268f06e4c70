package clients

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// outcome is what a fault led to.
type outcome struct {
	fault  fault
	at     time.Time
	report ledger.Report
}

// writeTable writes what the examples saw into docs/clients.md.
func writeTable(t *testing.T, examples []Client, outcomes []outcome) {
	t.Helper()
	var rows []string
	head, line := "| library |", "|---|"
	for _, o := range outcomes {
		head, line = head+fmt.Sprintf(" %s: gap, s | errors | lost |", o.fault.name), line+"---|---|---|"
	}
	rows = append(rows, head, line)
	for _, example := range examples {
		row := "| " + example.Name + " |"
		for _, o := range outcomes {
			account, found := o.report.Account(ledger.Kind(example.Name))
			require.True(t, found)
			row += fmt.Sprintf(" %.2f | %d | %d |", account.GapAfter(o.at).Duration().Seconds(), account.Failed+account.Unknown, account.Lost)
		}
		rows = append(rows, row)
	}
	Replace(t, "lab", strings.Join(rows, "\n")+"\n")
}

// Replace puts a table below its mark in docs/clients.md.
func Replace(t *testing.T, mark, table string) {
	t.Helper()
	const file = repository + "/docs/clients.md"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), "<!-- "+mark+" -->\n")
	require.True(t, found, mark)
	_, after, found := strings.Cut(rest, "<!-- end -->")
	require.True(t, found, mark)
	require.NoError(t, os.WriteFile(file, []byte(before+"<!-- "+mark+" -->\n"+table+"<!-- end -->"+after), 0o644))
}
