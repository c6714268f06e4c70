//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/clients"
	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

const (
	// calm is the end of a ledger's writing, in which no client may fail any more.
	calm = 5 * time.Second
	// updateDocs is the variable of the environment that has the table of
	// docs/clients.md written.
	updateDocs  = "UPDATE_DOCS"
	clientsFile = ".cache/log/clients.txt"
)

// allClients is whether those run that take a full run.
var allClients bool

// clientFaults are those that the examples are put through.
var clientFaults = []fault{
	{
		name: "clients-deleted", label: "master's Pod deleted", writing: 25 * time.Second,
		prepare: each(deleteGracefully), gap: 2 * time.Second,
	},
	{
		name: "clients-killed", label: "master killed", writing: 35 * time.Second,
		prepare: each(kill), gap: detection + 2500*time.Millisecond, mayLose: inFlight,
	},
}

// TestClients has clients of every kind write through faults: libraries that follow
// Sentinel, and what knows only the proxy. Each kind has an instance of its own.
func TestClients(t *testing.T) {
	atOnce(t, map[string]func(*testing.T){"libraries": checkLibraries, "proxy": checkProxy})
}

// checkLibraries puts the example of each library through a planned failover and a
// killed master: it loses nothing that it has acknowledged, is back as soon as
// promised, and stays so.
func checkLibraries(t *testing.T) {
	t.Helper()
	examples := slices.DeleteFunc(slices.Clone(clients.All), func(c clients.Client) bool { return !c.Every && !allClients })
	i := framework.Install(t, framework.Release{Name: "e2e-clients"})
	i.AwaitServing(t)
	services := i.Deploy(t, examples)
	seen := map[string][]string{}
	for _, f := range clientFaults {
		t.Run(f.name, func(t *testing.T) {
			s := &side{name: "tuned", instance: i, tuned: true, services: services}
			s.begin(t, f)
			s.ledger.AwaitReady(t)
			f.befall(t, []*side{s})
			s.end(t)
			for _, example := range examples {
				account, found := s.report.Account(ledger.Kind(example.Name))
				require.True(t, found, example.Name)
				f.checkClient(t, s, example, account)
				seen[example.Name] = append(seen[example.Name], clientCells(account, s.at)...)
			}
		})
	}
	publish(t, examples, seen)
}

// checkClient holds one example to the promise.
func (f fault) checkClient(t *testing.T, s *side, example clients.Client, account ledger.Account) {
	t.Helper()
	bound := f.gap + slack + example.Longer
	if s.splitVote() {
		bound += splitVote
	}
	underLoad(t, account, s.at)
	gap := account.GapAfter(s.at)
	assert.LessOrEqual(t, gap.Duration(), bound, "%s: gap %s", example.Name, gap)
	assert.True(t, gap.Recovered, "%s: gap %s", example.Name, gap)
	assert.LessOrEqual(t, account.Lost, f.mayLose, "%s: lost acknowledged writes, %v", example.Name, account.LostSpan)
	assert.Zero(t, errorsInTheEnd(account), "%s: still fails: %v", example.Name, account.Errors)
}

// errorsInTheEnd counts the writes that failed when all had long been over: those
// of a client that stays with a replica, for example.
func errorsInTheEnd(account ledger.Account) int {
	buckets := account.Buckets
	from := max(0, len(buckets.Failed)-int(calm.Milliseconds()/buckets.WidthMs))
	count := 0
	for n := from; n < len(buckets.Failed); n++ {
		count += buckets.Failed[n] + buckets.Unknown[n]
	}
	return count
}

func clientCells(account ledger.Account, at time.Time) []string {
	return []string{
		fmt.Sprintf("%.2f", account.GapAfter(at).Duration().Seconds()),
		strconv.Itoa(account.Failed + account.Unknown), strconv.Itoa(account.Lost),
	}
}

// publish writes the table, and into docs/clients.md if it is asked to.
func publish(t *testing.T, examples []clients.Client, seen map[string][]string) {
	t.Helper()
	var table strings.Builder
	head, line := "| library | version | with |", "|---|---|---|"
	for _, f := range clientFaults {
		head, line = head+" "+f.label+": gap, s | errors | lost |", line+"---|---|---|"
	}
	fmt.Fprintf(&table, "%s\n%s\n", head, line)
	for _, example := range examples {
		cells := append([]string{example.Name, example.Version, example.Runtime}, seen[example.Name]...)
		fmt.Fprintf(&table, "| %s |\n", strings.Join(cells, " | "))
	}
	t.Logf("\n%s", &table)
	require.NoError(t, os.WriteFile(framework.Path(clientsFile), []byte(table.String()), 0o644))
	if os.Getenv(updateDocs) != "" && !t.Failed() {
		require.NoError(t, clients.Replace(framework.Path("docs/clients.md"), "cluster", table.String()))
	}
}
