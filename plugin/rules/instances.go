package rules

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// Labels of the Pods of an instance.
const (
	nameLabel      = "app.kubernetes.io/name"
	componentLabel = "app.kubernetes.io/component"
	partLabel      = "app.kubernetes.io/part-of"
	managerLabel   = "app.kubernetes.io/managed-by"
	// The operator gives them two more: the instance's name, and whether Redis is the master.
	ownerLabel = "redisfailovers.databases.spotahome.com/name"
	roleLabel  = "redisfailovers-role"
)

// components have the labels of an instance's Pods, but for its name. The operator makes
// the first two, and the chart the proxies.
var components = []map[string]string{
	{componentLabel: "redis", partLabel: "redis-failover", managerLabel: "redis-operator", nameLabel: ""},
	{componentLabel: "sentinel", partLabel: "redis-failover", managerLabel: "redis-operator", nameLabel: ""},
	{componentLabel: "proxy", partLabel: "tenant-redis", nameLabel: ""},
}

// trusted are the labels by which the chart's NetworkPolicies let Pods of an instance in,
// besides its name.
var trusted = []map[string]string{{partLabel: "redis-failover"}, {componentLabel: "proxy", partLabel: "tenant-redis"}}

// guarded are Pods by which one gets to an instance: who makes them, what they are, and
// their labels.
type guarded struct {
	reference
	component string
	labels    map[string]string
}

// closing is a NetworkPolicy of ingress: what it does not let in is kept out.
type closing struct {
	namespace string
	selector  []requirement
}

// requirement is what a selector asks of one label.
type requirement struct {
	key, operator string
	// values are in order: there may be as many as Pods.
	values []string
}

func (r requirement) isMet(labels map[string]string) bool {
	value, there := labels[r.key]
	return r.admits(value, there)
}

// admits tells whether what has that value of the label, or none, is selected.
func (r requirement) admits(value string, there bool) bool {
	switch r.operator {
	case "In":
		return there && r.names(value)
	case "NotIn":
		return !there || !r.names(value)
	case "Exists":
		return there
	default:
		return r.operator == "DoesNotExist" && !there
	}
}

func (r requirement) names(value string) bool {
	_, isNamed := slices.BinarySearch(r.values, value)
	return isNamed
}

func (p closing) selects(namespace string, labels map[string]string) bool {
	return p.namespace == namespace && !slices.ContainsFunc(p.selector, func(r requirement) bool { return !r.isMet(labels) })
}

// openInstances are what makes Pods that no policy selects, so that everyone gets in, and
// which Pods these are.
func openInstances(outcomes []*outcome) map[reference]string {
	var all []closing
	for _, o := range outcomes {
		all = append(all, o.facts.policies...)
	}
	policies := byLabel(all)
	open := map[reference]string{}
	for _, o := range outcomes {
		for _, g := range o.facts.guarded {
			if !isSelected(policies, g) {
				open[g.reference] = g.component
			}
		}
	}
	return open
}

// placed is a label of Pods in a namespace, or without one all Pods there.
type placed struct{ namespace, key, value string }

// labels are those by one of which the policy selects Pods.
func (p closing) labels(r requirement) []placed {
	all := make([]placed, len(r.values))
	for i, value := range r.values {
		all[i] = placed{p.namespace, r.key, value}
	}
	return all
}

// byLabel finds policies by a label that their Pods must have: of each the one that the
// fewest ask for, or all Pods would be compared with all policies.
func byLabel(policies []closing) map[placed][]closing {
	times := map[placed]int{}
	for _, p := range policies {
		for _, r := range p.selector {
			for _, label := range p.labels(r) {
				times[label]++
			}
		}
	}
	found := map[placed][]closing{}
	for _, p := range policies {
		rarest, fewest := []placed{{namespace: p.namespace}}, math.MaxInt
		for _, r := range p.selector {
			sum := 0
			for _, label := range p.labels(r) {
				sum += times[label]
			}
			if r.operator == "In" && sum < fewest {
				rarest, fewest = p.labels(r), sum
			}
		}
		for _, label := range rarest {
			found[label] = append(found[label], p)
		}
	}
	return found
}

