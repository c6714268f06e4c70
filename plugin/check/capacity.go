package check

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
)

const (
	// instancesAnnotation is how many instances the chart redis-operator has given its
	// operator the means for.
	instancesAnnotation = "tenant-redis.dev/instances"
	// mostInstances is the most that the chart takes for one.
	mostInstances = 2000
	// namespacesFlag limits an operator to namespaces; without it, it serves all.
	namespacesFlag = "--supported-namespaces-regex="
)

// operator is one release of the chart redis-operator.
type operator struct {
	id        string
	instances int
	serves    *regexp.Regexp
}

// Capacity returns what is wrong between RedisFailovers and the operators that are to
// look after them: an operator with more of them than it has the means for, and a
// namespace that none, or more than one, serves. It is an error if there is no
// operator, or one that cannot be read.
func Capacity(operators, objects []unstructured.Unstructured) ([]Violation, error) {
	var all []operator
	for _, object := range operators {
		if object.GetAnnotations()[instancesAnnotation] == "" {
			continue
		}
		o, err := readOperator(object)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", idOf(&object), err)
		}
		all = append(all, o)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no Deployment has the annotation %s: render charts/redis-operator with the values of its release", instancesAnnotation)
	}
	var found []Violation
	served, names := map[string]int{}, map[string][]string{}
	for _, object := range objects {
		if kinds.Failover == object.GroupVersionKind().Group+"/"+object.GetKind() {
			names[object.GetNamespace()] = append(names[object.GetNamespace()], idOf(&object))
		}
	}
	for namespace, failovers := range names {
		var by []string
		for _, o := range all {
			if o.serves.MatchString(namespace) {
				by = append(by, o.id)
				served[o.id] += len(failovers)
			}
		}
		switch {
		case len(by) == 0:
			found = append(found, Violation{
				"operator-namespaces", Deny, failovers[0], "metadata.namespace",
				fmt.Sprintf("no operator serves %s: add it to watchedNamespaces of one release of charts/redis-operator", namespace),
			})
		case len(by) > 1:
			found = append(found, Violation{
				"operator-namespaces", Deny, failovers[0], "metadata.namespace",
				fmt.Sprintf("%s serve %s, and would undo each other's repairs: leave it in watchedNamespaces of one release", strings.Join(by, " and "), namespace),
			})
		}
	}
	for _, o := range all {
		if served[o.id] > o.instances {
			found = append(found, Violation{"operator-capacity", Deny, o.id, "metadata.annotations[" + instancesAnnotation + "]", o.tooMany(served[o.id])})
		}
	}
	slices.SortFunc(found, func(a, b Violation) int { return strings.Compare(a.Object+a.Message, b.Object+b.Message) })
	return found, nil
}

// tooMany says what to do about more RedisFailovers than an operator carries.
func (o operator) tooMany(served int) string {
	fix := fmt.Sprintf("set instances of its release to %d or more, or give the namespaces of some to another release", served)
	if served > mostInstances {
		fix = fmt.Sprintf("give the namespaces of some to another release: instances may be %d at most", mostInstances)
	}
	return fmt.Sprintf("%d RedisFailovers are more than the %d that it can look after every 30 s: %s", served, o.instances, fix)
}

func readOperator(object unstructured.Unstructured) (operator, error) {
	text := object.GetAnnotations()[instancesAnnotation]
	instances, err := strconv.Atoi(text)
	if err != nil || instances < 1 {
		return operator{}, fmt.Errorf("annotation %s: %q must be a number of instances", instancesAnnotation, text)
	}
	var deployment appsv1.Deployment
	if err := decode(object.Object, &deployment); err != nil {
		return operator{}, err
	}
	serves := ""
	for _, container := range deployment.Spec.Template.Spec.Containers {
		for _, arg := range container.Args {
			if value, found := strings.CutPrefix(arg, namespacesFlag); found {
				serves = value
			}
		}
	}
	expression, err := regexp.Compile(serves)
	if err != nil {
		return operator{}, fmt.Errorf("%s%w", namespacesFlag, err)
	}
	return operator{idOf(&object), instances, expression}, nil
}
