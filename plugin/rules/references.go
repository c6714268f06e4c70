package rules

import (
	"maps"
	"regexp"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

const (
	serviceAccount = "/ServiceAccount"
	autoscaler     = "autoscaling/HorizontalPodAutoscaler"
)

// missingReferences are those that are used in a namespace which other tenants may
// share, and that the stream does not have: they may be the operator's, or another
// tenant's.
func missingReferences(outcomes []*outcome) map[reference]bool {
	missing := map[reference]bool{}
	for _, o := range outcomes {
		maps.Copy(missing, o.facts.used)
	}
	if len(missing) == 0 {
		return nil
	}
	rendered := map[uint64]bool{}
	for _, o := range outcomes {
		for _, hash := range o.facts.rendered {
			rendered[hash] = true
		}
	}
	maps.DeleteFunc(missing, func(r reference, _ bool) bool { return rendered[r.hash()] })
	return missing
}

// noteReferences adds what an object in a shared namespace is or takes.
func (e *engine) noteReferences(o *object, f *facts) error {
	if !e.isShared(o.namespace) {
		return nil
	}
	f.rendered = append(f.rendered, reference{o.id, o.namespace, o.value("name")}.hash())
	if o.id == kinds.Failover {
		// With auth.existingSecret the chart does not make it, and names it in the tenant's Role.
		f.rendered = append(f.rendered, reference{"/Secret", o.namespace, o.value("name")}.hash())
	}
	for _, note := range []func(*object, *facts) error{e.noteDisguise, e.noteSelected, e.noteServed, e.noteAccounts} {
		if err := note(o, f); err != nil {
			return err
		}
	}
	switch o.id {
	case role:
		return e.noteNamed(o, f)
	case roleBinding:
		return e.noteUsed(o, f, "roleRef", "name", role)
	case autoscaler:
		return e.noteScaled(o, f)
	case "/Secret":
		return e.noteToken(o, f)
	}
	return nil
}

// noteAccounts adds the service accounts of an object's Pods.
func (e *engine) noteAccounts(o *object, f *facts) error {
	for _, path := range o.kind.Pods {
		for _, field := range []string{"serviceAccountName", "serviceAccount"} {
			if err := e.noteUsed(o, f, path, field, serviceAccount); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxGranted is how many kinds a rule of a Role may be about.
const maxGranted = 100

// noteNamed adds the objects that a Role gives rights to by their names.
func (e *engine) noteNamed(o *object, f *facts) error {
	rules, err := o.node.Find("rules[]")
	if err != nil {
		return err
	}
	for _, rule := range rules {
		lists := map[string][]string{}
		for _, key := range []string{"apiGroups", "resources", "resourceNames"} {
			if lists[key], err = texts(rule, key+"[]"); err != nil {
				return err
			}
		}
		var all problems
		ids, ok := e.grantedKinds(lists["apiGroups"], lists["resources"])
		if !ok {
			all.add(e.refuse(o, rule, "gives rights to more than the manifests can have; name the kinds in apiGroups and resources, and declare those of others in spec.kinds"))
		}
		for _, id := range ids {
			for _, name := range lists["resourceNames"] {
				all.add(e.noteReference(o, f, rule, holderOf(reference{id, o.namespace, name}), "gives rights to a"))
			}
		}
		if err := all.err(); err != nil {
			return err
		}
	}
	return nil
}

// grantedKinds are those that a rule of a Role is about. It is false if nobody can tell.
func (e *engine) grantedKinds(groups, resources []string) ([]string, bool) {
	if len(groups)*len(resources) > maxGranted {
		return nil, false
	}
	var ids []string
	for _, group := range groups {
		for _, resource := range resources {
			id, ok := kinds.OfResource(e.tenant.Spec.Kinds, group, resource)
			if !ok {
				return nil, false
			}
			if id != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids, true
}

// ofSet is how a StatefulSet calls its Pods.
var ofSet = regexp.MustCompile(`^(.+)-[0-9]+$`)

// holderOf is what makes an object of a certain name: a StatefulSet, the operator, or the
// chart itself.
func holderOf(r reference) reference {
	if set := ofSet.FindStringSubmatch(r.name); set != nil && r.id == "/Pod" {
		r.id, r.name = "apps/StatefulSet", set[1]
	}
	if name, isMade := instanceOf(r.name); isMade {
		r.id, r.name = kinds.Failover, name
	}
	return r
}

// noteToken adds the service account that a Secret is to hold a token of.
func (e *engine) noteToken(o *object, f *facts) error {
	annotations, err := o.metadata.Find("annotations")
	if err != nil || len(annotations) == 0 {
		return err
	}
	name, err := annotations[0].Entry("kubernetes.io/service-account.name")
	if err != nil || name == "" {
		return err
	}
	return e.noteReference(o, f, annotations[0], reference{serviceAccount, o.namespace, name}, takesRights)
}

// noteScaled adds what an autoscaler sets the size of.
func (e *engine) noteScaled(o *object, f *facts) error {
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
		to := reference{idOf(names["apiVersion"], names["kind"]), o.namespace, names["name"]}
		if err := e.noteReference(o, f, target, to, "sets the size of a"); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) noteUsed(o *object, f *facts, path, field, id string) error {
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
		if err := e.noteReference(o, f, place, reference{id, o.namespace, name}, takesRights); err != nil {
			return err
		}
	}
	return nil
}

const takesRights = "takes the rights of a"

// noteReference adds what a place refers to. In the second round it refuses what the
// stream does not have.
func (e *engine) noteReference(o *object, f *facts, place manifest.Node, to reference, does string) error {
	switch {
	case e.verdict == nil:
		if !e.isException(o) {
			note(&f.used, to, true)
		}
		return nil
	case !e.verdict.missing[to]:
		return nil
	}
	_, kind, _ := strings.Cut(to.id, "/")
	return e.refuse(o, place, "%s %s in %s that the manifests do not have, and that may be somebody else's; "+
		"have the chart make one, "+ownNamespace, does, kind, to.namespace)
}