func isSelected(policies map[placed][]closing, g guarded) bool {
	selects := func(p closing) bool { return p.selects(g.namespace, g.labels) }
	for key, value := range g.labels {
		if slices.ContainsFunc(policies[placed{g.namespace, key, value}], selects) {
			return true
		}
	}
	return slices.ContainsFunc(policies[placed{namespace: g.namespace}], selects)
}

// noteInstance adds a NetworkPolicy, and what makes Pods of an instance, if the tenant file
// says who gets in. In the second round it refuses what lets everyone in.
func (e *engine) noteInstance(o *object, f *facts) error {
	if access := e.tenant.Spec.Access; access == nil || access.Optional {
		return nil
	}
	own := reference{o.id, o.namespace, o.value("name")}
	switch {
	case o.id == kindNetworkPolicy:
		return notePolicy(o, f)
	case e.isException(o):
		return nil
	case e.verdict == nil && o.id == kinds.Failover:
		return noteFailover(o, f, own)
	case e.verdict == nil:
		return noteProxies(o, f, own)
	}
	if component := e.verdict.open[own]; component != "" {
		return e.refuse(o, o.node, "lets everyone in: no NetworkPolicy for ingress in %s selects its %s Pods; have the chart make one", o.namespace, component)
	}
	return nil
}

// noteFailover adds the Pods that the operator makes of a RedisFailover.
func noteFailover(o *object, f *facts, own reference) error {
	made, err := failoverPods(o)
	for i, labels := range made {
		f.guarded = append(f.guarded, guarded{own, components[i][componentLabel], labels})
	}
	return err
}

// failoverPods are the labels of the Pods that the operator makes of a RedisFailover, one
// set for each of its components.
func failoverPods(o *object) ([]map[string]string, error) {
	passed, err := podLabels(o)
	if err != nil {
		return nil, err
	}
	var all []map[string]string
	for _, component := range components[:2] {
		labels := maps.Clone(component)
		maps.Copy(labels, passed)
		labels[nameLabel], labels[componentLabel], labels[partLabel] = o.value("name"), component[componentLabel], component[partLabel]
		all = append(all, labels)
	}
	return all, nil
}

// noteProxies adds the Pods of an object that an instance lets in as its proxies.
func noteProxies(o *object, f *facts, own reference) error {
	for _, path := range o.kind.PodLabels() {
		places, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, place := range places {
			labels := map[string]string{}
			for _, key := range place.Keys() {
				if labels[key], err = place.ScalarAt(key); err != nil {
					return err
				}
			}
			if labels[nameLabel] != "" && hasAll(labels, trusted[1]) {
				f.guarded = append(f.guarded, guarded{own, trusted[1][componentLabel], labels})
			}
		}
	}
	return nil
}

