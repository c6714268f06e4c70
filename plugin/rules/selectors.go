package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

type label struct{ key, value string }

// labelUse is what a document says about labels that the tenant sets.
type labelUse struct {
	// replaced are labels of Pods that get another value, each with the object
	// that makes the Pods.
	replaced map[label]string
	// asked are values that selectors ask for.
	asked []askedLabel
}

type askedLabel struct {
	label
	// place is where the selector is; it has no problem yet.
	place *manifest.Error
}

// checkLabels refuses a stream in which a label of Pods gets another value than a
// selector asks for: a Service would have no endpoints, a policy no Pods.
func (e *engine) checkLabels(outcomes []outcome) error {
	replaced := map[label]string{}
	for _, o := range outcomes {
		maps.Copy(replaced, o.labels.replaced)
	}
	for _, o := range outcomes {
		for _, asked := range o.labels.asked {
			owner, loses := replaced[asked.label]
			if !loses {
				continue
			}
			asked.place.Problem = fmt.Sprintf("asks for the label %s=%s, which Pods of %s would lose: %s of the tenant file makes it %s; "+
				"remove the label from the tenant file, or change both in the chart's values",
				asked.key, asked.value, owner, e.labelCause(asked.key).Rule, e.labels[asked.key])
			return asked.place
		}
	}
	return nil
}

// noteLabels adds what an object says about the labels that the tenant sets.
func (e *engine) noteLabels(o *object, use *labelUse) error {
	for _, path := range o.kind.PodLabels() {
		places, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, labels := range places {
			if err := e.noteReplaced(o, labels, use); err != nil {
				return err
			}
		}
	}
	// What a Secret holds is no selector, and must not be told.
	if o.id == "/Secret" {
		return nil
	}
	for _, selector := range o.node.Below("selector", "matchLabels", "matchExpressions") {
		if selectsOthers(selector.Path()) {
			continue
		}
		if err := e.noteAsked(selector, use); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) noteReplaced(o *object, labels manifest.Node, use *labelUse) error {
	for key, value := range ordered(e.labels) {
		old, err := labels.ScalarAt(key)
		if err != nil {
			return err
		}
		if old != "" && old != value {
			if use.replaced == nil {
				use.replaced = map[label]string{}
			}
			_, name, _ := strings.Cut(o.id, "/")
			use.replaced[label{key, old}] = name + " " + o.value("name")
		}
	}
	return nil
}

// selectsOthers tells whether a selector is about namespaces or nodes.
func selectsOthers(path string) bool {
	return slices.ContainsFunc([]string{".namespaceSelector.", ".nodeAffinity.", ".volumeClaimTemplates["}, func(step string) bool { return strings.Contains(path, step) })
}

// noteAsked adds the values that a selector asks for: of a mapping of labels, or of
// a list of expressions.
func (e *engine) noteAsked(selector manifest.Node, use *labelUse) error {
	if selector.HasItems() {
		return e.noteExpressions(selector, use)
	}
	for _, key := range selector.Keys() {
		value, isSet := e.labels[key]
		if !isSet {
			continue
		}
		asked, err := selector.ScalarAt(key)
		if err != nil {
			return err
		}
		if asked != "" && asked != value {
			use.add(selector, label{key, asked})
		}
	}
	return nil
}

func (e *engine) noteExpressions(list manifest.Node, use *labelUse) error {
	expressions, err := list.Items()
	if err != nil {
		return err
	}
	for _, expression := range expressions {
		key, err := expression.Value("key")
		if err != nil {
			return err
		}
		value, isSet := e.labels[key]
		operator, err := expression.Value("operator")
		if err != nil {
			return err
		}
		if !isSet || operator != "In" {
			continue
		}
		items, err := expression.Find("values[]")
		if err != nil {
			return err
		}
		values := make([]string, len(items))
		for i, item := range items {
			if values[i], err = item.Text(); err != nil {
				return err
			}
		}
		if slices.Contains(values, value) {
			continue
		}
		for _, asked := range values {
			use.add(expression, label{key, asked})
		}
	}
	return nil
}

func (u *labelUse) add(place manifest.Node, asked label) {
	var at *manifest.Error
	if errors.As(place.Errorf(""), &at) {
		u.asked = append(u.asked, askedLabel{label: asked, place: at})
	}
}
