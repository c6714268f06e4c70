package clients

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// fault befalls the master, who is the first Redis.
type fault struct {
	name    string
	writing time.Duration
	cause   func(t *testing.T, i *lab.Instance)
	// gap is what the clients are promised; lab.Slack widens it.
	gap time.Duration
	// mayLose is how many acknowledged writes may get lost.
	mayLose int
	// byHand is whether it takes too long for every run.
	byHand bool
}

const (
	// inFlight is one write of each writer: Redis answers before its replicas have
	// it.
	inFlight = writers
	anything = math.MaxInt
)

// silence is how long a process hangs.
const silence = 12 * time.Second

var faults = []fault{
	{
		name: "handed over", writing: 12 * time.Second, gap: 2 * time.Second,
		cause: func(t *testing.T, i *lab.Instance) { t.Helper(); handOver(t, i, i.Redis[0]) },
	},
	{
		name: "killed", writing: 15 * time.Second, gap: lab.Detection + 2500*time.Millisecond, mayLose: inFlight,
		cause: func(_ *testing.T, i *lab.Instance) {
			i.Redis[0].Signal(syscall.SIGKILL)
			rejoin(i, i.Redis[0])
		},
	},
	{
		// As the operator does it: connections stay open, and no Sentinel announces
		// the change. Nothing holds back the writes meanwhile.
		name: "demoted", writing: 12 * time.Second, gap: lab.Detection + 2500*time.Millisecond, mayLose: anything,
		cause: func(_ *testing.T, i *lab.Instance) { demote(i) },
	},
	{
		// As on a node that is lost: what is sent there gets no answer, and the
		// Service goes on handing out the Sentinel on it.
		name: "silent, with a Sentinel", writing: silence + 8*time.Second, gap: lab.Detection + 4*time.Second, mayLose: anything, byHand: true,
		cause: func(_ *testing.T, i *lab.Instance) {
			for _, p := range []*lab.Process{i.Redis[0], i.Sentinels[0]} {
				p.Signal(syscall.SIGSTOP)
				defer p.Signal(syscall.SIGCONT)
			}
			time.Sleep(silence)
		},
	},
}

// demote makes another Redis the master.
func demote(i *lab.Instance) {
	i.T.Helper()
	master := i.Redis[1]
	i.Do(master, "REPLICAOF", "NO", "ONE")
	for _, p := range i.Redis {
		if p != master {
			i.Do(p, "REPLICAOF", master.IP, lab.RedisPort)
		}
	}
	i.Monitor(master)
}

// atOnce is how many examples run at the same time: more would fight for cores.
const atOnce = 3

// TestFaults puts the examples through faults on real Redis processes.
func TestFaults(t *testing.T) {
	examples := chosen(t)
	programs := compileAll(t, examples)
	cells := map[string][]string{}
	for _, f := range faults {
		if f.byHand && *libraries != "all" {
			continue
		}
		for some := range slices.Chunk(examples, atOnce) {
			t.Run(f.name+" "+some[0].Name, func(t *testing.T) {
				report, at := f.run(t, some, programs)
				for _, example := range some {
					account, found := report.Account(ledger.Kind(example.Name))
					require.True(t, found, example.Name)
					f.check(t, example, account, at)
					cells[example.Name] = append(cells[example.Name],
						fmt.Sprintf("%.2f", account.GapAfter(at).Duration().Seconds()),
						strconv.Itoa(account.Failed+account.Unknown), strconv.Itoa(account.Lost))
				}
			})
		}
	}
	if *update && !t.Failed() {
		writeTable(t, examples, cells)
	}
}

// run puts examples through the fault, and tells when it was.
func (f fault) run(t *testing.T, examples []Client, programs map[string]string) (ledger.Report, time.Time) {
	t.Helper()
	i := lab.New(t)
	i.Password = "secret-of-the-lab"
	i.Serve()
	var services []ledger.Service
	for _, example := range examples {
		services = append(services, serve(t, i, example, programs[example.Name]))
	}
	calm(i)
	return account(t, i, services, f.writing, func() { f.cause(t, i) })
}

// check holds an example to what is promised.
func (f fault) check(t *testing.T, example Client, account ledger.Account, at time.Time) {
	t.Helper()
	assert.Positive(t, account.EndedAfter(at), "%s had ended before the fault", example.Name)
	gap := account.GapAfter(at)
	assert.LessOrEqual(t, gap.Duration(), lab.Slack*f.gap+example.Longer, "%s: gap %s", example.Name, gap)
	assert.True(t, gap.Recovered, "%s: gap %s", example.Name, gap)
	assert.LessOrEqual(t, account.Lost, f.mayLose, "%s: lost acknowledged writes", example.Name)
}

// TestLiarLosesWrites is a control: a service that says yes without having asked
// Redis loses all that it acknowledges.
func TestLiarLosesWrites(t *testing.T) {
	i := lab.New(t)
	i.Serve()
	liar := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer liar.Close()
	report, _ := account(t, i, []ledger.Service{{Name: "liar", URL: liar.URL}}, time.Second, func() {})
	account, found := report.Account("liar")
	require.True(t, found)
	require.Positive(t, account.Acknowledged)
	require.Equal(t, account.Acknowledged, account.Lost)
}
