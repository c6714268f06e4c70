package rules

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// sort is of what a label is, and what a selector is about.
type sort int

const (
	others sort = iota
	pods
	namespaces
)

// relabelled are the labels of something that gets others, as joined writes them.
type relabelled struct {
	of sort
	// kept are those that stay, lost those that do not, and got what is there instead.
	kept, lost, got string
	// isMade is whether an operator makes it, which may add labels.
	isMade bool
}

// asked is all that a selector asks for, as written writes it.
type asked struct {
	of  sort
	all string
}

// loss is what a selector loses: which of what it asks for, and what is wrong.
type loss struct {
	at    int
	wrong string
}

// joined writes labels in a form that can be compared: each on a line, which has neither in it.
func joined(labels map[string]string) string {
	var b strings.Builder
	for key, value := range ordered(labels) {
		b.WriteString(key + "=" + value + "\n")
	}
	return b.String()
}

// apart reads what joined has written.
func apart(text string) map[string]string {
	labels := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		labels[key] = value
	}
	return labels
}

// written writes what a selector asks for in a form that can be compared. No key has a
// blank, and no value a comma. Values stay in order.
func written(all []requirement) string {
	var b strings.Builder
	for _, r := range all {
		b.WriteString(r.key + " " + r.operator + " " + strings.Join(r.values, ",") + "\n")
	}
	return b.String()
}

// requirements reads what written has written.
func (a asked) requirements() []requirement {
	var all []requirement
	for line := range strings.Lines(a.all) {
		key, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		operator, values, _ := strings.Cut(rest, " ")
		all = append(all, requirement{key: key, operator: operator, values: strings.Split(values, ",")})
	}
	return all
}

// holder is what has labels in an object: itself, or its Pods at a path.
type holder struct {
	of   sort
	path string
}

// labelSets are the labels of an object and of its Pods.
func (o *object) labelSets() (map[holder]map[string]string, error) {
	own, sets := others, map[holder]map[string]string{}
	if o.id == "/Namespace" {
		own = namespaces
	}
	var err error
	if sets[holder{of: own}], err = labelsAt(o.metadata, "labels"); err != nil {
		return nil, err
	}
	if o.id == kinds.Failover {
		made, err := failoverPods(o)
		for i, labels := range made {
			sets[holder{pods, components[i][componentLabel]}] = labels
		}
		return sets, err
	}
	for _, path := range o.kind.PodLabels() {
		steps := strings.Split(path, ".")
		places, err := o.node.Find(strings.Join(steps[:len(steps)-2], "."))
		if err != nil {
			return nil, err
		}
		for _, place := range places {
			if sets[holder{pods, place.Path()}], err = labelsAt(place, strings.Join(steps[len(steps)-2:], ".")); err != nil {
				return nil, err
			}
		}
	}
	return sets, nil
}

// labelsAt are the labels at a path below a place.
func labelsAt(place manifest.Node, path string) (map[string]string, error) {
	labels := map[string]string{}
	found, err := place.Find(path)
	if err != nil {
		return nil, err
	}
	for _, mapping := range found {
		err := mapping.Walk(func(key string, value manifest.Node) (bool, error) {
			text, err := value.Text()
			if err != nil {
				text, err = mapping.ScalarAt(key) // It is no string: a number, perhaps.
			}
			labels[key] = text
			return false, err
		})
		if err != nil {
			return nil, err
		}
	}
	return labels, nil
}

