package rules

import (
	"github.com/tenant-redis/tenant-redis/plugin/internal/quantity"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// limitResources holds a container to the tenant's ceilings.
func (e *engine) limitResources(o *object, c container) error {
	ceilings := e.tenant.Spec.Resources
	if ceilings == nil || c.path == "ephemeralContainers[]" {
		return nil
	}
	if runs, err := c.runs(); err != nil || !runs {
		return err
	}
	o.matched.noteRule("spec.resources")
	for name, ceiling := range ordered(ceilings.Limits) {
		key := "spec.resources.limits." + name
		if err := e.holdQuantity(c, "limits", name, ceiling, key); err != nil {
			return err
		}
		// No request may be above the limit.
		if err := e.holdQuantity(c, "requests", name, ceiling, key); err != nil {
			return err
		}
	}
	for name, ceiling := range ordered(ceilings.Requests) {
		if err := e.holdQuantity(c, "requests", name, ceiling, "spec.resources.requests."+name); err != nil {
			return err
		}
	}
	return nil
}

// checkPodResources refuses resources of a Pod as a whole, which may be more than
// its containers' together.
func (e *engine) checkPodResources(o *object) error {
	ceilings := e.tenant.Spec.Resources
	if ceilings == nil || o.kind.StandIn {
		return nil
	}
	for _, path := range o.kind.Pods {
		pods, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			for _, list := range []string{"limits", "requests"} {
				amounts, err := pod.Find("resources." + list)
				if err != nil {
					return err
				}
				for _, place := range amounts {
					if name, found := withCeiling(ceilings, place.Keys()); found {
						return e.refuse(o, place, "has %s of the Pod as a whole, and spec.resources of the tenant file holds each container to its own; move it to the containers", name)
					}
				}
			}
		}
	}
	return nil
}

func withCeiling(ceilings *tenant.Resources, names []string) (string, bool) {
	for _, name := range names {
		if ceilings.Limits[name] != "" || ceilings.Requests[name] != "" {
			return name, true
		}
	}
	return "", false
}

// holdQuantity plans that a container has no more than the ceiling of one resource; of
// a limit, that it has one. list is "limits" or "requests".
func (e *engine) holdQuantity(c container, list, name, ceiling, rule string) error {
	has := list
	text, err := amount(c.node, has, name)
	if err == nil && text == "" && list == "requests" {
		// Kubernetes requests as much as the limit is.
		has = "limits"
		text, err = amount(c.node, has, name)
	}
	if err != nil || text == "" && list == "requests" {
		return err
	}
	if text != "" {
		if exceeds, err := isMore(text, ceiling); err != nil {
			return c.node.Errorf("has %q as %s of %s, which is not a quantity; write one such as 100m or 64Mi", text, has, name)
		} else if !exceeds {
			return nil
		}
	}
	isRedisMemory := c.pod == "spec.redis" && c.path == "" && name == "memory"
	if e.tenant.Spec.Resources.OnExcess == "refuse" || isRedisMemory {
		if text == "" {
			return c.node.Errorf("has no resources.%s.%s; the tenant's ceiling is %s (%s); set it in the chart's values", list, name, ceiling, rule)
		}
		return c.node.Errorf("has %s as resources.%s.%s; the tenant's ceiling is %s (%s); lower it in the chart's values, or raise the ceiling",
			text, has, name, ceiling, rule)
	}
	return c.node.Merge(manifest.Fields{"resources": manifest.Fields{list: manifest.Fields{name: ceiling}}}, e.cause(rule))
}

// amount returns the text of a quantity, or nothing if there is none.
func amount(container manifest.Node, list, name string) (string, error) {
	lists, err := container.Find("resources." + list)
	if err != nil || len(lists) == 0 {
		return "", err
	}
	return lists[0].ScalarAt(name)
}

func isMore(text, ceiling string) (bool, error) {
	has, err := quantity.Parse(text)
	if err != nil {
		return false, err
	}
	most, err := quantity.Parse(ceiling)
	if err != nil {
		return false, err
	}
	return has.Cmp(most) > 0, nil
}
