package ledger

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at is so many milliseconds after the writing began.
func at(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }

// upTo is a writing phase of so many milliseconds.
func upTo(ms int) Span { return Span{From: epoch, To: at(ms)} }

// ended is a write that took 5 ms.
func ended(ms int, o Outcome) Record {
	r := Record{Client: Follow, Start: at(ms - 5), End: at(ms), Outcome: o}
	if o != Acknowledged {
		r.Class, r.Err = Timeout, errors.New("i/o timeout")
	}
	return r
}

func TestAccountJudgesEveryWrite(t *testing.T) {
	tests := map[string]struct {
		outcome Outcome
		applied int
		want    Account
	}{
		"kept":                {Acknowledged, 1, Account{Acknowledged: 1}},
		"lost":                {Acknowledged, 0, Account{Acknowledged: 1, Lost: 1}},
		"applied twice":       {Acknowledged, 2, Account{Acknowledged: 1, Duplicates: 1}},
		"refused":             {Failed, 0, Account{Failed: 1}},
		"phantom":             {Failed, 1, Account{Failed: 1, Phantom: 1}},
		"unknown, absent":     {Unknown, 0, Account{Unknown: 1}},
		"unknown, present":    {Unknown, 1, Account{Unknown: 1, UnknownApplied: 1}},
		"unknown, but twice":  {Unknown, 2, Account{Unknown: 1, UnknownApplied: 1, Duplicates: 1}},
		"phantom, even twice": {Failed, 2, Account{Failed: 1, Phantom: 1, Duplicates: 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := account(Follow, []Record{ended(10, test.outcome)}, []int{test.applied}, nil, upTo(20))
			got := Account{
				Acknowledged: a.Acknowledged, Failed: a.Failed, Unknown: a.Unknown, UnknownApplied: a.UnknownApplied,
				Lost: a.Lost, Phantom: a.Phantom, Duplicates: a.Duplicates,
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestAccountTellsWhenWritesWereLost(t *testing.T) {
	records := []Record{ended(10, Acknowledged), ended(40, Acknowledged), ended(30, Acknowledged), ended(50, Unknown)}
	a := account(Follow, records, []int{1, 0, 0, 0}, nil, upTo(60))
	require.Equal(t, &Span{From: at(30), To: at(40)}, a.LostSpan)
}

func TestGaps(t *testing.T) {
	type write struct {
		ms      int
		outcome Outcome
		applied int
	}
	tests := map[string]struct {
		writes             []write
		from, to           int
		recovered          bool
		listed, durationMs int
	}{
		"between two writes":            {[]write{{10, Acknowledged, 1}, {400, Acknowledged, 1}, {450, Acknowledged, 1}}, 10, 400, true, 1, 390},
		"writers out of order":          {[]write{{400, Acknowledged, 1}, {450, Acknowledged, 1}, {10, Acknowledged, 1}}, 10, 400, true, 1, 390},
		"a lost write does not end it":  {[]write{{10, Acknowledged, 1}, {200, Acknowledged, 0}, {400, Acknowledged, 1}, {450, Acknowledged, 1}}, 10, 400, true, 1, 390},
		"an unknown one neither":        {[]write{{10, Acknowledged, 1}, {200, Unknown, 1}, {400, Acknowledged, 1}, {450, Acknowledged, 1}}, 10, 400, true, 1, 390},
		"nor a failed one":              {[]write{{10, Acknowledged, 1}, {200, Failed, 0}, {400, Acknowledged, 1}, {450, Acknowledged, 1}}, 10, 400, true, 1, 390},
		"before the first write":        {[]write{{300, Acknowledged, 1}, {450, Acknowledged, 1}}, 0, 300, true, 2, 300},
		"after the last write":          {[]write{{10, Acknowledged, 1}}, 10, 500, false, 1, 490},
		"no write at all":               {nil, 0, 500, false, 1, 500},
		"none that is worth being told": {[]write{{90, Acknowledged, 1}, {180, Acknowledged, 1}, {270, Acknowledged, 1}, {360, Acknowledged, 1}, {420, Acknowledged, 1}}, 0, 90, true, 0, 90},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var (
				records []Record
				applied []int
			)
			for _, w := range test.writes {
				records, applied = append(records, ended(w.ms, w.outcome)), append(applied, w.applied)
			}
			a := account(Follow, records, applied, nil, upTo(500))
			require.Equal(t, Gap{
				Span: Span{From: at(test.from), To: at(test.to)}, DurationMs: float64(test.durationMs), Recovered: test.recovered,
			}, a.LongestGap)
			require.Len(t, a.Gaps, test.listed)
		})
	}
}

func TestReportIsKnownByItsBeginning(t *testing.T) {
	line, err := json.Marshal(Report{})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(line), `{"schema":`), string(line))
}

func TestRecovery(t *testing.T) {
	gap := func(from, to int, recovered bool) Gap {
		return Gap{Span: Span{From: at(from), To: at(to)}, Recovered: recovered}
	}
	tests := map[string]struct {
		gaps          []Gap
		mark          int
		gap, recovery time.Duration
		recovered     bool
	}{
		"no gap":                    {nil, 100, 0, 0, true},
		"in the gap":                {[]Gap{gap(90, 1500, true)}, 100, 1410 * time.Millisecond, 1400 * time.Millisecond, true},
		"before the gap":            {[]Gap{gap(150, 1500, true)}, 100, 1350 * time.Millisecond, 1400 * time.Millisecond, true},
		"a longer gap came earlier": {[]Gap{gap(0, 2000, true), gap(3000, 4000, true)}, 2500, time.Second, 1500 * time.Millisecond, true},
		"never again":               {[]Gap{gap(90, 1500, false)}, 100, 1410 * time.Millisecond, 1400 * time.Millisecond, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			account := Account{Gaps: test.gaps}
			require.Equal(t, test.gap, account.GapAfter(at(test.mark)).Duration())
			recovery, recovered := account.Recovery(at(test.mark))
			require.Equal(t, test.recovery, recovery)
			require.Equal(t, test.recovered, recovered)
		})
	}
}

