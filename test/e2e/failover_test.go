//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/ledger"
	"github.com/tenant-redis/tenant-redis/test/topology"
)

const (
	// detection is the chart's default for downAfterMilliseconds.
	detection = 2 * time.Second
	// slack is for a machine of two cores that runs four nodes and, beside the
	// fault, the ledgers and the other instance's fault: Sentinels' timers, new
	// processes and kubectl all wait for a core.
	slack = 1500 * time.Millisecond
	// planned is how long a planned move is promised to take.
	planned = 250 * time.Millisecond
	// splitVote is how long Sentinels wait before they vote again when none of
	// them got a majority: twice the chart's failoverTimeoutMilliseconds.
	splitVote = 2 * 6 * time.Second
	// notElected is what a Sentinel logs when it has lost such a vote.
	notElected = "-failover-abort-not-elected"

	// wholeWithin is two passes of the operator, 30 s each, and half as much
	// for a busy machine. stockWithin only has to end: nothing is promised.
	wholeWithin = 90 * time.Second
	stockWithin = 4 * time.Minute

	// oneLook is a question to each Pod, some of which may hang.
	oneLook = 20 * time.Second

	freeze = 15 * time.Second
	// steady is how long a ledger has written when the fault comes.
	steady = 5 * time.Second
)

// fault is one that befalls the masters of both instances.
type fault struct {
	name string
	// label says in pictures what happened.
	label string
	// over says what ended the fault, if that is worth being told.
	over string
	// writing is how long the ledgers write, from the fault on.
	writing time.Duration
	// before makes, if need be, what has to be so before there is load.
	before func(t *testing.T, sides []*side)
	// prepare finds out all that takes time and returns what then causes the
	// fault and, if it is one that ends, ends it: functions to run together.
	prepare func(t *testing.T, sides []*side) []func(context.Context) error
	// gap is the longest gap that is promised with the tenant chart.
	gap time.Duration
	// change is the longest gap in which a client goes over to the next master, if that
	// is promised to be shorter than others: while a new Pod starts, the machine stalls.
	change time.Duration
	// mayLose is how many acknowledged writes each client may lose with it.
	mayLose int
	// control fails if the stock instance fares better than it is said to.
	control func(t *testing.T, report ledger.Report, at time.Time)
}

// inFlight is how many acknowledged writes each client may lose of a master that
// is gone from one moment to the next: Redis answers before the replicas have the
// write, so that the last one of each writer may be stuck on its way to them.
const inFlight = framework.LedgerWriters

var faults = []fault{
	{
		name: "killed", label: "master killed", writing: 50 * time.Second,
		prepare: each(kill), gap: detection + 2500*time.Millisecond, change: 500 * time.Millisecond, mayLose: inFlight, control: waitsLong,
	},
	{
		name: "deleted", label: "master's Pod deleted", writing: 20 * time.Second,
		prepare: each(deleteGracefully), gap: 2 * time.Second, change: planned, control: losesWrites,
	},
	{
		name: "frozen", label: "master frozen", over: "it goes on", writing: freeze + 10*time.Second,
		prepare: each(freezeAndThaw), gap: detection + 4*time.Second, mayLose: inFlight,
	},
	{
		name: "drained", label: "master's node drained", writing: 20 * time.Second,
		prepare: each(drain), gap: 2 * time.Second, change: planned,
	},
	{
		name: "forced", label: "master's Pod deleted by force", writing: 20 * time.Second,
		prepare: each(deleteByForce), gap: detection + 4*time.Second, mayLose: inFlight,
	},
}

// side is one of the two instances under one fault.
type side struct {
	name     string
	instance *framework.Instance
	tuned    bool
	// services are written through, instead of by the ledger's own clients.
	services []ledger.Service

	// at is when the fault befell it, and ended when that was over.
	at, ended time.Time

	master  topology.Redis
	ledger  *framework.Ledger
	witness *framework.Witness
	report  ledger.Report
	lines   []framework.Line
	// whole is whether it was whole again in time.
	whole bool
}

// TestFailover runs every fault on an instance of the tenant chart and, as the
// control, on one with the operator's own defaults.
func TestFailover(t *testing.T) {
	putThrough(t, framework.Install(t, framework.Release{Name: "e2e-tuned"}), faults)
}

func putThrough(t *testing.T, tuned *framework.Instance, faults []fault) {
	t.Helper()
	stock := framework.InstallStock(t)
	for _, f := range faults {
		sides := []*side{{name: "tuned", instance: tuned, tuned: true}, {name: "stock", instance: stock}}
		t.Run(f.name, func(t *testing.T) { f.run(t, sides) })
		for _, s := range sides {
			require.True(t, s.ledger == nil || s.whole, "no further faults: %s is not whole", s.name)
		}
	}
}

// run makes the fault happen under load; what it led to is then judged for each
// side by itself.
func (f fault) run(t *testing.T, sides []*side) {
	t.Helper()
	if f.before != nil {
		f.before(t, sides)
	}
	// One that takes long to serve must not use up the time in which the other is written to.
	for _, s := range sides {
		s.instance.AwaitServing(t)
	}
	for _, s := range sides {
		s.begin(t, f)
	}
	for _, s := range sides {
		s.ledger.AwaitReady(t)
		s.ledger.AwaitSteady(t)
	}
	f.befall(t, sides)

	t.Cleanup(func() { record(t, outcome{fault: f, sides: sides}) })
	for _, s := range sides {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.end(t)
			if s.tuned {
				f.checkPromise(t, s)
			} else if f.control != nil {
				f.control(t, s.report, s.at)
			}
		})
	}
}

