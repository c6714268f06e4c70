package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// setNamespace sets or checks the namespace of an object.
func (e *engine) setNamespace(o *object) error {
	namespaced, err := e.isNamespaced(o)
	if err != nil {
		return err
	}
	if !namespaced {
		return e.checkClusterScoped(o)
	}
	o.namespace, err = o.metadata.Value("namespace")
	if err != nil {
		return err
	}
	spec := e.tenant.Spec
	if o.namespace == "" {
		o.namespace = spec.Namespace
		return o.node.Merge(metadata("namespace", spec.Namespace), e.cause("spec.namespace"))
	}
	allowed := e.namespaces()
	if slices.Contains(allowed, o.namespace) {
		return nil
	}
	return o.node.Errorf("is in the namespace %s, which is not the tenant's; allowed are %s; change the chart's values, or add it to spec.namespaces of the tenant file",
		o.namespace, strings.Join(allowed, ", "))
}

// namespaces are those that objects may be in.
func (e *engine) namespaces() []string {
	return append([]string{e.tenant.Spec.Namespace}, e.tenant.Spec.Namespaces...)
}

// checkClusterScoped refuses an object that belongs to no namespace, but for the
// tenant's Namespaces, kinds that the tenant file declares, and exceptions.
func (e *engine) checkClusterScoped(o *object) error {
	name, err := o.metadata.Value("name")
	if err != nil {
		return err
	}
	switch {
	case kinds.Declared(e.tenant.Spec.Kinds, o.id) != nil:
		return nil
	case o.id == "/Namespace" && name == e.tenant.Spec.Namespace && e.isShared(name):
		return e.refuse(o, o.node, "goes with the release, and with it what other tenants may have there; remove it, "+ownNamespace)
	case o.id == "/Namespace" && slices.Contains(e.namespaces(), name):
		return e.checkNamespace(o)
	}
	return e.refuse(o, o.node, "belongs to the cluster and not to a namespace of the tenant; remove it from the chart's values")
}

// checkKinds refuses to declare a kind that is known: what is declared would hold
// in place of what rules know about it.
func (e *engine) checkKinds() error {
	for i, d := range e.tenant.Spec.Kinds {
		if kinds.IsKnown(d.Group + "/" + d.Kind) {
			return e.tenant.Problem(fmt.Sprintf("spec.kinds[%d]", i), d.Kind+" is known already", "allowed are kinds that Kubernetes, the Redis operator and the Prometheus operator do not have",
				"remove it; name objects that may do more in spec.exceptions")
		}
	}
	return nil
}

// Refusal is an error that an exception of the tenant file would lift.
type Refusal struct {
	// Exception is what the tenant file would name the object by.
	Exception tenant.Target
	err       error
}

// Error says what is wrong, and what the exception is.
func (r *Refusal) Error() string { return r.err.Error() }

// Unwrap returns the *manifest.Error.
func (r *Refusal) Unwrap() error { return r.err }

// refuse returns a *Refusal about a place of an object, unless the tenant file makes
// an exception of the object. wrong ends with what mends it.
func (e *engine) refuse(o *object, place manifest.Node, wrong string, args ...any) error {
	if e.isException(o) {
		return nil
	}
	group, name, _ := strings.Cut(o.id, "/")
	return &Refusal{
		Exception: tenant.Target{Group: group, Kind: name, Name: o.value("name")},
		err:       place.Errorf("%s, or add it to spec.exceptions of the tenant file: %s", fmt.Sprintf(wrong, args...), o.target()),
	}
}

// isException tells whether the tenant file lets an object do what is refused
// otherwise.
func (e *engine) isException(o *object) bool {
	return slices.ContainsFunc(e.tenant.Spec.Exceptions, func(t tenant.Target) bool { return e.isTarget(o, t) })
}

// target is what the tenant file would name the object by.
func (o *object) target() string {
	group, kind, _ := strings.Cut(o.id, "/")
	name := o.value("name")
	if name == "" {
		return fmt.Sprintf("{group: %q, kind: %s}", group, kind)
	}
	return fmt.Sprintf("{group: %q, kind: %s, name: %s}", group, kind, name)
}

