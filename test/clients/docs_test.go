package clients

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeTable writes what the examples saw of each fault into docs/clients.md.
func writeTable(t *testing.T, examples []Client, cells map[string][]string) {
	t.Helper()
	head, line := "| library | version |", "|---|---|"
	for _, f := range faults {
		head, line = head+fmt.Sprintf(" %s: gap, s | errors | lost |", f.name), line+"---|---|---|"
	}
	rows := []string{head, line}
	for _, example := range examples {
		rows = append(rows, fmt.Sprintf("| %s | %s | %s |", example.Name, example.Version, strings.Join(cells[example.Name], " | ")))
	}
	require.NoError(t, Replace(repository+"/docs/clients.md", "lab", strings.Join(rows, "\n")+"\n"))
}
