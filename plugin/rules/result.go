package rules

import (
	"bytes"
	"errors"
	"io"
	"unique"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// ErrNothing is what is wrong with a stream without an object. Something should
// have written one: nothing rendered is nothing enforced.
var ErrNothing = errors.New("there is no Kubernetes object in the manifests")

// count is how many objects a stream has.
type count int

// CheckSome returns ErrNothing if there was no object.
func (c count) CheckSome() error {
	if c == 0 {
		return ErrNothing
	}
	return nil
}

// Text is what is written of a rendered stream. The plan and the text before would take
// more memory than the manifests.
type Text struct {
	count
	parts [][]byte
}

// WriteTo writes the rendered stream.
func (t Text) WriteTo(to io.Writer) (int64, error) {
	return writeAll(to, t.parts...)
}

// Result is a rendered stream with the plan, and with the text before.
type Result struct {
	count
	Documents []Document
	// Kinds are those that the tenant file declares.
	Kinds []tenant.ScopedKind
}

// Bytes returns the rendered stream.
func (r Result) Bytes() []byte {
	var b bytes.Buffer
	_, _ = r.WriteTo(&b)
	return b.Bytes()
}

// WriteTo writes the rendered stream.
func (r Result) WriteTo(to io.Writer) (int64, error) {
	var written int64
	for _, doc := range r.Documents {
		n, err := writeAll(to, doc.Before.Lead, doc.After)
		if written += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

func writeAll(to io.Writer, parts ...[]byte) (int64, error) {
	var written int64
	for _, part := range parts {
		n, err := to.Write(part)
		if written += int64(n); err != nil {
			return written, err
		}
	}
	return written, nil
}

// Changes returns all changes in the order of the stream.
func (r Result) Changes() []manifest.Change {
	var changes []manifest.Change
	for _, doc := range r.Documents {
		changes = append(changes, doc.Changes()...)
	}
	return changes
}

// Objects names all objects in the order of the stream.
func (r Result) Objects() []string {
	var objects []string
	for _, doc := range r.Documents {
		objects = append(objects, doc.Objects...)
	}
	return objects
}

// Document is one document of a stream, before and after.
type Document struct {
	// Object is the kind, namespace and name.
	Object string
	Before manifest.Piece
	After  []byte
	// Objects name the objects as they are rendered, each by group and kind,
	// namespace and name.
	Objects []string
	// isPatched is whether a patch was about it.
	isPatched bool
	// changes do not say where, and take memory once for all documents that are changed
	// alike.
	changes []unique.Handle[manifest.Change]
}

// HasChanged tells whether anything was edited.
func (d *Document) HasChanged() bool { return len(d.changes) > 0 }

// Changes are what was edited; After is Before if there are none.
func (d *Document) Changes() []manifest.Change {
	var changes []manifest.Change
	for _, shared := range d.changes {
		change := shared.Value()
		change.Line, change.Object = d.Before.Line, d.Object
		changes = append(changes, change)
	}
	return changes
}

func (d *Document) setChanges(changes []manifest.Change) {
	d.changes = make([]unique.Handle[manifest.Change], len(changes))
	for i, change := range changes {
		change.Line, change.Object = 0, ""
		d.changes[i] = unique.Make(change)
	}
}
