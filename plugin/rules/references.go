package rules

import (
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

const (
	serviceAccount = "/ServiceAccount"
	autoscaler     = "autoscaling/HorizontalPodAutoscaler"
)

// reference is an object whose rights another one takes, or whose size it sets.
type reference struct{ id, namespace, name string }

// references are what a document says about objects of others in namespaces that other
// tenants may share.
type references struct {
	rendered []reference
	used     []usedReference
}

type usedReference struct {
	reference
	// wrong is what is wrong if it is not rendered.
	wrong error
}

// checkReferences refuses a Pod, a token or a binding that takes the rights of what
// the stream does not have, and an autoscaler of it: it may be the operator's, or
// another tenant's.
func (e *engine) checkReferences(outcomes []outcome) error {
	// Most objects are used by none.
	missing := map[reference]bool{}
	for _, o := range outcomes {
		for _, used := range o.references.used {
			missing[used.reference] = true
		}
	}
	for _, o := range outcomes {
		for _, r := range o.references.rendered {
			delete(missing, r)
		}
	}
	var all problems
	for _, o := range outcomes {
		for _, used := range o.references.used {
			if missing[used.reference] {
				all.add(used.wrong)
			}
		}
	}
	return all.err()
}

// noteReferences adds what an object in a shared namespace is or takes.
func (e *engine) noteReferences(o *object, r *references) error {
	if !e.isShared(o.namespace) {
		return nil
	}
	r.rendered = append(r.rendered, reference{o.id, o.namespace, o.value("name")})
	switch o.id {
	case roleBinding:
		return e.noteUsed(o, r, "roleRef", "name", role)
	case autoscaler:
		return e.noteScaled(o, r)
	case "/Secret":
		return e.noteToken(o, r)
	}
	for _, path := range o.kind.Pods {
		for _, field := range []string{"serviceAccountName", "serviceAccount"} {
			if err := e.noteUsed(o, r, path, field, serviceAccount); err != nil {
				return err
			}
		}
	}
	return nil
}

// noteToken adds the service account that a Secret is to hold a token of.
func (e *engine) noteToken(o *object, r *references) error {
	annotations, err := o.metadata.Find("annotations")
	if err != nil || len(annotations) == 0 {
		return err
	}
	name, err := annotations[0].Entry("kubernetes.io/service-account.name")
	if err != nil || name == "" {
		return err
	}
	e.use(o, r, annotations[0], reference{serviceAccount, o.namespace, name}, takesRights)
	return nil
}

// noteScaled adds what an autoscaler sets the size of.
func (e *engine) noteScaled(o *object, r *references) error {
	targets, err := o.node.Find("spec.scaleTargetRef")
	if err != nil {
		return err
	}
	for _, target := range targets {
		names := map[string]string{}
		for _, key := range []string{"apiVersion", "kind", "name"} {
			if names[key], err = target.Value(key); err != nil {
				return err
			}
		}
		e.use(o, r, target, reference{idOf(names["apiVersion"], names["kind"]), o.namespace, names["name"]}, "sets the size of a")
	}
	return nil
}

func (e *engine) noteUsed(o *object, r *references, path, field, id string) error {
	places, err := o.node.Find(path)
	if err != nil {
		return err
	}
	for _, place := range places {
		name, err := place.Value(field)
		if err != nil {
			return err
		}
		isDefault := id == serviceAccount && (name == "" || name == "default")
		if isDefault {
			continue
		}
		e.use(o, r, place, reference{id, o.namespace, name}, takesRights)
	}
	return nil
}

const takesRights = "takes the rights of a"

// use notes what is wrong if the stream does not have what a place refers to.
func (e *engine) use(o *object, r *references, place manifest.Node, to reference, does string) {
	_, kind, _ := strings.Cut(to.id, "/")
	wrong := e.refuse(o, place, "%s %s in %s that the manifests do not have, and that may be somebody else's; "+
		"have the chart make one, "+ownNamespace, does, kind, to.namespace)
	if wrong != nil {
		r.used = append(r.used, usedReference{reference: to, wrong: wrong})
	}
}
