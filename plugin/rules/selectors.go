package rules

import (
	"encoding/json"
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

// reach is of what labels are or what a selector is about, and where: in all namespaces if
// it names none.
type reach struct {
	of        sort
	namespace string
}

// relabelled are the labels of something that gets others, as encoded writes them.
type relabelled struct {
	reach
	// kept are those that stay, lost those that do not, and got what is there instead.
	kept, lost, got string
	// isMade is whether an operator makes it, which may add labels.
	isMade bool
}

// asked is all that a selector asks for, as written writes it.
type asked struct {
	reach
	all string
}

// loss is what a selector loses: which of what it asks for, and what is wrong.
type loss struct {
	at    int
	wrong string
}

// encoded writes texts in a form that can be compared.
func encoded(texts any) string {
	text, _ := json.Marshal(texts)
	return string(text)
}

// written writes what a selector asks for in a form that can be compared.
func written(all []requirement) string {
	texts := make([][]string, len(all))
	for i, r := range all {
		texts[i] = append([]string{r.key, r.operator}, r.values...)
	}
	return encoded(texts)
}

// requirements reads what written has written.
func (a asked) requirements() []requirement {
	var texts [][]string
	_ = json.Unmarshal([]byte(a.all), &texts)
	all := make([]requirement, len(texts))
	for i, text := range texts {
		all[i] = requirement{key: text[0], operator: text[1], values: text[2:]}
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
	var own []change
	for h, old := range before {
		labels, isThere := after[h]
		if c := changeOf(o, h.of, old, labels); isThere && c.matters() {
			note(&f.relabelled, c.relabelled(), c.owner)
			own = append(own, c)
		}
	}
	return e.noteSelectors(o, own, f)
}

func changeOf(o *object, of sort, before, after map[string]string) change {
	c := change{
		reach: reach{of, o.namespace}, isMade: o.kind.StandIn && o.id != kinds.Failover, owner: o.title(),
		kept: map[string]string{}, lost: map[string]string{}, got: maps.Clone(after),
	}
	for key, value := range before {
		if now, isThere := after[key]; !isThere || now != value {
			c.lost[key] = value
			continue
		}
		c.kept[key] = value
		delete(c.got, key)
	}
	if of == pods {
		c.owner = "Pods of " + c.owner
	}
	return c
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

// selection is a selector in an object, at a path.
type selection struct {
	reach
	path   string
	wishes []wish
}

func (s selection) requirements() []requirement {
	all := make([]requirement, len(s.wishes))
	for i, w := range s.wishes {
		all[i] = w.requirement
	}
	return all
}

func (s selection) asked() asked { return asked{s.reach, written(s.requirements())} }

// noteSelectors adds what the selectors of an object ask for. In the second round it refuses
// what nothing has any more. own are the changes of its own labels.
func (e *engine) noteSelectors(o *object, own []change, f *facts) error {
	// What a Secret holds is no selector, and must not be told; a claim selects volumes.
	if o.id == "/Secret" || o.id == "/PersistentVolumeClaim" {
		return nil
	}
	for _, s := range o.selections() {
		if o.kind.Selector != "" && s.path == "."+selectorOf(o.kind.Selector) {
			if err := e.checkOwn(s, own); err != nil {
				return err
			}
			continue
		}
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

// checkOwn refuses to take Pods from the workload that makes them: it selects no others.
func (e *engine) checkOwn(s *selection, own []change) error {
	all := s.requirements()
	for _, c := range own {
		if at := c.losesOf(all); c.of == pods && at >= 0 {
			return s.wishes[at].place.Errorf("%s", e.wrongWith(all[at], c))
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
func (o *object) selections() []*selection {
	var all []*selection
	byPath := map[string]*selection{}
	fields := []string{"selector", "matchLabels", "matchExpressions"}
	if isIstios(o) {
		fields = append(fields, "labels")
	}
	places := o.node.Below(fields...)
	if len(places) == 0 {
		return nil
	}
	wide := o.wide()
	for _, place := range places {
		if selectsNone(place.Path()) {
			continue
		}
		wishes := wishesOf(place)
		if len(wishes) == 0 {
			continue
		}
		path := selectorOf(place.Path())
		if byPath[path] == nil {
			byPath[path] = &selection{reach: reach{of: selects(o, place.Path())}, path: path}
			if byPath[path].of != namespaces && kinds.IsKnown(o.id) && !isBelow(path, wide) {
				byPath[path].namespace = o.namespace
			}
			all = append(all, byPath[path])
		}
		byPath[path].wishes = append(byPath[path].wishes, wishes...)
	}
	return all
}

// selectorOf is the path of a selector. Both of its fields count.
func selectorOf(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path, ".matchLabels"), ".matchExpressions")
}

// wide are the paths below which selectors may be about other namespaces than the object's.
func (o *object) wide() map[string]bool {
	paths := map[string]bool{}
	for _, place := range o.node.Below(
		"namespaces", "namespaceSelector", "ruleNamespaceSelector", "serviceMonitorNamespaceSelector", "podMonitorNamespaceSelector",
		"probeNamespaceSelector", "scrapeConfigNamespaceSelector", "alertmanagerConfigNamespaceSelector",
	) {
		paths[parentOf(place.Path())] = true
	}
	return paths
}

// isBelow tells whether a path is below one of others.
func isBelow(path string, others map[string]bool) bool {
	for path != "" {
		if path = parentOf(path); others[path] {
			return true
		}
	}
	return false
}

func parentOf(path string) string { return path[:max(0, strings.LastIndexByte(path, '.'))] }

// isIstios tells whether an object is of a kind whose selectors are fields called labels.
func isIstios(o *object) bool { return strings.HasPrefix(o.id, "networking.istio.io/") }

// wishesOf are what a place asks for: a mapping of labels, or a list of expressions. The
// schema of a kind has fields of these names, too, and other kinds have other operators.
func wishesOf(place manifest.Node) []wish {
	path := place.Path()
	switch {
	case strings.HasSuffix(path, ".matchExpressions"):
		return expressionsOf(place)
	case strings.HasSuffix(path, ".labels") && !selectsByLabels.MatchString(path), len(place.Keys()) == 0:
		return nil
	}
	labels, err := labelsAt(place, "")
	if err != nil {
		return nil
	}
	var wishes []wish
	for key, value := range ordered(labels) {
		wishes = append(wishes, wish{requirement{key, "In", []string{value}}, place})
	}
	return wishes
}

// selectsByLabels are the fields by which Istio selects Pods.
var selectsByLabels = regexp.MustCompile(`\.workloadSelector\.labels$|\.subsets\[[0-9]+\]\.labels$`)

func expressionsOf(list manifest.Node) []wish {
	if !list.HasItems() {
		return nil
	}
	expressions, err := list.Items()
	if err != nil {
		return nil
	}
	var wishes []wish
	for _, place := range expressions {
		if r, err := expressionOf(place); err == nil {
			wishes = append(wishes, wish{r, place})
		}
	}
	return wishes
}
