package rules

import (
	"maps"
	"regexp"
	"slices"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// ProvenanceRule is the cause of the annotation that each object gets.
const ProvenanceRule = "provenance"

// metadata wraps one field of an object's metadata.
func metadata(key string, value any) manifest.Fields {
	return manifest.Fields{"metadata": manifest.Fields{key: value}}
}

// labelObject sets labels and annotations on an object, on its Pod templates, and
// through a RedisFailover's own fields on the operator's Pods.
func (e *engine) labelObject(o *object) error {
	if err := e.checkSelector(o); err != nil {
		return err
	}
	places := []manifest.Node{o.node}
	for _, path := range o.kind.Templates {
		templates, err := o.node.Find(path)
		if err != nil {
			return err
		}
		places = append(places, templates...)
	}
	for _, place := range places {
		if err := e.setMetadata(place, "metadata"); err != nil {
			return err
		}
	}
	for _, path := range o.kind.PodMetadata {
		pods, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			if err := e.setMetadata(pod, "podMetadata"); err != nil {
				return err
			}
		}
	}
	if o.id == kinds.Failover {
		if err := e.labelFailover(o); err != nil {
			return err
		}
	}
	return o.node.Merge(metadata("annotations", manifest.Fields{tenant.Provenance: e.provenance}), manifest.Cause{Rule: ProvenanceRule})
}

// setMetadata sets labels and annotations in one field of a place.
func (e *engine) setMetadata(place manifest.Node, field string) error {
	set := func(list, key, value string, cause manifest.Cause) error {
		return place.Merge(manifest.Fields{field: manifest.Fields{list: manifest.Fields{key: value}}}, cause)
	}
	for key, value := range ordered(e.labels) {
		if err := set("labels", key, value, e.labelCause(key)); err != nil {
			return err
		}
	}
	for key, value := range ordered(e.tenant.Spec.Annotations) {
		if err := set("annotations", key, value, e.cause("spec.annotations."+key)); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) labelCause(key string) manifest.Cause {
	if key == tenant.Label {
		return e.cause("metadata.name")
	}
	return e.cause("spec.labels." + key)
}

// labelFailover has the operator pass labels and annotations on to Pods.
func (e *engine) labelFailover(o *object) error {
	for _, path := range o.kind.Pods {
		pods, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			for key, value := range ordered(e.tenant.Spec.Annotations) {
				if err := pod.Merge(manifest.Fields{"podAnnotations": manifest.Fields{key: value}}, e.cause("spec.annotations."+key)); err != nil {
					return err
				}
			}
		}
	}
	return e.passLabelsOn(o)
}

// passLabelsOn makes the list of expressions that a label's key must match to
// reach the Pods fit the tenant's labels. Without a list all labels do.
func (e *engine) passLabelsOn(o *object) error {
	lists, err := o.node.Find("spec.labelWhitelist")
	if err != nil || len(lists) == 0 {
		return err
	}
	expressions, err := o.node.Find("spec.labelWhitelist[]")
	if err != nil || len(expressions) == 0 {
		return err
	}
	for key := range ordered(e.labels) {
		passed, err := passes(expressions, key)
		if err != nil {
			return err
		}
		if passed {
			continue
		}
		if err := lists[0].Append("^"+regexp.QuoteMeta(key)+"$", e.labelCause(key)); err != nil {
			return err
		}
	}
	return nil
}

func passes(expressions []manifest.Node, key string) (bool, error) {
	for _, node := range expressions {
		text, err := node.Text()
		if err != nil {
			return false, err
		}
		expression, err := regexp.Compile(text)
		if err != nil {
			return false, node.Errorf("is not a regular expression; the operator would not start")
		}
		if expression.MatchString(key) {
			return true, nil
		}
	}
	return false, nil
}

// checkSelector refuses a label that a workload selects its own Pods by with
// another value: the API server would refuse the workload, or it would lose
// its Pods.
func (e *engine) checkSelector(o *object) error {
	if o.kind.Selector == "" {
		return nil
	}
	selectors, err := o.node.Find(o.kind.Selector)
	if err != nil {
		return err
	}
	for _, selector := range selectors {
		for key, value := range ordered(e.labels) {
			selected, err := selector.Entry(key)
			if err != nil {
				return err
			}
			if selected != "" && selected != value {
				return selector.Errorf("selects Pods by the label %s with another value than the tenant's; "+
					"remove the label from the tenant file or from the selector", key)
			}
		}
	}
	return nil
}

// ordered yields a map's entries by key.
func ordered(entries map[string]string) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			if !yield(key, entries[key]) {
				return
			}
		}
	}
}
