package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// label is one of a Pod, with an empty value if the Pod does not have it.
type label struct{ key, value string }

// labelUse is what a document says about labels that the tenant sets.
type labelUse struct {
	// replaced are labels of Pods that get another value. A list takes less memory
	// than a map, and each document has one.
	replaced []replacedLabel
	asked    []askedLabel
}

// replacedLabel is a label that gets another value, and the object that makes the
// Pods.
type replacedLabel struct {
	label
	owner string
}

// askedLabel is what a selector asks of one label.
type askedLabel struct {
	key, operator string
	values        []string
	// place is where the selector is; it has no problem yet.
	place *manifest.Error
}

// admits tells whether a Pod with that value, empty if there is none, is selected.
func (a askedLabel) admits(value string) bool {
	switch a.operator {
	case "In":
		return slices.Contains(a.values, value)
	case "NotIn":
		return !slices.Contains(a.values, value)
	case "DoesNotExist":
		return value == ""
	default:
		return true
	}
}

// checkLabels refuses a stream in which a label of Pods gets another value than a
// selector asks for: a Service would have no endpoints, a policy no Pods.
func (e *engine) checkLabels(outcomes []outcome) error {
	replaced := map[label]string{}
	for _, o := range outcomes {
		for _, r := range o.labels.replaced {
			replaced[r.label] = r.owner
		}
	}
	labels := slices.SortedFunc(maps.Keys(replaced), func(a, b label) int { return strings.Compare(a.key+"="+a.value, b.key+"="+b.value) })
	for _, o := range outcomes {
		for _, asked := range o.labels.asked {
			for _, old := range labels {
				if old.key == asked.key && asked.admits(old.value) && !asked.admits(e.labels[old.key]) {
					return e.lost(asked, old, replaced[old])
				}
			}
		}
	}
	return nil
}

func (e *engine) lost(asked askedLabel, old label, owner string) error {
	rule, value := e.labelCause(old.key).Rule, e.labels[old.key]
	asked.place.Problem = fmt.Sprintf("asks for the label %s=%s, which Pods of %s would lose: %s of the tenant file makes it %s; "+
		"remove the label from the tenant file, or change both in the chart's values", old.key, old.value, owner, rule, value)
	if asked.operator != "In" {
		asked.place.Problem = fmt.Sprintf("shuts Pods with the label %s=%s out, which Pods of %s would get from %s of the tenant file; "+
			"remove the label from the tenant file, or change the selector in the chart's values", old.key, value, owner, rule)
	}
	return asked.place
}

// noteLabels adds what an object says about the labels that the tenant sets.
func (e *engine) noteLabels(o *object, use *labelUse) error {
	for _, path := range o.kind.PodLabels() {
		places, err := o.node.Find(path)
		if err != nil {
			return err
		}
		if len(places) == 0 {
			for key := range ordered(e.labels) {
				use.replace(o, label{key: key})
			}
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
		if old != value {
			use.replace(o, label{key, old})
		}
	}
	return nil
}

func (u *labelUse) replace(o *object, old label) {
	_, name, _ := strings.Cut(o.id, "/")
	u.replaced = append(u.replaced, replacedLabel{old, name + " " + o.value("name")})
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
			use.add(selector, askedLabel{key: key, operator: "In", values: []string{asked}})
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
		operator, err := expression.Value("operator")
		if err != nil {
			return err
		}
		if _, isSet := e.labels[key]; !isSet {
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
		use.add(expression, askedLabel{key: key, operator: operator, values: values})
	}
	return nil
}

func (u *labelUse) add(place manifest.Node, asked askedLabel) {
	if errors.As(place.Errorf(""), &asked.place) {
		u.asked = append(u.asked, asked)
	}
}
