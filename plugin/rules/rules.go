// Package rules knows what a tenant file changes in which object. How a change
// is written into the bytes is package manifest's job.
//
// Render makes one plan; output, diff, explanation and provenance are made of
// it.
package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unique"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// maxDocuments is how many documents a stream may have, each item of a List being
// one.
const maxDocuments = 100_000

// Result is a rendered stream.
type Result struct {
	Documents []Document
	// Kinds are those that the tenant file declares.
	Kinds []tenant.ScopedKind

	objects int
}

// ErrNothing is what is wrong with a stream without an object. Something should
// have written one: nothing rendered is nothing enforced.
var ErrNothing = errors.New("there is no Kubernetes object in the manifests")

// CheckSome returns ErrNothing if there was no object.
func (r Result) CheckSome() error {
	if r.objects == 0 {
		return ErrNothing
	}
	return nil
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
	// changes are what was edited; After is Before if there are none. They do not say
	// where, and take memory once for all documents that are changed alike.
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
		for _, part := range [][]byte{doc.Before.Lead, doc.After} {
			n, err := to.Write(part)
			written += int64(n)
			if err != nil {
				return written, err
			}
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

// Render returns a stream of manifests as the tenant t is to have it.
// Documents that need no change keep their bytes. Rendering the result again
// changes nothing. The error is a *manifest.Error, several of them joined, or
// tenant.Problems for a rule that matches nothing.
func Render(t *tenant.Tenant, stream []byte) (Result, error) {
	e := newEngine(t)
	e.namesObjects = true
	return e.renderPieces(manifest.Split(stream))
}

// Pieces is Render for documents that somebody else has taken apart, and knows by
// another way than their names.
func Pieces(t *tenant.Tenant, pieces []manifest.Piece) (Result, error) {
	return newEngine(t).renderPieces(pieces)
}

// Output is Render without the plan and the text before, which nobody has asked for,
// and which would take more memory than the manifests.
func Output(t *tenant.Tenant, stream []byte) (Result, error) {
	e := newEngine(t)
	e.outputOnly = true
	return e.renderPieces(manifest.Split(stream))
}

func (e *engine) renderPieces(pieces []manifest.Piece) (Result, error) {
	if err := e.checkKinds(); err != nil {
		return Result{}, err
	}
	if len(pieces) > maxDocuments {
		return Result{}, fmt.Errorf("there are %d documents; allowed are %d; split the chart", len(pieces), maxDocuments)
	}
	result := Result{Documents: make([]Document, len(pieces)), Kinds: e.tenant.Spec.Kinds}
	outcomes, matched := e.renderAll(pieces, result.Documents)
	if err := problemsOf(outcomes); err != nil {
		return Result{}, err
	}
	ruled := 0
	for _, o := range outcomes {
		result.objects += o.objects
		ruled += o.ruled
	}
	if err := e.checkLabels(outcomes); err != nil {
		return Result{}, err
	}
	if err := e.checkReferences(outcomes); err != nil {
		return Result{}, err
	}
	// Helm 4 may send hooks alone.
	if ruled > 0 {
		if err := e.checkMatched(matched); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

// problemsOf returns what is wrong with the documents.
func problemsOf(outcomes []outcome) error {
	var all problems
	for _, o := range outcomes {
		all.add(o.err)
	}
	return all.err()
}

// engine applies one tenant's rules.
type engine struct {
	tenant     *tenant.Tenant
	labels     map[string]string
	provenance string
	// namesObjects is whether the result names documents and objects, outputOnly whether
	// the plan is dropped once it is carried out: all this takes memory.
	namesObjects, outputOnly bool
}

func newEngine(t *tenant.Tenant) *engine {
	return &engine{tenant: t, labels: t.AllLabels(), provenance: t.RenderedBy()}
}

// outcome is what became of one document.
type outcome struct {
	*Document
	// objects counts the objects, ruled those that rules must be about: all but
	// hooks.
	objects, ruled int
	labels         labelUse
	references     references
	err            error
}

// renderAll renders pieces into documents side by side: none depends on another. It
// also returns the rules that were about something.
func (e *engine) renderAll(pieces []manifest.Piece, documents []Document) ([]outcome, matches) {
	outcomes, matched := make([]outcome, len(pieces)), matches{}
	indexes := make(chan int, len(pieces))
	for i := range pieces {
		indexes <- i
	}
	close(indexes)
	var workers sync.WaitGroup
	var mutex sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			own := matches{}
			for i := range indexes {
				documents[i].Before = pieces[i]
				outcomes[i] = e.render(&documents[i], own)
				if e.outputOnly {
					pieces[i] = manifest.Piece{}
				}
			}
			mutex.Lock()
			defer mutex.Unlock()
			maps.Copy(matched, own)
		})
	}
	workers.Wait()
	return outcomes, matched
}

// render renders a document, and adds the rules that were about something to matched.
func (e *engine) render(document *Document, matched matches) outcome {
	o := outcome{Document: document}
	doc, err := manifest.Parse(o.Before)
	if err == nil {
		err = e.plan(doc, &o, matched)
	}
	if err == nil {
		o.After, err = doc.Bytes()
	}
	o.err = err
	if err == nil && e.namesObjects {
		o.Object = doc.Name()
	}
	switch {
	case err != nil:
	case e.outputOnly:
		o.Before.Text = nil
	default:
		o.setChanges(doc.Changes())
	}
	return o
}

// plan plans all edits of a document.
func (e *engine) plan(doc *manifest.Document, o *outcome, matched matches) error {
	if err := e.patch(doc, matched); err != nil {
		return err
	}
	if err := e.attach(doc, matched); err != nil {
		return err
	}
	objects, err := e.objects(doc, matched)
	if err != nil {
		return err
	}
	var all problems
	for _, object := range objects {
		all.add(e.planAndNote(object, o))
	}
	return all.err()
}

// planAndNote plans the edits of an object, and notes what others need to know of it.
func (e *engine) planAndNote(object *object, o *outcome) error {
	if err := e.noteLabels(object, &o.labels); err != nil {
		return err
	}
	if err := e.planObject(object); err != nil {
		return err
	}
	if err := e.noteReferences(object, &o.references); err != nil {
		return err
	}
	o.objects++
	if hook, err := object.isHook(); err != nil {
		return err
	} else if !hook {
		o.ruled++
	}
	if e.namesObjects {
		o.Objects = append(o.Objects, fmt.Sprintf("%s %s/%s", object.id, object.namespace, object.value("name")))
	}
	return nil
}

// planObject plans the edits of an object, after those that add to it: patches come
// first of all, so that rules hold for what they make, then sidecars, whose images
// and resources rules are about, too.
func (e *engine) planObject(o *object) error {
	steps := []func(*object) error{
		// The others need to know the namespace: who else may be there.
		e.place,
		// Whose policies and rights these are, as the chart has them.
		e.checkRival, e.checkRights,
		// Labels before access: what a policy selects by must be what Pods get.
		e.identify,
		// Containers, with the images of sidecars among them.
		e.edit,
		e.grant, e.labelAlerts, e.choose,
		// What holds for others is checked as it will be applied.
		e.checkHostNetwork, e.checkShared,
	}
	for _, step := range steps {
		if err := step(o); err != nil {
			return err
		}
	}
	return nil
}

// edit plans what changes in an object's containers and images.
func (e *engine) edit(o *object) error {
	containers, err := o.containers()
	if err != nil {
		return err
	}
	images, err := o.images()
	if err != nil {
		return err
	}
	for _, image := range images {
		if err := e.mapImage(o, image); err != nil {
			return err
		}
	}
	if err := e.checkDefaults(o, containers); err != nil {
		return err
	}
	for _, c := range containers {
		if err := e.limitResources(o, c); err != nil {
			return err
		}
	}
	if err := e.checkPodResources(o); err != nil {
		return err
	}
	return e.checkLooks(o, images)
}

func (e *engine) cause(key string) manifest.Cause {
	return manifest.Cause{Rule: key, Line: e.tenant.Line(key)}
}

// object is a Kubernetes object in a document.
type object struct {
	node, metadata manifest.Node
	// id is its API group and kind: "apps/Deployment", "/Service".
	id        string
	kind      kinds.Kind
	namespace string
	// matched collects the rules that were about something.
	matched matches
}

// objects returns a document's objects.
func (e *engine) objects(doc *manifest.Document, matched matches) ([]*object, error) {
	nodes, err := doc.Objects()
	if err != nil {
		return nil, err
	}
	objects := make([]*object, len(nodes))
	for i, node := range nodes {
		if objects[i], err = e.readObject(node, matched); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

func (e *engine) readObject(node manifest.Node, matched matches) (*object, error) {
	apiVersion, err := required(node, "apiVersion")
	if err != nil {
		return nil, err
	}
	name, err := required(node, "kind")
	if err != nil {
		return nil, err
	}
	id := idOf(apiVersion, name)
	metadata, err := node.Find("metadata")
	if err != nil {
		return nil, err
	}
	if len(metadata) == 0 {
		return nil, node.Errorf("has no metadata; an object needs metadata.name")
	}
	return &object{node: node, metadata: metadata[0], id: id, kind: kinds.Of(e.tenant.Spec.Kinds, id), matched: matched}, nil
}

// value returns a string of the object's metadata, or nothing.
func (o *object) value(key string) string {
	text, err := o.metadata.Value(key)
	if err != nil {
		return ""
	}
	return text
}

// isHook tells whether Helm runs the object besides the release.
func (o *object) isHook() (bool, error) {
	annotations, err := o.metadata.Find("annotations")
	if err != nil || len(annotations) == 0 {
		return false, err
	}
	return slices.Contains(annotations[0].Keys(), "helm.sh/hook"), nil
}

// idOf returns an API group and kind, such as "apps/Deployment" and "/Service".
func idOf(apiVersion, kind string) string {
	group, _, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		group = ""
	}
	return group + "/" + kind
}

func required(object manifest.Node, key string) (string, error) {
	text, err := object.Value(key)
	if err == nil && text == "" {
		err = object.Errorf("is not a Kubernetes object: it has no %s; each document needs apiVersion and kind", key)
	}
	return text, err
}