func hasAll(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// podLabels are the labels of a RedisFailover that reach its Pods.
func podLabels(o *object) (map[string]string, error) {
	expressions, err := o.node.Find("spec.labelWhitelist[]")
	if err != nil {
		return nil, err
	}
	places, err := o.metadata.Find("labels")
	if err != nil {
		return nil, err
	}
	labels := map[string]string{}
	for _, place := range places {
		for _, key := range place.Keys() {
			passed, err := passes(expressions, key)
			if err != nil {
				return nil, err
			}
			if !passed && len(expressions) > 0 {
				continue
			}
			if labels[key], err = place.ScalarAt(key); err != nil {
				return nil, err
			}
		}
	}
	return labels, nil
}

// notePolicy adds a policy that stays: Helm may remove one that is a hook at once.
func notePolicy(o *object, f *facts) error {
	if isHook, err := o.isHook(); err != nil || isHook {
		return err
	}
	types, err := o.node.Find("spec.policyTypes[]")
	if err != nil {
		return err
	}
	isIngress := func(place manifest.Node) bool { name, _ := place.Text(); return name == "Ingress" }
	if len(types) > 0 && !slices.ContainsFunc(types, isIngress) {
		return nil
	}
	noted := closing{namespace: o.namespace}
	selectors, err := o.node.Find("spec.podSelector")
	if err != nil {
		return err
	}
	for _, selector := range selectors {
		if noted.selector, err = requirementsOf(selector); err != nil {
			return err
		}
	}
	f.policies = append(f.policies, noted)
	return nil
}

// requirementsOf are all that a selector asks for.
func requirementsOf(selector manifest.Node) ([]requirement, error) {
	var all []requirement
	labels, err := selector.Find("matchLabels")
	if err != nil {
		return nil, err
	}
	for _, place := range labels {
		if all, err = labelsOf(place); err != nil {
			return nil, err
		}
	}
	expressions, err := selector.Find("matchExpressions[]")
	if err != nil {
		return nil, err
	}
	for _, place := range expressions {
		r, err := expressionOf(place)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// labelsOf are what a mapping of labels asks for.
func labelsOf(place manifest.Node) ([]requirement, error) {
	var all []requirement
	for _, key := range place.Keys() {
		value, err := place.ScalarAt(key)
		if err != nil {
			return nil, err
		}
		all = append(all, requirement{key: key, operator: "In", values: []string{value}})
	}
	return all, nil
}

// expressionOf is what one of the matchExpressions of a selector asks for.
func expressionOf(place manifest.Node) (requirement, error) {
	key, err := place.Value("key")
	if err != nil {
		return requirement{}, err
	}
	operator, err := place.Value("operator")
	if err != nil {
		return requirement{}, err
	}
	values, err := texts(place, "values[]")
	slices.Sort(values)
	return requirement{key: key, operator: operator, values: values}, err
}

// instanceOf returns the instance for which the operator makes what has a name.
func instanceOf(name string) (string, bool) {
	for _, prefix := range []string{"rfr-", "rfs-", "rfrm-", "rfrs-"} {
		if instance, isMade := strings.CutPrefix(name, prefix); isMade {
			return instance, true
		}
	}
	return "", false
}

// noteDisguise adds the instance whose object or Pods an object seems to be: its clients
// would be answered by somebody else.
func (e *engine) noteDisguise(o *object, f *facts) error {
	if o.id == kinds.Failover {
		if o.value("name") != operatorValue {
			return nil
		}
		return e.refuse(o, o.metadata, "gives its Pods the label "+looksLikeOperator)
	}
	if name, isMade := instanceOf(o.value("name")); isMade {
		to := reference{kinds.Failover, o.namespace, name}
		if err := e.noteReference(o, f, o.metadata, to, "has the name of what the operator makes of a"); err != nil {
			return err
		}
	}
	for _, path := range o.kind.PodLabels() {
		places, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, labels := range places {
			if err := e.noteDisguisedPods(o, f, labels); err != nil {
				return err
			}
		}
	}
	return nil
}

const looksLikeOperator = operatorName + ": " + operatorValue + ", by which instances let the operator in; choose another"

// noteDisguisedPods adds the instance whose policies take Pods with such labels for its own,
// and refuses those that all instances would take for the operator's.
func (e *engine) noteDisguisedPods(o *object, f *facts, labels manifest.Node) error {
	values := map[string]string{}
	for _, key := range []string{nameLabel, componentLabel, partLabel} {
		var err error
		if values[key], err = labels.ScalarAt(key); err != nil {
			return err
		}
	}
	if values[operatorName] == operatorValue {
		return e.refuse(o, labels, "has the label "+looksLikeOperator)
	}
	if !slices.ContainsFunc(trusted, func(wanted map[string]string) bool { return hasAll(values, wanted) }) {
		return nil
	}
	return e.noteReference(o, f, labels, reference{kinds.Failover, o.namespace, values[nameLabel]}, "has the labels of the Pods of a")
}

// selectedBy are the fields by which objects hold for Pods of a namespace: who selects
// others' lets people in to them, or keeps them on their nodes.
var selectedBy = map[string]string{kindNetworkPolicy: "spec.podSelector", "policy/PodDisruptionBudget": "spec.selector"}

// noteSelected adds the instances whose Pods a policy or a budget selects, and refuses one
// that may select other tenants'.
func (e *engine) noteSelected(o *object, f *facts) error {
	path := selectedBy[o.id]
	if path == "" {
		return nil
	}
	selectors, err := o.node.Find(path)
	if err != nil {
		return err
	}
	if len(selectors) == 0 {
		return e.refuse(o, o.node, selectsOthers, o.namespace, e.tenant.Metadata.Name)
	}
	return e.noteSelector(o, f, selectors[0])
}

const selectsOthers = "may select other tenants' Pods in %s; select them by the label " + tenant.Label + ": %s or the name of an instance, " + ownNamespace

func (e *engine) noteSelector(o *object, f *facts, selector manifest.Node) error {
	if err := e.checkTenants(o, selector); err != nil {
		return err
	}
	asked, err := requirementsOf(selector)
	if err != nil || slices.ContainsFunc(asked, isTenants) {
		return err
	}
	if i := slices.IndexFunc(asked, isNamed); i >= 0 {
		return e.noteInstances(o, f, selector, asked[i].values)
	}
	return e.refuse(o, selector, selectsOthers, o.namespace, e.tenant.Metadata.Name)
}

// noteInstances adds the instances whose Pods an object selects.
func (e *engine) noteInstances(o *object, f *facts, selector manifest.Node, names []string) error {
	var all problems
	for _, name := range names {
		all.add(e.noteReference(o, f, selector, reference{kinds.Failover, o.namespace, name}, "selects Pods of a"))
	}
	return all.err()
}

// noteServed adds the instances whose Pods a Service selects, and refuses one that selects
// those of any, or the operator's.
func (e *engine) noteServed(o *object, f *facts) error {
	if o.id != "/Service" {
		return nil
	}
	selectors, err := o.node.Find("spec.selector")
	if err != nil || len(selectors) == 0 {
		return err
	}
	asked, err := labelsOf(selectors[0])
	if err != nil {
		return err
	}
	var all problems
	if slices.ContainsFunc(asked, isOperators) {
		all.add(e.refuse(o, selectors[0], "selects the Redis operator's Pods in %s, which work for all tenants; change it in the chart's values", o.namespace))
	}
	names, isAny := instancesSelected(asked)
	if isAny {
		all.add(e.refuse(o, selectors[0], "selects Pods of all instances in %s, which other tenants may share; select them by %s, "+ownNamespace, o.namespace, nameLabel))
	}
	all.add(e.noteInstances(o, f, selectors[0], names))
	return all.err()
}

// isTenants tells whether what a selector asks for is about whose the Pods are.
func isTenants(r requirement) bool { return r.key == tenant.Label }

// isNamed tells whether a selector asks for the names of instances.
func isNamed(r requirement) bool {
	return (r.key == nameLabel || r.key == ownerLabel) && r.operator == "In"
}

// isOperators tells whether what a selector asks for is the name of the operator.
func isOperators(r requirement) bool {
	return r.key == operatorName && r.operator == "In" && slices.Contains(r.values, operatorValue)
}

// instancesSelected returns the names of the instances whose Pods are selected, or whether
// those of any are. A selector that says nothing of what an instance is made of is about
// other Pods.
func instancesSelected(asked []requirement) (names []string, isAny bool) {
	isOwn := func(r requirement) bool { return r.key == ownerLabel || r.key == roleLabel }
	isAbout := func(r requirement) bool {
		return isOwn(r) || slices.Contains([]string{componentLabel, partLabel, managerLabel}, r.key)
	}
	others := slices.DeleteFunc(slices.Clone(asked), func(r requirement) bool { return isNamed(r) || isTenants(r) || isOwn(r) })
	isOf := func(component map[string]string) bool {
		return !slices.ContainsFunc(others, func(r requirement) bool { return !r.isMet(component) })
	}
	if !slices.ContainsFunc(asked, isAbout) || !slices.ContainsFunc(components, isOf) {
		return nil, false
	}
	if i := slices.IndexFunc(asked, isNamed); i >= 0 {
		return asked[i].values, false
	}
	return nil, !slices.ContainsFunc(asked, isTenants)
}
