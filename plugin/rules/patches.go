package rules

import (
	"cmp"
	"fmt"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// patchObjects carries out the tenant's patches on the objects of a document.
func (e *engine) patchObjects(doc *manifest.Document, d *Document, matched matches) error {
	if len(e.tenant.Spec.Patches) == 0 {
		return nil
	}
	objects, err := e.objects(doc, matched)
	if err != nil {
		return err
	}
	for i, patch := range e.tenant.Spec.Patches {
		rule := patchRule(i)
		var targets []int
		for j := range objects {
			if e.isTarget(objects[j], patch.Target) {
				targets = append(targets, j)
			}
		}
		if len(targets) == 0 {
			continue
		}
		matched.noteRule(rule)
		d.isPatched = true
		if err := manifest.Patch(doc, targets, e.operations(patch, rule)); err != nil {
			return err
		}
		if objects, err = e.objects(doc, matched); err != nil {
			return err
		}
		if err := e.checkTargets(objects, targets, patch, rule); err != nil {
			return err
		}
	}
	return nil
}

func patchRule(i int) string { return fmt.Sprintf("spec.patches[%d]", i) }

// checkTargets refuses a patch after which an object is not its target any more:
// rendering twice would patch once.
func (e *engine) checkTargets(objects []*object, targets []int, patch tenant.Patch, rule string) error {
	for _, target := range targets {
		if target >= len(objects) || !e.isTarget(objects[target], patch.Target) {
			return objects[min(target, len(objects)-1)].node.Errorf("is not the target of %s any more after it: a second run would not find it; "+
				"leave what the target names as it is", rule)
		}
	}
	return nil
}

func (e *engine) isTarget(o *object, t tenant.Target) bool {
	return o.id == t.Group+"/"+t.Kind &&
		(t.Name == "" || t.Name == o.value("name")) &&
		(t.Namespace == "" || t.Namespace == cmp.Or(o.value("namespace"), e.tenant.Spec.Namespace))
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
