package tenant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/image"
)

// check looks at what fields say about each other.
func (r *reader) check(t *Tenant) {
	r.checkNamespaces(t)
	r.checkMetadata(t)
	r.checkImages(t.Spec.Images)
	if t.Spec.Access != nil && len(t.Spec.Namespaces) == 0 {
		r.report(r.nodes["spec.access"], "spec.access", "lets Pods of no namespace in", "allowed with spec.namespaces", "name the tenant's namespaces in spec.namespaces")
	}
	if t.Spec.Access != nil && len(t.Spec.Access.PodLabels) == 0 {
		r.report(r.nodes["spec.access.podLabels"], "spec.access.podLabels", "is empty, which lets every Pod in", "allowed is at least one label", "name the label that a client's Pod carries")
	}
	for i, patch := range t.Spec.Patches {
		r.checkPatch(patch, fmt.Sprintf("spec.patches[%d]", i))
	}
}

func (r *reader) checkNamespaces(t *Tenant) {
	for i, namespace := range t.Spec.Namespaces {
		if slices.Contains(t.Spec.Namespaces[:i], namespace) {
			key := fmt.Sprintf("spec.namespaces[%d]", i)
			r.report(r.nodes[key], key, fmt.Sprintf("%q is there twice", namespace), "allowed is each namespace once", "remove one of the two")
		}
	}
}

func (r *reader) checkMetadata(t *Tenant) {
	if key := "spec.labels." + Label; r.nodes[key] != nil {
		r.report(r.nodes[key], key, "is set from metadata.name", "allowed are other labels", "remove it")
	}
	for name := range t.Spec.Annotations {
		key := "spec.annotations." + name
		if strings.HasPrefix(name, "postrenderer.helm.sh/") {
			r.report(r.nodes[key], key, "belongs to Helm, which finds an object's file by it", "allowed are other annotations", "remove it")
		}
		if name == Provenance {
			r.report(r.nodes[key], key, "is set by tenant-post", "allowed are other annotations", "remove it")
		}
	}
}

// checkImages refuses mappings that contradict each other, or that would map
// an image again that they have mapped already: the second rendering must
// change nothing. One onto itself maps nothing.
func (r *reader) checkImages(mappings []ImageMapping) {
	for i, m := range mappings {
		key := fmt.Sprintf("spec.images[%d]", i)
		for j, other := range mappings {
			from, to, otherFrom := image.Canonical(m.From), image.Canonical(m.To), image.Canonical(other.From)
			if j < i && from == otherFrom {
				r.report(r.nodes[key], key+".from", fmt.Sprintf("%q is mapped twice", m.From), "allowed is each prefix once", "remove one of the two")
			}
			isItself := i == j && from == to
			if !isItself && (Within(to, otherFrom) || Within(otherFrom, to)) {
				r.report(r.nodes[key], key+".to", fmt.Sprintf("%q overlaps with %q, which spec.images[%d] maps", m.To, other.From, j),
					"allowed is a place that no mapping is about", "choose another place, or a longer from")
			}
		}
	}
}

func (r *reader) checkPatch(patch Patch, path string) {
	if len(patch.Operations) == 0 {
		r.report(r.nodes[path+".operations"], path+".operations", "is empty", "allowed is at least one operation", "add one, or remove the patch")
	}
	for i, op := range patch.Operations {
		key := fmt.Sprintf("%s.operations[%d]", path, i)
		switch {
		case op.Op == "remove" && op.Value != nil:
			r.report(op.Value, key+".value", "means nothing to remove", "allowed without a value", "remove it")
		case op.Op != "remove" && op.Value == nil:
			r.report(r.nodes[key], key+".value", "is missing", "required by "+op.Op, "add value")
		}
	}
}
