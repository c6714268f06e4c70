package clients

import (
	"fmt"
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
	require.NoError(t, Replace(repository+"/docs/clients.md", "lab", strings.Join(rows, "\n")+"\n"))
}
