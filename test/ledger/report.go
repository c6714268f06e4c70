package ledger

import (
	"slices"
	"time"
)

// Schema is the version of [Report]. It changes when a field changes its
// meaning or goes.
const Schema = "tenant-redis.dev/ledger/v1"

// Report is the account of one run. All times are by the client's clock, in
// UTC and to the millisecond; fields that end in Ms are milliseconds.
type Report struct {
	// Schema is [Schema], and the first field: its line of JSON is known by it.
	Schema string `json:"schema"`
	// Run is part of every key that the run wrote.
	Run string `json:"run"`
	// Sentinel is the host:port that the run was given, Master the name.
	Sentinel string `json:"sentinel"`
	Master   string `json:"master"`
	// Settings are those of the run.
	Settings Settings `json:"settings"`
	// Started and Ended enclose the writing.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	// ReadBack is how the truth was found.
	ReadBack ReadBack `json:"readBack"`
	// Clients has one account per kind, in the order asked for.
	Clients []Account `json:"clients"`
}

// ReadBack is the state in which every write was looked up.
type ReadBack struct {
	// Whole is when the instance answered as whole again: Sentinel named a
	// master, which had all its replicas online and a mark of the run on all.
	Whole time.Time `json:"whole"`
	// Master is the server that decides what is lost.
	Master Node `json:"master"`
	// Replicas are those that Sentinel named.
	Replicas []Node `json:"replicas"`
}

// Node is one server that was read.
type Node struct {
	// Server is its host:port.
	Server string `json:"server"`
	// Mismatches counts the writes of which it knows otherwise than the
	// master.
	Mismatches int `json:"mismatches"`
	// EvictedKeys is how many keys it has evicted since it started. If there
	// are any, lost writes may have been acknowledged and then evicted.
	EvictedKeys int `json:"evictedKeys"`
}

// Account is what became of one client's writes.
type Account struct {
	Client Kind `json:"client"`
	// Acknowledged, Failed and Unknown count all writes by outcome.
	Acknowledged int `json:"acknowledged"`
	Failed       int `json:"failed"`
	Unknown      int `json:"unknown"`
	// UnknownApplied counts those unknown writes that the master has.
	UnknownApplied int `json:"unknownApplied"`
	// Lost counts acknowledged writes that the master does not have, and
	// LostSpan tells when they were acknowledged.
	Lost     int   `json:"lost"`
	LostSpan *Span `json:"lostSpan,omitempty"`
	// Phantom counts failed writes that the master has.
	Phantom int `json:"phantom"`
	// Duplicates counts writes that were applied more than once.
	Duplicates int `json:"duplicates"`
	// LongestGap is the longest time without an acknowledged write that
	// survived, over all writers.
	LongestGap Gap `json:"longestGap"`
	// Gaps are all of at least [GapFloor], in order.
	Gaps []Gap `json:"gaps"`
	// Latency is that of acknowledged writes.
	Latency Latency `json:"latency"`
	// Errors has one entry per class that occurred, most frequent first.
	Errors []ErrorCount `json:"errors"`
	// Targets lists the servers that writes were sent to, one entry per
	// change.
	Targets []Target `json:"targets"`
	// Buckets are the writes over time.
	Buckets Buckets `json:"buckets"`
}

// Span is a stretch of time.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Gap is a stretch of time without an acknowledged write that survived.
type Gap struct {
	Span
	DurationMs float64 `json:"durationMs"`
	// Recovered is whether a write ended it. Otherwise the writing did.
	Recovered bool `json:"recovered"`
}

// Duration is the gap's length, to the millisecond.
func (g Gap) Duration() time.Duration { return g.To.Sub(g.From) }

// Latency is from a write's start to its acknowledgement.
type Latency struct {
	P50Ms float64 `json:"p50Ms"`
	P99Ms float64 `json:"p99Ms"`
	MaxMs float64 `json:"maxMs"`
}

// ErrorCount tells how often a class of errors occurred.
type ErrorCount struct {
	Class Class `json:"class"`
	// Failed and Unknown split the writes by outcome.
	Failed  int `json:"failed"`
	Unknown int `json:"unknown"`
	// First is the first such error, in full.
	First string `json:"first"`
}

// Target is a server, from when on it was written to.
type Target struct {
	At     time.Time `json:"at"`
	Server string    `json:"server"`
}

// Buckets count writes by when they ended. The bucket at index i begins i
// times WidthMs after StartMs.
type Buckets struct {
	// StartMs is in milliseconds since 1970, a multiple of WidthMs.
	StartMs int64 `json:"startMs"`
	WidthMs int64 `json:"widthMs"`
	// Acknowledged includes Lost.
	Acknowledged []int `json:"acknowledged"`
	Lost         []int `json:"lost"`
	Failed       []int `json:"failed"`
	Unknown      []int `json:"unknown"`
}

// Account returns the account of one kind of client, and whether it has one.
func (r Report) Account(kind Kind) (Account, bool) {
	for _, account := range r.Clients {
		if account.Client == kind {
			return account, true
		}
	}
	return Account{}, false
}

// GapAfter is the longest of the Gaps that ended after a mark, such as a fault:
// before it, there is the run's own start. It is empty, at the mark, if there
// was none.
func (a Account) GapAfter(mark time.Time) Gap {
	longest := Gap{Span: Span{From: mark, To: mark}, Recovered: true}
	for _, gap := range a.Gaps {
		if gap.To.After(mark) && gap.Duration() > longest.Duration() {
			longest = gap
		}
	}
	return longest
}

// EndedAfter counts the writes that ended after a mark, in buckets that began after it,
// whatever came of them: none if the ledger had ended before, so that it says nothing of
// what a fault at the mark has cost.
func (a Account) EndedAfter(mark time.Time) int {
	count := 0
	for n := range a.Buckets.Acknowledged {
		if a.Buckets.StartMs+int64(n)*a.Buckets.WidthMs > mark.UnixMilli() {
			count += a.Buckets.Acknowledged[n] + a.Buckets.Failed[n] + a.Buckets.Unknown[n]
		}
	}
	return count
}

// GapAtChange is the gap in which the client first went over to another server after a
// mark: what that took by itself, without other gaps, such as one while a new Pod starts.
// It is empty, at the change, if it is below [GapFloor], and empty, at the mark, if the
// client stayed where it was.
func (a Account) GapAtChange(mark time.Time) Gap {
	change := slices.IndexFunc(a.Targets, func(t Target) bool { return t.At.After(mark) })
	// The first target is where the client began.
	if change < 1 {
		return Gap{Span: Span{From: mark, To: mark}, Recovered: true}
	}
	at := a.Targets[change].At
	for _, gap := range a.Gaps {
		if !gap.From.After(at) && !gap.To.Before(at) {
			return gap
		}
	}
	return Gap{Span: Span{From: at, To: at}, Recovered: true}
}

// Recovery is the time from a mark to the first write that succeeded after
// [Account.GapAfter]. It is false if that gap never ended.
func (a Account) Recovery(mark time.Time) (time.Duration, bool) {
	gap := a.GapAfter(mark)
	return gap.To.Sub(mark), gap.Recovered
}

// stamp brings a time into the form that reports have.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
