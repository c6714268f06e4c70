package rules

import (
	"fmt"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// chooseNodes puts an object's Pods on the tenant's nodes.
func (e *engine) chooseNodes(o *object) error {
	placement := e.tenant.Spec.Placement
	if placement == nil {
		return nil
	}
	for _, path := range o.kind.Pods {
		pods, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			o.matched.noteRule("spec.placement")
			if err := e.mergeEach(pod, "nodeSelector", placement.NodeSelector, "spec.placement.nodeSelector."); err != nil {
				return err
			}
			if err := e.addTolerations(pod, placement.Tolerations); err != nil {
				return err
			}
		}
	}
	return nil
}

// addTolerations adds the tolerations that a Pod lacks.
func (e *engine) addTolerations(pod manifest.Node, tolerations []tenant.Toleration) error {
	lists, err := pod.Find("tolerations")
	if err != nil {
		return err
	}
	if _, err := pod.Find("tolerations[]"); err != nil {
		return err
	}
	var missing []any
	for i, toleration := range tolerations {
		item := fieldsOf(toleration)
		if len(lists) == 0 {
			missing = append(missing, item)
			continue
		}
		if lists[0].Contains(item) {
			continue
		}
		if err := lists[0].Append(item, e.cause(fmt.Sprintf("spec.placement.tolerations[%d]", i))); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return pod.Merge(manifest.Fields{"tolerations": missing}, e.cause("spec.placement.tolerations"))
}

// fieldsOf returns a toleration without what is empty.
func fieldsOf(t tenant.Toleration) map[string]string {
	fields := map[string]string{"key": t.Key, "operator": t.Operator, "value": t.Value, "effect": t.Effect}
	for key, value := range fields {
		if value == "" {
			delete(fields, key)
		}
	}
	return fields
}
