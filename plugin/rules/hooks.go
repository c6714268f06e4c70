package rules

import (
	"slices"
	"strings"
)

// hooks are the annotations of what Helm and Argo CD run besides a release.
var hooks = []string{"helm.sh/hook", "argocd.argoproj.io/hook"}

// isHook tells whether the object is run besides the release.
func (o *object) isHook() (bool, error) {
	annotations, err := o.metadata.Find("annotations")
	return len(annotations) > 0 && slices.ContainsFunc(annotations[0].Keys(), func(key string) bool { return slices.Contains(hooks, key) }), err
}

// isPassing tells whether the object is run besides the release, and what it runs ends by
// itself. What goes on running is what rules are about, by whatever way it comes.
func (o *object) isPassing() (bool, error) {
	isHook, err := o.isHook()
	return isHook && (len(o.kind.Pods) == 0 || o.id == "/Pod" || o.id == "batch/Job"), err
}

// checkHook refuses a hook that may have the name of somebody else's object: what has it is
// deleted or written over, whoever's it is, where other objects are refused by Helm.
func (e *engine) checkHook(o *object) error {
	isHook, err := o.isHook()
	if err != nil || !isHook || !e.isShared(o.namespace) || e.isOwnName(o.value("name")) {
		return err
	}
	return e.refuse(o, o.node, "is a hook, which takes the place of whoever's object has its name; "+
		"begin the name with %s-, or with the release's in spec.release of the tenant file, "+ownNamespace, e.tenant.Metadata.Name)
}

// isOwnName tells whether a name begins with the tenant's or its release's. One that the API
// server is to make is nobody else's.
func (e *engine) isOwnName(name string) bool {
	begins := func(own string) bool { return name == own || own != "" && strings.HasPrefix(name, own+"-") }
	return name == "" || begins(e.tenant.Metadata.Name) || begins(e.tenant.Spec.Release)
}
