package rules

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// maxDocuments is how many documents a stream may have, each item of a List being
// one.
const maxDocuments = 100_000

// Render returns a stream of manifests as the tenant t is to have it.
// Documents that need no change keep their bytes. Rendering the result again
// changes nothing. The error is a *manifest.Error, several of them joined, or
// tenant.Problems for a rule that matches nothing.
func Render(t *tenant.Tenant, stream []byte) (Result, error) {
	e := newEngine(t)
	e.keepsPlan = true
	outcomes, err := e.render(manifest.Pieces(stream))
	if err != nil {
		return Result{}, err
	}
	result := Result{count: countObjects(outcomes), Kinds: t.Spec.Kinds}
	for _, o := range outcomes {
		result.Documents = append(result.Documents, o.documents...)
	}
	return result, nil
}

// Output is Render for those who only want what is written.
func Output(t *tenant.Tenant, stream []byte) (Text, error) {
	return newEngine(t).output(manifest.Pieces(stream))
}

// Items is Output for documents that somebody else has taken apart.
func Items(t *tenant.Tenant, items iter.Seq[manifest.Piece]) (Text, error) {
	return newEngine(t).output(items)
}

// Unchanged is Items without rendering them.
func Unchanged(items iter.Seq[manifest.Piece]) Text {
	var text Text
	for piece := range items {
		text.parts = append(text.parts, piece.Lead, piece.Text)
	}
	return text
}

// Again returns what renders one of the documents that were rendered together, for
// those who want its plan: to keep all of them would take more memory.
func Again(t *tenant.Tenant) func(manifest.Piece) (Document, error) {
	e := newEngine(t)
	e.keepsPlan = true
	return func(piece manifest.Piece) (Document, error) {
		return e.renderOne(piece, &outcome{}, matches{})
	}
}

func (e *engine) output(pieces iter.Seq[manifest.Piece]) (Text, error) {
	outcomes, err := e.render(pieces)
	if err != nil {
		return Text{}, err
	}
	text := Text{count: countObjects(outcomes)}
	for _, o := range outcomes {
		text.parts = append(text.parts, o.text)
	}
	return text, nil
}

// outcome is what became of some documents that follow one another.
type outcome struct {
	// documents are theirs if the plan is kept, text is what is written otherwise.
	documents []Document
	text      []byte
	// objects counts the objects, ruled those that rules must be about.
	objects, ruled int
	facts          facts
	problems       problems
}

func countObjects(outcomes []*outcome) count {
	sum := 0
	for _, o := range outcomes {
		sum += o.objects
	}
	return count(sum)
}

// render renders all documents. What is only known at the end, such as a name that
// nothing has, is told in a second round: most streams need none, and to keep all
// that could be told would take more memory than the manifests.
func (e *engine) render(pieces iter.Seq[manifest.Piece]) ([]*outcome, error) {
	if err := e.checkKinds(); err != nil {
		return nil, err
	}
	outcomes, matched, err := e.renderAll(pieces)
	if err != nil {
		return nil, err
	}
	if e.verdict = e.judge(outcomes); e.verdict != nil {
		_, _, err := e.renderAll(pieces)
		return nil, err
	}
	// Helm 4 may send hooks alone.
	if slices.ContainsFunc(outcomes, func(o *outcome) bool { return o.ruled > 0 }) {
		if err := e.checkMatched(matched); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// job is some documents, and what becomes of them.
type job struct {
	pieces []manifest.Piece
	into   *outcome
}

// renderAll renders documents side by side: none depends on another. It also returns the
// rules that were about something.
func (e *engine) renderAll(pieces iter.Seq[manifest.Piece]) ([]*outcome, matches, error) {
	matched, jobs := matches{}, make(chan job)
	var workers sync.WaitGroup
	var mutex sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			own := matches{}
			for j := range jobs {
				e.renderSome(j.pieces, j.into, own)
			}
			mutex.Lock()
			defer mutex.Unlock()
			maps.Copy(matched, own)
		})
	}
	var outcomes []*outcome
	documents := 0
	for some := range batches(pieces) {
		if documents += len(some); documents > maxDocuments {
			continue // They are only counted.
		}
		o := &outcome{}
		outcomes = append(outcomes, o)
		jobs <- job{pieces: some, into: o}
	}
	close(jobs)
	workers.Wait()
	if documents > maxDocuments {
		return nil, nil, fmt.Errorf("there are %d documents; allowed are %d; split the chart", documents, maxDocuments)
	}
	var all problems
	for _, o := range outcomes {
		all.add(o.problems.err())
	}
	return outcomes, matched, all.err()
}

// batchSize is how many bytes are rendered one after the other before they are kept: what
// is kept of small objects one by one would be larger than they are.
const batchSize = 4 << 10

// batches takes documents together until they have batchSize bytes.
func batches(pieces iter.Seq[manifest.Piece]) iter.Seq[[]manifest.Piece] {
	return func(yield func([]manifest.Piece) bool) {
		var batch []manifest.Piece
		size := 0
		for piece := range pieces {
			batch = append(batch, piece)
			if size += len(piece.Text); size < batchSize {
				continue
			}
			if !yield(batch) {
				return
			}
			batch, size = nil, 0
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

// renderSome renders documents one after the other, and adds the rules that were about
// something to matched.
func (e *engine) renderSome(pieces []manifest.Piece, o *outcome, matched matches) {
	var text bytes.Buffer
	for _, piece := range pieces {
		document, err := e.renderOne(piece, o, matched)
		if err == nil && document.isPatched && e.verdict == nil {
			err = e.checkTwice(document)
		}
		switch {
		case err != nil:
			o.problems.add(err)
		case e.keepsPlan:
			o.documents = append(o.documents, document)
		default:
			text.Write(piece.Lead)
			text.Write(document.After)
		}
	}
	// The buffer may be twice as large.
	o.text = bytes.Clone(text.Bytes())
}

func (e *engine) renderOne(piece manifest.Piece, o *outcome, matched matches) (Document, error) {
	doc, err := manifest.Parse(piece)
	if err != nil {
		return Document{}, err
	}
	document := Document{Before: piece}
	if err := e.plan(doc, &document, o, matched); err != nil {
		return Document{}, err
	}
	if document.After, err = doc.Bytes(); err == nil && e.keepsPlan {
		document.Object = doc.Name()
		document.setChanges(doc.Changes())
	}
	return document, err
}
