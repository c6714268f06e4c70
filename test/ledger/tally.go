package ledger

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// tally counts outcomes while the writers are at it.
type tally struct {
	kinds []Kind
	ready chan struct{}

	mu     sync.Mutex
	counts map[Kind]*[Unknown + 1]int
	last   map[Kind]error
}

func newTally(kinds []Kind) *tally {
	t := &tally{kinds: kinds, ready: make(chan struct{}), counts: map[Kind]*[Unknown + 1]int{}, last: map[Kind]error{}}
	for _, kind := range kinds {
		t.counts[kind] = new([Unknown + 1]int)
	}
	return t
}

func (t *tally) add(record Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := t.counts[record.Client]
	counts[record.Outcome]++
	if record.Err != nil {
		t.last[record.Client] = record.Err
	}
	if record.Outcome == Acknowledged && counts[Acknowledged] == 1 && t.allAcknowledged() {
		close(t.ready)
	}
}

func (t *tally) allAcknowledged() bool {
	for _, counts := range t.counts {
		if counts[Acknowledged] == 0 {
			return false
		}
	}
	return true
}

// report prints READY when it is time, and a line now and then until ctx ends.
func (t *tally) report(ctx context.Context, out io.Writer) {
	start := time.Now()
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	ready := t.ready
	for {
		select {
		case <-ctx.Done():
			return
		case <-ready:
			fmt.Fprintln(out, "READY")
			ready = nil
		case <-ticker.C:
			fmt.Fprintf(out, "%3.0fs  %s\n", time.Since(start).Seconds(), t.line())
		}
	}
}

// line has all counts, and the errors that are new since the last line.
func (t *tally) line() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var parts []string
	for _, kind := range t.kinds {
		counts := t.counts[kind]
		part := fmt.Sprintf("%s: %d acknowledged, %d failed, %d unknown", kind, counts[Acknowledged], counts[Failed], counts[Unknown])
		if err := t.last[kind]; err != nil {
			part += fmt.Sprintf(" (last: %v)", err)
		}
		parts = append(parts, part)
	}
	clear(t.last)
	return strings.Join(parts, "; ")
}
