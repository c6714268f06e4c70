package rules

import (
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
)

// place sets or checks the namespace of an object.
func (e *engine) place(o *object) error {
	namespaced, err := e.isNamespaced(o)
	if err != nil || !namespaced {
		return err
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
	allowed := append([]string{spec.Namespace}, spec.Namespaces...)
	if slices.Contains(allowed, o.namespace) {
		return nil
	}
	return o.node.Errorf("is in the namespace %s, which is not the tenant's; allowed are %s; change the chart's values, or add it to spec.namespaces of the tenant file",
		o.namespace, strings.Join(allowed, ", "))
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
