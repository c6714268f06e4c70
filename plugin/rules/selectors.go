package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// sort is of what a label is, and what a selector is about.
type sort int

const (
	others sort = iota
	pods
	namespaces
)

// label is one of some objects. Of Pods that do not have it, the value is empty.
type label struct {
	key, value string
	of         sort
}

// labelUse is what a document says about labels that the tenant sets.
type labelUse struct {
	// replaced are labels that get another value. A list takes less memory than a map,
	// and each document has one.
	replaced []replacedLabel
	asked    []askedLabel
}

// replacedLabel is a label that gets another value, and what has it.
type replacedLabel struct {
	label
	owner string
}

// askedLabel is what a selector asks of one label.
type askedLabel struct {
	key, operator string
	of            sort
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

// labels are those that the selector names.
func (a askedLabel) labels() []label {
	named := make([]label, len(a.values))
	for i, value := range a.values {
		named[i] = label{a.key, value, a.of}
	}
	return named
}

// checkLabels refuses a stream in which a label gets another value than a selector asks
// for: a Service would have no endpoints, a policy no Pods, a monitor no Services.
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
			if asked.admits(e.labels[asked.key]) {
				continue
			}
			candidates := labels
			if asked.operator == "In" {
				candidates = asked.labels()
			}
			for _, old := range candidates {
				owner, isReplaced := replaced[old]
				if isReplaced && old.key == asked.key && old.of == asked.of && asked.admits(old.value) {
					return e.lost(asked, old, owner)
				}
			}
		}
	}
	return nil
}

func (e *engine) lost(asked askedLabel, old label, owner string) error {
	rule, value := e.labelCause(old.key).Rule, e.labels[old.key]
	asked.place.Problem = fmt.Sprintf("asks for the label %s=%s, which %s would lose: %s of the tenant file makes it %s; "+
		"remove the label from the tenant file, or change both in the chart's values", old.key, old.value, owner, rule, value)
	if asked.operator != "In" {
		asked.place.Problem = fmt.Sprintf("shuts Pods with the label %s=%s out, which %s would get from %s of the tenant file; "+
			"remove the label from the tenant file, or change the selector in the chart's values", old.key, value, owner, rule)
	}
	return asked.place
}

// noteLabels adds what an object says about the labels that the tenant sets.
func (e *engine) noteLabels(o *object, use *labelUse) error {
	if err := e.noteOwnLabels(o, use); err != nil {
		return err
	}
	for _, path := range o.kind.PodLabels() {
		places, err := o.node.Find(path)
		if err != nil {
			return err
		}
		if len(places) == 0 {
			for key := range ordered(e.labels) {
				use.replacePods(o, key, "")
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
		if selectsNone(selector.Path()) {
			continue
		}
		if err := e.noteAsked(selector, selects(o, selector.Path()), use); err != nil {
			return err
		}
	}
	return nil
}

// noteOwnLabels adds the labels of an object itself that get another value.
func (e *engine) noteOwnLabels(o *object, use *labelUse) error {
	places, err := o.metadata.Find("labels")
	if err != nil {
		return err
	}
	of := others
	if o.id == "/Namespace" {
		of = namespaces
	}
	for _, labels := range places {
		for key, value := range ordered(e.labels) {
			old, err := labels.ScalarAt(key)
			if err != nil {
				return err
			}
			if old != "" && old != value {
				use.replaced = append(use.replaced, replacedLabel{label{key, old, of}, o.title()})
			}
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
			use.replacePods(o, key, old)
		}
	}
	return nil
}

func (u *labelUse) replacePods(o *object, key, old string) {
	u.replaced = append(u.replaced, replacedLabel{label{key, old, pods}, "Pods of " + o.title()})
}

// title is the kind and name.
func (o *object) title() string {
	_, name, _ := strings.Cut(o.id, "/")
	return name + " " + o.value("name")
}

// selectsNone tells whether a selector is about what no stream has, nodes and volumes.
func selectsNone(path string) bool {
	return strings.Contains(path, ".nodeAffinity.") || strings.Contains(path, ".volumeClaimTemplates[")
}

// selects tells what a selector is about: Namespaces, Services, Ingresses, what the
// Prometheus operator reads, or Pods.
func selects(o *object, path string) sort {
	isIn := func(step string) bool { return strings.Contains(path, step) }
	switch {
	case isIn("amespaceSelector."):
		return namespaces
	case o.id == "monitoring.coreos.com/ServiceMonitor", slices.ContainsFunc([]string{
		".ruleSelector.", ".serviceMonitorSelector.", ".podMonitorSelector.", ".probeSelector.", ".scrapeConfigSelector.", ".alertmanagerConfigSelector.", ".ingress.selector.",
	}, isIn):
		return others
	default:
		return pods
	}
}

// noteAsked adds the values that a selector asks for: of a mapping of labels, or of
// a list of expressions.
func (e *engine) noteAsked(selector manifest.Node, of sort, use *labelUse) error {
	if selector.HasItems() {
		return e.noteExpressions(selector, of, use)
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
			use.add(selector, askedLabel{key: key, operator: "In", of: of, values: []string{asked}})
		}
	}
	return nil
}

func (e *engine) noteExpressions(list manifest.Node, of sort, use *labelUse) error {
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
		use.add(expression, askedLabel{key: key, operator: operator, of: of, values: values})
	}
	return nil
}

func (u *labelUse) add(place manifest.Node, asked askedLabel) {
	if errors.As(place.Errorf(""), &asked.place) {
		u.asked = append(u.asked, asked)
	}
}
