package rules

import (
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

// askedLabel is what a selector asks of one label.
type askedLabel struct {
	key, operator string
	of            sort
	// values are joined by commas, which no value has.
	values string
}

// admits tells whether a Pod with that value, empty if there is none, is selected.
func (a askedLabel) admits(value string) bool {
	isNamed := slices.Contains(strings.Split(a.values, ","), value)
	switch a.operator {
	case "In":
		return isNamed
	case "NotIn":
		return !isNamed
	case "DoesNotExist":
		return value == ""
	default:
		return true
	}
}

// lostLabels returns what is wrong with selectors that ask for a label which gets another
// value: a Service would have no endpoints, a policy no Pods, a monitor no Services.
func (e *engine) lostLabels(outcomes []*outcome) map[askedLabel]string {
	replaced := map[label]string{}
	for _, o := range outcomes {
		maps.Copy(replaced, o.facts.replaced)
	}
	// By what they have in common, or each selector would be compared with each label.
	olds := map[label][]label{}
	for _, old := range slices.SortedFunc(maps.Keys(replaced), func(a, b label) int { return strings.Compare(a.value, b.value) }) {
		common := label{key: old.key, of: old.of}
		olds[common] = append(olds[common], old)
	}
	lost := map[askedLabel]string{}
	for _, o := range outcomes {
		for asked := range o.facts.asked {
			if asked.admits(e.labels[asked.key]) {
				continue
			}
			candidates := olds[label{key: asked.key, of: asked.of}]
			if asked.operator == "In" {
				candidates = asked.labels()
			}
			isLost := func(old label) bool { return replaced[old] != "" && asked.admits(old.value) }
			if i := slices.IndexFunc(candidates, isLost); i >= 0 {
				lost[asked] = e.lossOf(asked, candidates[i], replaced[candidates[i]])
			}
		}
	}
	return lost
}

// labels are those that the selector names.
func (a askedLabel) labels() []label {
	var named []label
	for value := range strings.SplitSeq(a.values, ",") {
		named = append(named, label{a.key, value, a.of})
	}
	return named
}

// lossOf says what becomes of what a selector asks for, if owner had the old label.
func (e *engine) lossOf(asked askedLabel, old label, owner string) string {
	rule, value := e.labelCause(old.key).Rule, e.labels[old.key]
	if asked.operator != "In" {
		return fmt.Sprintf("shuts Pods with the label %s=%s out, which %s would get from %s of the tenant file; "+
			"remove the label from the tenant file, or change the selector in the chart's values", old.key, value, owner, rule)
	}
	return fmt.Sprintf("asks for the label %s=%s, which %s would lose: %s of the tenant file makes it %s; "+
		"remove the label from the tenant file, or change both in the chart's values", old.key, old.value, owner, rule, value)
}

// noteLabels adds what an object says about the labels that the tenant sets.
func (e *engine) noteLabels(o *object, f *facts) error {
	if err := e.noteOwnLabels(o, f); err != nil {
		return err
	}
	for _, path := range o.kind.PodLabels() {
		places, err := o.node.Find(path)
		if err != nil {
			return err
		}
		if len(places) == 0 {
			for key := range ordered(e.labels) {
				f.replacePods(o, key, "")
			}
		}
		for _, labels := range places {
			if err := e.noteReplaced(o, labels, f); err != nil {
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
		if err := e.noteAsked(selector, selects(o, selector.Path()), f); err != nil {
			return err
		}
	}
	return nil
}

// noteOwnLabels adds the labels of an object itself that get another value.
func (e *engine) noteOwnLabels(o *object, f *facts) error {
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
				note(&f.replaced, label{key, old, of}, o.title())
			}
		}
	}
	return nil
}

func (e *engine) noteReplaced(o *object, labels manifest.Node, f *facts) error {
	for key, value := range ordered(e.labels) {
		old, err := labels.ScalarAt(key)
		if err != nil {
			return err
		}
		if old != value {
			f.replacePods(o, key, old)
		}
	}
	return nil
}

func (f *facts) replacePods(o *object, key, old string) {
	note(&f.replaced, label{key, old, pods}, "Pods of "+o.title())
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
func (e *engine) noteAsked(selector manifest.Node, of sort, f *facts) error {
	if selector.HasItems() {
		return e.noteExpressions(selector, of, f)
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
			if err := e.noteAskedLabel(selector, askedLabel{key: key, operator: "In", of: of, values: asked}, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *engine) noteExpressions(list manifest.Node, of sort, f *facts) error {
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
		values, err := texts(expression, "values[]")
		if err != nil {
			return err
		}
		asked := askedLabel{key: key, operator: operator, of: of, values: strings.Join(values, ",")}
		if err := e.noteAskedLabel(expression, asked, f); err != nil {
			return err
		}
	}
	return nil
}

// noteAskedLabel adds what a selector asks for. In the second round it refuses what
// nothing has any more.
func (e *engine) noteAskedLabel(place manifest.Node, asked askedLabel, f *facts) error {
	if e.verdict == nil {
		note(&f.asked, asked, true)
		return nil
	}
	if wrong := e.verdict.lost[asked]; wrong != "" {
		return place.Errorf("%s", wrong)
	}
	return nil
}
