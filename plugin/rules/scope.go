package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// place sets or checks the namespace of an object.
func (e *engine) place(o *object) error {
	namespaced, err := e.isNamespaced(o)
	if err != nil {
		return err
	}
	if !namespaced {
		return e.placeInCluster(o)
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

// placeInCluster refuses an object that belongs to no namespace, but for the
// tenant's Namespaces, kinds that the tenant file declares, and exceptions.
func (e *engine) placeInCluster(o *object) error {
	name, err := o.metadata.Value("name")
	if err != nil {
		return err
	}
	switch {
	case kinds.Declared(e.tenant.Spec.Kinds, o.id) != nil || e.isException(o):
		return nil
	case o.id == "/Namespace" && slices.Contains(e.namespaces(), name):
		return checkPodSecurity(o)
	}
	return o.node.Errorf("belongs to the cluster and not to a namespace of the tenant; remove it from the chart's values, or add it to spec.exceptions of the tenant file: %s",
		o.target())
}

// isException tells whether the tenant file lets an object do what is refused
// otherwise.
func (e *engine) isException(o *object) bool {
	return slices.ContainsFunc(e.tenant.Spec.Exceptions, func(t tenant.Target) bool { return e.isTarget(o, t) })
}

// target is what the tenant file would name the object by.
func (o *object) target() string {
	group, name, _ := strings.Cut(o.id, "/")
	return fmt.Sprintf("{group: %q, kind: %s, name: %s}", group, name, o.value("name"))
}

const podSecurity = "pod-security.kubernetes.io/enforce"

// checkPodSecurity refuses a Namespace that lets Pods do more than the level
// restricted of the Pod Security Standards, by its newest version.
func checkPodSecurity(o *object) error {
	labels, err := o.metadata.Find("labels")
	if err != nil || len(labels) == 0 {
		return err
	}
	for key, allowed := range ordered(map[string]string{podSecurity: "restricted", podSecurity + "-version": "latest"}) {
		value, err := labels[0].Entry(key)
		if err != nil {
			return err
		}
		if value != allowed && slices.Contains(labels[0].Keys(), key) {
			return labels[0].Errorf("has %s: %q, which lets Pods do more; allowed is %s; change it, or add the Namespace to spec.exceptions of the tenant file: %s",
				key, value, allowed, o.target())
		}
	}
	return nil
}

const roleBinding = "rbac.authorization.k8s.io/RoleBinding"

// checkRights refuses a binding of a ClusterRole in a namespace that other
// tenants may share: it would give rights to what is theirs.
func (e *engine) checkRights(o *object) error {
	if o.id != roleBinding || !e.isShared(o.namespace) || e.isException(o) {
		return nil
	}
	references, err := o.node.Find("roleRef")
	if err != nil {
		return err
	}
	for _, reference := range references {
		if role, err := reference.Value("kind"); err != nil {
			return err
		} else if role == "Role" {
			return nil
		}
	}
	return o.node.Errorf("binds a ClusterRole in %s, which other tenants may share; bind a Role, add the namespace to spec.namespaces if it is the tenant's alone, "+
		"or add the object to spec.exceptions of the tenant file: %s", o.namespace, o.target())
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
			"{group: %s, kind: %s, scope: Namespaced}, or scope: Cluster", group, name)
	}
	return namespaced, nil
}
