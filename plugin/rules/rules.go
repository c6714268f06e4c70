// Package rules knows what a tenant file changes in which object. How a change
// is written into the bytes is package manifest's job.
//
// Render makes one plan; output, diff, explanation and provenance are made of
// it.
package rules

import (
	"fmt"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// engine applies one tenant's rules.
type engine struct {
	tenant     *tenant.Tenant
	labels     map[string]string
	provenance string
	// keepsPlan is whether the result has the plan and the text before, and names
	// documents and objects: all this takes memory.
	keepsPlan bool
	// verdict is what the first round has found wrong with the stream as a whole, for the
	// second to tell where; nil in the first.
	verdict *verdict
}

func newEngine(t *tenant.Tenant) *engine {
	return &engine{tenant: t, labels: t.AllLabels(), provenance: t.RenderedBy()}
}

// plan plans all edits of a document, and notes what the others need to know of it.
func (e *engine) plan(doc *manifest.Document, d *Document, o *outcome, matched matches) error {
	objects, err := e.objects(doc, matched)
	if err != nil {
		return err
	}
	// As the chart has them.
	before, err := labelsOfAll(objects)
	if err != nil {
		return err
	}
	if err := e.patchObjects(doc, d, matched); err != nil {
		return err
	}
	if err := e.attachSidecars(doc, matched); err != nil {
		return err
	}
	if objects, err = e.objects(doc, matched); err != nil {
		return err
	}
	var all problems
	for i, object := range objects {
		if err := e.planAndNote(object, before[min(i, len(before)-1)], o); err != nil {
			all.add(err)
		} else if e.keepsPlan {
			d.Objects = append(d.Objects, fmt.Sprintf("%s %s/%s", object.id, object.namespace, object.value("name")))
		}
	}
	return all.err()
}

// planAndNote plans the edits of an object, and notes what others need to know of it.
// before are the labels that the chart gives it.
func (e *engine) planAndNote(object *object, before map[holder]map[string]string, o *outcome) error {
	if err := e.planObject(object); err != nil {
		return err
	}
	// As they will be applied.
	if err := e.noteLabels(object, before, &o.facts); err != nil {
		return err
	}
	if err := e.noteReferences(object, &o.facts); err != nil {
		return err
	}
	if err := e.noteInstance(object, &o.facts); err != nil {
		return err
	}
	o.objects++
	passing, err := object.isPassing()
	if !passing {
		o.ruled++
	}
	return err
}

// planObject plans the edits of an object, after those that add to it: patches come
// first of all, so that rules hold for what they make, then sidecars, whose images
// and resources rules are about, too.
func (e *engine) planObject(o *object) error {
	steps := []func(*object) error{
		// The others need to know the namespace: who else may be there.
		e.setNamespace,
		// Whose policies and rights these are, as the chart has them.
		e.checkRival, e.checkRights,
		// Labels before access: what a policy selects by must be what Pods get.
		e.labelObject,
		// Containers, with the images of sidecars among them.
		e.editContainers, e.checkInjected,
		e.grantAccess, e.labelAlerts, e.chooseNodes,
		// What holds for others is checked as it will be applied.
		e.checkNetworks, e.checkShared, e.checkRevision, e.checkOwners, e.checkHook, e.checkVolumes,
	}
	for _, step := range steps {
		if err := step(o); err != nil {
			return err
		}
	}
	return nil
}

// editContainers plans what changes in an object's containers and images.
func (e *engine) editContainers(o *object) error {
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

// texts are the strings that a path names below a place.
func texts(place manifest.Node, path string) ([]string, error) {
	found, err := place.Find(path)
	if err != nil {
		return nil, err
	}
	all := make([]string, len(found))
	for i, text := range found {
		if all[i], err = text.Text(); err != nil {
			return nil, err
		}
	}
	return all, nil
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
