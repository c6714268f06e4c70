// Package check tells which rules of a Welkin platform rendered objects break,
// before its admission control does: Pod Security "restricted" and the
// Gatekeeper rules. Of a RedisFailover it judges what the operator will make.
package check

import (
	"slices"
	"strings"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tenant-redis/tenant-redis/plugin/internal/printable"
	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// Severity is what the platform does by default.
type Severity string

// What the platform may do with an object that breaks a rule.
const (
	// Deny refuses the object.
	Deny Severity = "deny"
	// Warn accepts it with a warning.
	Warn Severity = "warn"
	// Note stands for rules that are off until an administrator turns them on.
	Note Severity = "note"
)

// Violation is one rule that one object breaks.
type Violation struct {
	Rule     string
	Severity Severity
	// Object is the kind, namespace and name.
	Object string
	// Field is the path inside the object, such as "spec.replicas".
	Field string
	// Message says what is wrong and what mends it.
	Message string
}

// String returns the violation as one line.
func (v Violation) String() string {
	return printable.Text(string(v.Severity) + " " + v.Rule + ": " + v.Object + ": " + v.Field + ": " + v.Message)
}

// Platform is what differs from one platform to another.
type Platform struct {
	// Registries are the prefixes one of which each image must start with;
	// empty allows all.
	Registries []string
	// Kinds are those that a tenant file declares.
	Kinds []tenant.ScopedKind
}

// Check returns the rules that the objects break, sorted by object. Their order
// is the one in which they are applied. Objects are known by API group and kind;
// those of other kinds break nothing.
func (p Platform) Check(objects []unstructured.Unstructured) []Violation {
	w := world{kinds: p.Kinds}
	for i := range objects {
		w.add(&objects[i])
	}
	for _, image := range w.images {
		w.checkImage(image, p.Registries)
	}
	for _, workload := range w.workloads {
		w.checkPods(workload)
		w.checkImages(workload, p.Registries)
		w.checkReplicas(workload)
		w.checkController(workload)
		w.checkPolicies(workload)
		w.checkBudgets(workload)
	}
	slices.SortStableFunc(w.found, func(a, b Violation) int {
		return strings.Compare(a.Object+a.Rule, b.Object+b.Rule)
	})
	return slices.Compact(w.found)
}

// world is what the rules look at together.
type world struct {
	kinds     []tenant.ScopedKind
	images    []image
	workloads []workload
	policies  []selector
	budgets   []budget
	found     []Violation
	count     int
}

// image is the name of one in an object.
type image struct {
	id, field, name string
	// holder is what runs it, such as "container web"; empty for the field.
	holder string
}

// selector selects Pods of a namespace.
type selector struct {
	namespace string
	labels    labels.Selector
	// position is the object's place in the order of application.
	position int
}

func (s selector) selects(w workload) bool {
	return s.namespace == w.namespace && s.labels.Matches(labels.Set(w.template.Labels))
}

type budget struct {
	selector
	id   string
	spec policyv1.PodDisruptionBudgetSpec
}

func (w *world) add(object *unstructured.Unstructured) {
	w.count++
	kind, id := object.GroupVersionKind().Group+"/"+object.GetKind(), idOf(object)
	var err error
	switch kind {
	case "networking.k8s.io/NetworkPolicy":
		err = w.addPolicy(object)
	case "policy/PodDisruptionBudget":
		var pdb policyv1.PodDisruptionBudget
		if err = decode(object.Object, &pdb); err == nil {
			err = w.addBudget(id, pdb)
		}
	case "/Service":
		w.checkService(object, id)
	case kinds.Failover:
		err = w.addFailover(object, id)
	default:
		err = w.addWorkload(object, id, kinds.Of(w.kinds, kind))
	}
	if err != nil {
		w.report("readable", Deny, id, "", err.Error())
	}
}

func (w *world) report(rule string, severity Severity, object, field, message string) {
	w.found = append(w.found, Violation{rule, severity, object, field, message})
}

func idOf(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetKind() + "/" + object.GetName()
	}
	return object.GetKind() + "/" + object.GetNamespace() + "/" + object.GetName()
}

func decode(from map[string]any, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(from, into)
}

func (w *world) addPolicy(object *unstructured.Unstructured) error {
	var policy struct {
		Spec struct {
			PodSelector metav1.LabelSelector `json:"podSelector"`
		} `json:"spec"`
	}
	if err := decode(object.Object, &policy); err != nil {
		return err
	}
	pods, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
	w.policies = append(w.policies, selector{object.GetNamespace(), pods, w.count})
	return err
}

func (w *world) addBudget(id string, pdb policyv1.PodDisruptionBudget) error {
	pods, err := metav1.LabelSelectorAsSelector(pdb.Spec.Selector)
	if err != nil {
		return err
	}
	b := budget{selector{pdb.Namespace, pods, w.count}, id, pdb.Spec}
	w.budgets = append(w.budgets, b)
	w.checkBudget(b)
	return nil
}