// befall has the fault happen, to all sides at once if it does not note when it befalls each.
func (f fault) befall(t *testing.T, sides []*side) {
	t.Helper()
	actions := f.prepare(t, sides)
	at := time.Now()
	require.NoError(t, together(t.Context(), actions))
	for _, s := range sides {
		if s.at.IsZero() {
			s.at, s.ended = at, time.Now()
		}
	}
}

// begin waits for the instance to serve and puts load on it.
func (s *side) begin(t *testing.T, f fault) {
	t.Helper()
	serving := s.observe(t)
	if len(s.services) > 0 {
		s.ledger = s.instance.StartServicesLedger(t, f.name, f.writing+steady, len(serving.Redis)-1, s.services)
	} else {
		s.ledger = s.instance.StartLedger(t, f.name, apart+f.writing+steady, len(serving.Redis)-1)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("=== ledger of %s\n%s", s.name, s.ledger.Log(t))
			s.instance.Dump(t)
		}
	})
}

// observe waits for the instance to serve, and begins to watch it.
func (s *side) observe(t *testing.T) topology.Topology {
	t.Helper()
	serving := s.instance.AwaitServing(t)
	master, found := serving.Master()
	require.True(t, found)
	s.master, s.witness = master, s.instance.Watch(t)
	return serving
}

// end takes the ledger's account and waits until the instance is whole again.
func (s *side) end(t *testing.T) {
	t.Helper()
	within := stockWithin
	if s.tuned {
		within = wholeWithin
	} else {
		// What follows is only for the next fault to begin.
		s.ledger.AwaitWritten(t)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go s.instance.Hurry(ctx)
	}
	s.report = s.ledger.Report(t)
	// A ledger that wrote for longer leaves time for one look.
	deadline := s.ended.Add(within)
	if look := time.Now().Add(oneLook); look.After(deadline) {
		deadline = look
	}
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	_, err := s.instance.Topology().Await(ctx, nil)
	s.lines = s.witness.Lines(t)
	require.NoError(t, err, "%s is not whole again within %s", s.name, within)
	s.whole = true
	t.Logf("%s: whole again at most %s after the fault", s.name, time.Since(s.ended).Round(time.Second))
}

// checkPromise holds each client's account against what is promised.
func (f fault) checkPromise(t *testing.T, s *side) {
	t.Helper()
	bound := f.gap + slack
	if s.splitVote() {
		t.Logf("THE SENTINELS' VOTE WAS SPLIT: the gap may take %s longer, until they vote again", splitVote)
		bound += splitVote
	}
	for _, account := range s.report.Clients {
		underLoad(t, account, s.at)
		gap := account.GapAfter(s.at)
		assert.LessOrEqual(t, gap.Duration(), bound, "client %s: gap %s", account.Client, gap)
		assert.True(t, gap.Recovered, "client %s: gap %s", account.Client, gap)
		if f.change > 0 {
			over := account.GapAtChange(s.at)
			assert.LessOrEqual(t, over.Duration(), f.change+bound-f.gap, "client %s: went over in %s", account.Client, over)
		}
		assert.LessOrEqual(t, account.Lost, f.mayLose, "client %s: lost acknowledged writes, %v", account.Client, account.LostSpan)
		assert.Zero(t, account.Phantom, "client %s: writes that had failed were applied", account.Client)
		assert.Zero(t, account.Duplicates, "client %s: writes were applied twice", account.Client)
	}
}

// underLoad holds that a client wrote when the fault came: of one that had ended, all
// promises hold.
func underLoad(t *testing.T, account ledger.Account, at time.Time) {
	t.Helper()
	assert.Positive(t, account.EndedAfter(at), "client %s had ended before the fault at %s", account.Client, at)
}

// splitVote is whether a Sentinel lost a vote after the fault.
func (s *side) splitVote() bool {
	return slices.ContainsFunc(s.lines, func(l framework.Line) bool {
		return l.At.After(s.at) && strings.Contains(l.Text, notElected)
	})
}

// waitsLong is a control: each client must see a gap of 10 s.
func waitsLong(t *testing.T, report ledger.Report, at time.Time) {
	t.Helper()
	for _, account := range report.Clients {
		gap := account.GapAfter(at)
		assert.Greater(t, gap.Duration(), 10*time.Second,
			"the comparison no longer holds: with the operator's defaults, client %s sees a gap of %s only", account.Client, gap)
	}
}

// losesWrites is a control: a client at least must lose acknowledged writes.
func losesWrites(t *testing.T, report ledger.Report, _ time.Time) {
	t.Helper()
	lost := 0
	for _, account := range report.Clients {
		lost += account.Lost
	}
	assert.NotZero(t, lost, "the comparison no longer holds: with the operator's defaults, no acknowledged write is lost")
}

// together runs functions at the same time and returns the first error.
func together(ctx context.Context, actions []func(context.Context) error) error {
	errs := make([]error, len(actions))
	var running sync.WaitGroup
	for i, act := range actions {
		running.Go(func() { errs[i] = act(ctx) })
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("causing the fault: %w", err)
		}
	}
	return nil
}