// labelsOfAll are the labels of objects, one after the other.
func labelsOfAll(objects []*object) ([]map[holder]map[string]string, error) {
	all := make([]map[holder]map[string]string, len(objects))
	for i, o := range objects {
		var err error
		if all[i], err = o.labelSets(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// noteLabels adds which labels of an object are others than before, and what its selectors
// ask for.
func (e *engine) noteLabels(o *object, before map[holder]map[string]string, f *facts) error {
	after, err := o.labelSets()
	if err != nil {
		return err
	}
	for h, old := range before {
		if labels, isThere := after[h]; isThere {
			noteRelabelled(o, h.of, old, labels, f)
		}
	}
	return e.noteSelectors(o, f)
}

func noteRelabelled(o *object, of sort, before, after map[string]string, f *facts) {
	kept, lost, got := map[string]string{}, map[string]string{}, maps.Clone(after)
	for key, value := range before {
		if now, isThere := after[key]; !isThere || now != value {
			lost[key] = value
			continue
		}
		kept[key] = value
		delete(got, key)
	}
	// Of Pods alone somebody may want that they have no such label.
	if len(lost) == 0 && (of != pods || len(got) == 0) {
		return
	}
	owner := o.title()
	if of == pods {
		owner = "Pods of " + owner
	}
	isMade := o.kind.StandIn && o.id != kinds.Failover
	note(&f.relabelled, relabelled{of, joined(kept), joined(lost), joined(got), isMade}, owner)
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

// wish is one of the things that a selector asks for, and where.
type wish struct {
	requirement
	place manifest.Node
}

// selection is a selector in an object.
type selection struct {
	of     sort
	wishes []wish
}

func (s selection) asked() asked {
	all := make([]requirement, len(s.wishes))
	for i, w := range s.wishes {
		all[i] = w.requirement
	}
	return asked{s.of, written(all)}
}

// noteSelectors adds what the selectors of an object ask for. In the second round it refuses
// what nothing has any more.
func (e *engine) noteSelectors(o *object, f *facts) error {
	// What a Secret holds is no selector, and must not be told; a claim selects volumes.
	if o.id == "/Secret" || o.id == "/PersistentVolumeClaim" {
		return nil
	}
	all, err := o.selections()
	if err != nil {
		return err
	}
	for _, s := range all {
		if e.verdict != nil {
			if lost, isLost := e.verdict.lost[s.asked()]; isLost {
				return s.wishes[lost.at].place.Errorf("%s", lost.wrong)
			}
			continue
		}
		if slices.ContainsFunc(s.wishes, e.mayLose) {
			note(&f.asked, s.asked(), true)
		}
	}
	return nil
}

// mayLose tells whether what a selector asks for is a label that may become another. Which
// labels patches are about, only the result tells.
func (e *engine) mayLose(w wish) bool {
	_, isSet := e.labels[w.key]
	return isSet && !w.isMet(e.labels) || len(e.tenant.Spec.Patches)+len(e.tenant.Spec.Sidecars) > 0
}

// selections are the selectors of an object, in their order.
func (o *object) selections() ([]*selection, error) {
	var all []*selection
	byPath := map[string]*selection{}
	fields := []string{"selector", "matchLabels", "matchExpressions"}
	if isIstios(o) {
		fields = append(fields, "labels")
	}
	for _, place := range o.node.Below(fields...) {
		path := place.Path()
		wishes, err := wishesOf(place)
		if err != nil {
			return nil, err
		}
		if len(wishes) == 0 || selectsNone(path) {
			continue
		}
		// Both fields of a selector count.
		path = strings.TrimSuffix(strings.TrimSuffix(path, ".matchLabels"), ".matchExpressions")
		if byPath[path] == nil {
			byPath[path] = &selection{of: selects(o, place.Path())}
			all = append(all, byPath[path])
		}
		byPath[path].wishes = append(byPath[path].wishes, wishes...)
	}
	return all, nil
}

// isIstios tells whether an object is of a kind whose selectors are fields called labels.
func isIstios(o *object) bool { return strings.HasPrefix(o.id, "networking.istio.io/") }

// wishesOf are what a place asks for: a mapping of labels, or a list of expressions.
func wishesOf(place manifest.Node) ([]wish, error) {
	path := place.Path()
	switch {
	case strings.HasSuffix(path, ".matchExpressions"):
		return expressionsOf(place)
	case strings.HasSuffix(path, ".labels") && !selectsByLabels.MatchString(path), len(place.Keys()) == 0:
		return nil, nil
	}
	labels, err := labelsAt(place, "")
	if err != nil {
		return nil, nil //nolint:nilerr // The schema of a kind has fields of these names, too.
	}
	var wishes []wish
	for key, value := range ordered(labels) {
		wishes = append(wishes, wish{requirement{key, "In", []string{value}}, place})
	}
	return wishes, nil
}

// selectsByLabels are the fields by which Istio selects Pods.
var selectsByLabels = regexp.MustCompile(`\.workloadSelector\.labels$|\.subsets\[[0-9]+\]\.labels$`)

func expressionsOf(list manifest.Node) ([]wish, error) {
	if !list.HasItems() {
		return nil, nil
	}
	expressions, err := list.Items()
	if err != nil {
		return nil, err
	}
	wishes := make([]wish, len(expressions))
	for i, place := range expressions {
		r, err := expressionOf(place)
		if err != nil {
			return nil, err
		}
		wishes[i] = wish{r, place}
	}
	return wishes, nil
}