// podSecurity begins the labels by which a Namespace says what its Pods may do.
const podSecurity = "pod-security.kubernetes.io/"

// namesOnly begin labels by which nobody decides what holds in a Namespace.
var namesOnly = []string{namespaceLabel, "app.kubernetes.io/", "helm.sh/", "tenant-redis.dev/", podSecurity}

// deployers are the domains, with those below them, in whose annotations whatever applies a
// Namespace notes something for itself.
var deployers = []string{"helm.sh", "kubectl.kubernetes.io", "config.kubernetes.io", "config.k8s.io", "kpt.dev", "argocd.argoproj.io", "toolkit.fluxcd.io", "tenant-redis.dev"}

func isDeployers(annotation string) bool {
	domain, _, prefixed := strings.Cut(annotation, "/")
	return prefixed && slices.ContainsFunc(deployers, func(of string) bool { return domain == of || strings.HasSuffix(domain, "."+of) })
}

// decides is what is wrong with a label or an annotation of a Namespace.
const decides = "has the %s %s, by which the platform or others may decide what holds there; remove it, set it in spec.%ss"

// checkNamespace refuses a Namespace that says more about itself than who it is.
func (e *engine) checkNamespace(o *object) error {
	if err := e.checkNamespaceLabels(o); err != nil {
		return err
	}
	return e.checkNamespaceAnnotations(o)
}

// checkNamespaceAnnotations refuses annotations by which the platform decides: where the
// Pods of a Namespace run, which users and roles they may have, and whose it is. Those
// with images are under the rules for images.
func (e *engine) checkNamespaceAnnotations(o *object) error {
	annotations, err := o.metadata.Find("annotations")
	if err != nil || len(annotations) == 0 {
		return err
	}
	for _, key := range annotations[0].Keys() {
		text, err := annotations[0].ScalarAt(key)
		if err != nil {
			return err
		}
		_, isSet := e.tenant.Spec.Annotations[key]
		if !isSet && !isDeployers(key) && !kinds.IsImage(key, text) {
			return e.refuse(o, annotations[0], decides, "annotation", key, "annotation")
		}
	}
	return nil
}

// checkNamespaceLabels refuses a Namespace that lets Pods do more than the level restricted
// of the Pod Security Standards, by its newest version, and other labels: policies of
// admission spare a Namespace by its labels, and NetworkPolicies let it in.
func (e *engine) checkNamespaceLabels(o *object) error {
	labels, err := o.metadata.Find("labels")
	if err != nil || len(labels) == 0 {
		return err
	}
	strictest := map[string]string{podSecurity + "enforce": "restricted", podSecurity + "enforce-version": "latest"}
	for _, key := range labels[0].Keys() {
		value, err := labels[0].ScalarAt(key)
		if err != nil {
			return err
		}
		allowed, isSecurity := strictest[key]
		isName := e.labels[key] != "" || slices.ContainsFunc(namesOnly, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		switch {
		case isSecurity && value != allowed:
			return e.refuse(o, labels[0], "has %s: %q, which lets Pods do more; allowed is %s; change it", key, value, allowed)
		case !isName:
			return e.refuse(o, labels[0], decides, "label", key, "label")
		}
	}
	return nil
}

// isShared tells whether other tenants may be in a namespace: it is not named as
// one of the tenant's own.
func (e *engine) isShared(namespace string) bool {
	return !slices.Contains(e.tenant.Spec.Namespaces, namespace)
}

func (e *engine) isNamespaced(o *object) (bool, error) {
	namespaced, ok := kinds.IsNamespaced(e.tenant.Spec.Kinds, o.id)
	if !ok {
		group, name, _ := strings.Cut(o.id, "/")
		return false, o.node.Errorf("is of a kind whose scope is not known; declare it in spec.kinds of the tenant file: "+
			"{group: %q, kind: %s, scope: Namespaced}, or scope: Cluster", group, name)
	}
	return namespaced, nil
}