// TestGapAtChange tells the gap of a hand-over from longer ones around it.
func TestGapAtChange(t *testing.T) {
	gap := func(from, to int) Gap {
		return Gap{Span: Span{From: at(from), To: at(to)}, Recovered: true}
	}
	gaps := []Gap{gap(0, 400), gap(1100, 1300), gap(4000, 4700)}
	tests := map[string]struct {
		targets []Target
		gap     Gap
	}{
		"in a gap":         {[]Target{{At: at(390)}, {At: at(1290)}}, gaps[1]},
		"at a gap's end":   {[]Target{{At: at(390)}, {At: at(1300)}}, gaps[1]},
		"in none":          {[]Target{{At: at(390)}, {At: at(2000)}}, gap(2000, 2000)},
		"the first of two": {[]Target{{At: at(390)}, {At: at(1290)}, {At: at(4100)}}, gaps[1]},
		"before the mark":  {[]Target{{At: at(390)}, {At: at(900)}}, gap(1000, 1000)},
		"not at all":       {[]Target{{At: at(390)}}, gap(1000, 1000)},
		"never connected":  {nil, gap(1000, 1000)},
		"began after it":   {[]Target{{At: at(1200)}}, gap(1000, 1000)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.gap, Account{Gaps: gaps, Targets: test.targets}.GapAtChange(at(1000)))
		})
	}
}

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	tests := map[string]struct {
		values []time.Duration
		p      int
		want   time.Duration
	}{
		"none":           {nil, 99, 0},
		"one":            {hundred[:1], 50, 1},
		"median of two":  {hundred[:2], 50, 1},
		"median":         {hundred, 50, 50},
		"p99":            {hundred, 99, 99},
		"p99 of few":     {hundred[:10], 99, 10},
		"the maximum":    {hundred, 100, 100},
		"the lowest one": {hundred, 0, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, percentile(test.values, test.p))
		})
	}
}

func TestLatencyIsThatOfAcknowledgedWrites(t *testing.T) {
	slow := Record{Start: at(0), End: at(400), Outcome: Unknown, Class: Timeout}
	require.Equal(t, Latency{P50Ms: 5, P99Ms: 5, MaxMs: 5}, latency([]Record{ended(10, Acknowledged), slow}))
}

func TestBuckets(t *testing.T) {
	during := Span{From: at(50), To: at(320)}
	records := []Record{
		ended(60, Acknowledged), ended(99, Acknowledged), ended(100, Acknowledged),
		ended(199, Failed), ended(200, Unknown), ended(320, Failed),
	}
	a := account(Follow, records, []int{1, 0, 1, 0, 0, 0}, nil, during)
	require.Equal(t, Buckets{
		StartMs: epoch.UnixMilli(), WidthMs: 100,
		Acknowledged: []int{2, 1, 0, 0},
		Lost:         []int{1, 0, 0, 0},
		Failed:       []int{0, 1, 0, 1},
		Unknown:      []int{0, 0, 1, 0},
	}, a.Buckets)
	for mark, ended := range map[int]int{-1: 6, 0: 4, 150: 2, 299: 1, 300: 0} {
		require.Equal(t, ended, a.EndedAfter(at(mark)), mark)
	}
}

func TestErrorCounts(t *testing.T) {
	fail := func(ms int, o Outcome, class Class, text string) Record {
		return Record{End: at(ms), Outcome: o, Class: class, Err: errors.New(text)}
	}
	got := errorCounts([]Record{
		ended(5, Acknowledged),
		fail(30, Failed, Refused, "second"), fail(20, Failed, Refused, "first"), fail(40, Unknown, Timeout, "late"),
		fail(50, Failed, Timeout, "later"), fail(60, Failed, Refused, "third"), fail(70, Unknown, Reset, "EOF"),
	})
	require.Equal(t, []ErrorCount{
		{Class: Refused, Failed: 3, First: "first"},
		{Class: Timeout, Failed: 1, Unknown: 1, First: "late"},
		{Class: Reset, Unknown: 1, First: "EOF"},
	}, got)
}

func TestReportSurvivesJSON(t *testing.T) {
	report := Report{
		Schema: Schema, Run: "r", Settings: load(2*time.Second, Follow, Wait), Started: at(0), Ended: at(500),
		ReadBack: ReadBack{Whole: at(600), Replicas: []Node{}},
		Clients:  []Account{account(Follow, []Record{ended(10, Acknowledged)}, []int{1}, nil, upTo(500))},
	}
	document, err := json.Marshal(report)
	require.NoError(t, err)
	var got Report
	require.NoError(t, json.Unmarshal(document, &got))
	require.Equal(t, report, got)
}
