package rules

import (
	"fmt"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// patch carries out the tenant's patches on the objects of a document.
func (e *engine) patch(doc *manifest.Document, matched map[string]bool) error {
	if len(e.tenant.Spec.Patches) == 0 {
		return nil
	}
	objects, err := e.objects(doc, matched)
	if err != nil {
		return err
	}
	for i, patch := range e.tenant.Spec.Patches {
		rule := fmt.Sprintf("spec.patches[%d]", i)
		for j := range objects {
			if !e.isTarget(objects[j], patch.Target) {
				continue
			}
			matched[rule] = true
			find := func() (manifest.Node, error) { return doc.Object(j) }
			if err := manifest.Patch(find, e.operations(patch, rule)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *engine) isTarget(o *object, t tenant.Target) bool {
	namespace := o.value("namespace")
	if namespace == "" {
		namespace = e.tenant.Spec.Namespace
	}
	return o.id == t.Group+"/"+t.Kind &&
		(t.Name == "" || t.Name == o.value("name")) &&
		(t.Namespace == "" || t.Namespace == namespace)
}

func (e *engine) operations(patch tenant.Patch, rule string) []manifest.Operation {
	operations := make([]manifest.Operation, len(patch.Operations))
	for i, op := range patch.Operations {
		operations[i] = manifest.Operation{
			Op: op.Op, Path: op.Path, Value: op.Value, Cause: e.cause(fmt.Sprintf("%s.operations[%d]", rule, i)),
		}
	}
	return operations
}
