package clients

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// shortStall is long enough that another Redis is promoted, and so short that the old
// master wakes while clients still have their connections to it.
const shortStall = 3500 * time.Millisecond

// TestShortStall freezes a master's Pod, with the settings of docs/clients.md: a writer
// loses what it had in flight, one write or, if that one was read already, the next, too.
func TestShortStall(t *testing.T) {
	examples := chosen(t)
	programs := compileAll(t, examples)
	for some := range slices.Chunk(examples, atOnce) {
		t.Run(some[0].Name, func(t *testing.T) {
			i, master := watched(t)
			var services []ledger.Service
			for _, example := range some {
				services = append(services, serve(t, i, example, programs[example.Name]))
			}
			report, at := account(t, i, services, shortStall+12*time.Second, func() {
				master.Signal(syscall.SIGSTOP)
				time.Sleep(shortStall) // the fault, not a wait for something
				master.Signal(syscall.SIGCONT)
			})
			for _, example := range some {
				account, found := report.Account(ledger.Kind(example.Name))
				require.True(t, found, example.Name)
				gap := account.GapAfter(at)
				t.Logf("%s: gap %s, %d of %d acknowledged writes lost, %d failed", example.Name, gap, account.Lost, account.Acknowledged, account.Failed)
				require.LessOrEqual(t, account.Lost, 2*inFlight, "%s: %v", example.Name, account.LostSpan)
				require.True(t, gap.Recovered, "%s: gap %s", example.Name, gap)
			}
		})
	}
}

// watched makes an instance whose Redis all have the chart's scripts beside them, as on a
// cluster, and returns its master.
func watched(t *testing.T) (*lab.Instance, *lab.Process) {
	t.Helper()
	i := lab.New(t)
	i.Password = "secret-of-the-lab"
	i.Serve()
	first := i.Redis[0]
	for _, p := range i.Redis[1:] {
		p.Signal(syscall.SIGKILL)
		i.Restart(p)
	}
	i.Settled(first)
	i.Stop(first)
	master := i.Elected(first, time.Second)
	i.Restart(first)
	i.Settled(master)
	return i, master
}
