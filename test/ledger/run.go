// Package ledger keeps account of a fault on Redis, from the client's side:
// it writes all the time, remembers what became of each write, and reads
// everything back once the instance is whole again. It knows of Redis only
// what a tenant is told.
//
// Each write has a key of its own and is sent at most once. It ends
// acknowledged, failed or unknown. Afterwards, a write that was acknowledged
// and is not on the master is lost; one that failed and is there is a phantom.
package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	progressEvery = 5 * time.Second
	// longerPause is how much longer a writer waits after each failure in a row, from the
	// second on, and longestPause how much at most. One that went on at its rate would take
	// the processor from what has the master replaced.
	longerPause, longestPause = 10 * time.Millisecond, 50 * time.Millisecond
)

// Run writes, waits for the instance to be whole, reads back and returns the
// account. Progress gets lines for people, and the line READY once a write of
// every client has been acknowledged: a fault should not come earlier. An
// error means that there is no account; lost writes are not an error.
func Run(ctx context.Context, contract Contract, settings Settings, progress io.Writer) (Report, error) {
	if err := settings.Validate(); err != nil {
		return Report{}, err
	}
	run := &run{
		id:       strings.ToLower(rand.Text()[:10]),
		contract: contract,
		settings: settings,
		progress: progress,
	}
	for _, kind := range settings.Clients {
		run.clients = append(run.clients, newClient(kind, settings, contract, run.prefix(kind)))
	}
	for _, service := range settings.Services {
		run.clients = append(run.clients, newServiceClient(service, settings.Writers, run.prefix(service.Name)))
	}
	defer run.close()
	run.log("run %s: %s for %s", run.id, settings.load(), settings.Duration)

	written := run.write(ctx)
	if err := ctx.Err(); err != nil {
		return Report{}, fmt.Errorf("interrupted while writing: %w", err)
	}
	return run.settle(ctx, written)
}

func (s Settings) load() string {
	var kinds []string
	for _, kind := range s.kinds() {
		kinds = append(kinds, string(kind))
	}
	return fmt.Sprintf("%s, %d writers each, %d writes/s per writer", strings.Join(kinds, ", "), s.Writers, s.Rate)
}

type run struct {
	id       string
	contract Contract
	settings Settings
	clients  []*client
	progress io.Writer
}

// written is the result of the writing phase. Records are by client.
type written struct {
	during  Span
	records map[Kind][]Record
}

func (r *run) log(format string, args ...any) {
	fmt.Fprintf(r.progress, format+"\n", args...)
}

func (r *run) prefix(kind Kind) string { return fmt.Sprintf("ledger:%s:%s:", r.id, kind) }

func (r *run) key(record Record) string {
	return fmt.Sprintf("%s%d:%d", r.prefix(record.Client), record.Writer, record.Sequence)
}

func (r *run) close() {
	for _, client := range r.clients {
		if err := client.close(); err != nil {
			r.log("closing client %s: %v", client.kind, err)
		}
	}
}

// write lets all writers of all clients write, and waits for them.
func (r *run) write(ctx context.Context) written {
	ctx, stop := context.WithTimeout(ctx, r.settings.Duration)
	defer stop()
	go func() {
		select {
		case <-r.settings.Enough:
			stop()
		case <-ctx.Done():
		}
	}()
	tally := newTally(r.settings.kinds())
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		tally.report(ctx, r.progress)
	}()

	records := make([][][]Record, len(r.clients))
	var writers sync.WaitGroup
	from := time.Now()
	for i, client := range r.clients {
		records[i] = make([][]Record, r.settings.Writers)
		for n := range r.settings.Writers {
			writers.Go(func() { records[i][n] = r.writer(ctx, client, n, tally) })
		}
	}
	writers.Wait()
	<-reported

	result := written{during: Span{From: from, To: time.Now()}, records: map[Kind][]Record{}}
	for i, client := range r.clients {
		for _, own := range records[i] {
			result.records[client.kind] = append(result.records[client.kind], own...)
		}
	}
	return result
}

// writer writes one after the other until ctx ends. A ticker drops the ticks
// that come while a write is under way. The last write is seen through.
func (r *run) writer(ctx context.Context, client *client, n int, tally *tally) []Record {
	session := client.open()
	defer session.close()
	turn := time.Second / time.Duration(r.settings.Rate)
	ticker := time.NewTicker(turn)
	defer ticker.Stop()
	var records []Record
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return records
		case <-ticker.C:
		}
		record := Record{Client: client.kind, Writer: n, Sequence: len(records)}
		r.writeOne(context.WithoutCancel(ctx), client, session, &record)
		tally.add(record)
		records = append(records, record)
		if record.Err != nil {
			failures++
			ticker.Reset(turn + pause(failures))
		} else if failures > 0 {
			failures = 0
			ticker.Reset(turn)
		}
	}
}

// pause is how much longer a writer waits that has failed so often in a row.
func pause(failures int) time.Duration {
	return min(longestPause, time.Duration(max(0, failures-1))*longerPause)
}

// writeOne sends one write and notes what became of it.
func (r *run) writeOne(ctx context.Context, client *client, session session, record *Record) {
	ctx, cancel := context.WithTimeout(ctx, r.settings.Timeout)
	defer cancel()
	key := r.key(*record)
	record.Start = time.Now()
	record.Err = session.write(ctx, key)
	record.End = time.Now()
	record.Outcome = outcome(record.Err, client.sent.take(key))
	record.Class = classify(record.Err)
}

// settle finds out what became of the writes, and cleans up.
func (r *run) settle(ctx context.Context, w written) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, r.settings.WholeWithin)
	defer cancel()
	var records []Record
	keys := []string{}
	for _, kind := range r.settings.kinds() {
		records = append(records, w.records[kind]...)
	}
	for _, record := range records {
		keys = append(keys, r.key(record))
	}
	r.log("%d writes ended; waiting for a master with %d replicas", len(records), r.settings.Replicas)
	reader := newReader(r.contract, r.settings, r.prefix("end"), r.log)
	truth, err := reader.read(ctx, keys)
	if err != nil {
		return Report{}, err
	}
	if !r.settings.Keep {
		if err := reader.remove(ctx, truth.Master.Server, keys); err != nil {
			r.log("removing the keys, which now go by their time to live: %v", err)
		}
	}
	return r.report(w, truth), nil
}

func (r *run) report(w written, truth truth) Report {
	report := Report{
		Schema:   Schema,
		Run:      r.id,
		Sentinel: r.contract.Sentinel,
		Master:   r.contract.Master,
		Settings: r.settings,
		Started:  stamp(w.during.From),
		Ended:    stamp(w.during.To),
		ReadBack: truth.ReadBack,
	}
	applied := truth.applied
	for _, client := range r.clients {
		records := w.records[client.kind]
		report.Clients = append(report.Clients,
			account(client.kind, records, applied[:len(records)], client.sent.targets, w.during))
		applied = applied[len(records):]
	}
	return report
}
