package ledger

import (
	"cmp"
	"slices"
	"time"
)

// GapFloor is the shortest gap that [Account.Gaps] lists.
const GapFloor = 100 * time.Millisecond

const bucketWidth = 100 * time.Millisecond

// account judges one client's writes, made during span. Applied has for each
// record how often the master applied it.
func account(kind Kind, records []Record, applied []int, targets []Target, during Span) Account {
	a := Account{Client: kind, Targets: targets, Buckets: newBuckets(during)}
	var lost, survived []time.Time
	for i, record := range records {
		a.count(record, applied[i])
		isLost := record.Outcome == Acknowledged && applied[i] == 0
		a.Buckets.add(record, isLost)
		switch {
		case isLost:
			lost = append(lost, record.End)
		case record.Outcome == Acknowledged:
			survived = append(survived, record.End)
		}
	}
	a.LostSpan = spanOf(lost)
	a.Gaps, a.LongestGap = gaps(survived, during)
	a.Latency = latency(records)
	a.Errors = errorCounts(records)
	return a
}

// count adds one write to the totals.
func (a *Account) count(record Record, applied int) {
	switch record.Outcome {
	case Acknowledged:
		a.Acknowledged++
		a.Lost += toInt(applied == 0)
	case Failed:
		a.Failed++
		a.Phantom += toInt(applied > 0)
	case Unknown:
		a.Unknown++
		a.UnknownApplied += toInt(applied > 0)
	}
	a.Duplicates += toInt(applied > 1)
}

func toInt(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func spanOf(times []time.Time) *Span {
	if len(times) == 0 {
		return nil
	}
	return &Span{
		From: stamp(slices.MinFunc(times, time.Time.Compare)),
		To:   stamp(slices.MaxFunc(times, time.Time.Compare)),
	}
}

// gaps finds the stretches without a write: between two, before the first and
// after the last. It returns those that reach GapFloor, and the longest.
func gaps(writes []time.Time, during Span) (all []Gap, longest Gap) {
	writes = slices.Clone(writes)
	slices.SortFunc(writes, time.Time.Compare)
	from := during.From
	visit := func(to time.Time, recovered bool) {
		length := to.Sub(from)
		gap := Gap{Span: Span{From: stamp(from), To: stamp(to)}, DurationMs: milliseconds(length), Recovered: recovered}
		if gap.DurationMs > longest.DurationMs {
			longest = gap
		}
		if length >= GapFloor {
			all = append(all, gap)
		}
		from = to
	}
	for _, write := range writes {
		visit(write, true)
	}
	visit(during.To, false)
	return all, longest
}

func latency(records []Record) Latency {
	var all []time.Duration
	for _, record := range records {
		if record.Outcome == Acknowledged {
			all = append(all, record.End.Sub(record.Start))
		}
	}
	slices.Sort(all)
	return Latency{
		P50Ms: milliseconds(percentile(all, 50)),
		P99Ms: milliseconds(percentile(all, 99)),
		MaxMs: milliseconds(percentile(all, 100)),
	}
}

// percentile is the smallest of the sorted values that at least p of 100 do
// not exceed (nearest rank), zero if there are none.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}

func errorCounts(records []Record) []ErrorCount {
	byClass := map[Class]*ErrorCount{}
	firsts := map[Class]time.Time{}
	for _, record := range records {
		if record.Outcome == Acknowledged {
			continue
		}
		count := byClass[record.Class]
		if count == nil {
			count = &ErrorCount{Class: record.Class}
			byClass[record.Class] = count
		}
		if first, seen := firsts[record.Class]; !seen || record.End.Before(first) {
			firsts[record.Class], count.First = record.End, record.Err.Error()
		}
		count.Failed += toInt(record.Outcome == Failed)
		count.Unknown += toInt(record.Outcome == Unknown)
	}
	counts := make([]ErrorCount, 0, len(byClass))
	for _, count := range byClass {
		counts = append(counts, *count)
	}
	slices.SortFunc(counts, func(a, b ErrorCount) int {
		return cmp.Or(cmp.Compare(b.Failed+b.Unknown, a.Failed+a.Unknown), cmp.Compare(a.Class, b.Class))
	})
	return counts
}

// newBuckets makes empty buckets for a stretch of time. Their bounds are whole
// multiples of the width, so that those of several runs line up.
func newBuckets(during Span) Buckets {
	first := during.From.Truncate(bucketWidth)
	n := int(during.To.Sub(first)/bucketWidth) + 1
	return Buckets{
		StartMs:      first.UnixMilli(),
		WidthMs:      bucketWidth.Milliseconds(),
		Acknowledged: make([]int, n),
		Lost:         make([]int, n),
		Failed:       make([]int, n),
		Unknown:      make([]int, n),
	}
}

func (b Buckets) add(record Record, lost bool) {
	i := int((record.End.UnixMilli() - b.StartMs) / b.WidthMs)
	switch record.Outcome {
	case Acknowledged:
		b.Acknowledged[i]++
		b.Lost[i] += toInt(lost)
	case Failed:
		b.Failed[i]++
	case Unknown:
		b.Unknown[i]++
	}
}
