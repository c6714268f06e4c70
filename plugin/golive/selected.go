package golive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const monitoringGroup = "monitoring.coreos.com"

var (
	podMonitors = schema.GroupVersionResource{Group: monitoringGroup, Version: "v1", Resource: "podmonitors"}
	probes      = schema.GroupVersionResource{Group: monitoringGroup, Version: "v1", Resource: "probes"}
	rules       = schema.GroupVersionResource{Group: monitoringGroup, Version: "v1", Resource: "prometheusrules"}

	prometheuses = schema.GroupVersionResource{Group: monitoringGroup, Version: "v1", Resource: "prometheuses"}
	agents       = schema.GroupVersionResource{Group: monitoringGroup, Version: "v1alpha1", Resource: "prometheusagents"}
	rulers       = schema.GroupVersionResource{Group: monitoringGroup, Version: "v1", Resource: "thanosrulers"}
)

// monitored is one kind of what the chart makes for Prometheus, and who may
// select it by which fields.
type monitored struct {
	resource  schema.GroupVersionResource
	names     func(instance string) []string
	selectors []schema.GroupVersionResource
	// field is that of the selector of labels; that of namespaces follows from it.
	field string
}

var monitoredKinds = []monitored{
	{podMonitors, func(name string) []string {
		return []string{name + "-redis", name + "-sentinel", name + "-proxy", name + "-probe"}
	}, []schema.GroupVersionResource{prometheuses, agents}, "podMonitor"},
	{probes, func(name string) []string { return []string{name} }, []schema.GroupVersionResource{prometheuses, agents}, "probe"},
	{rules, func(name string) []string { return []string{name} }, []schema.GroupVersionResource{prometheuses, rulers}, "rule"},
}

// selection is what came of looking who selects the instance's objects.
type selection struct {
	// skipped is why nobody can tell.
	skipped string
	// passedOver names what no Prometheus selects.
	passedOver []string
	// by names who selects the rest.
	by []string
}

// readSelection looks whether a Prometheus selects what the chart has made for
// one. What may not be read is skipped: a deployer may have no rights there.
func (c Cluster) readSelection(ctx context.Context, i *instance) {
	if err := c.compare(ctx, i); err != nil {
		i.selection = selection{skipped: "cannot tell: " + err.Error()}
	}
}

func (c Cluster) compare(ctx context.Context, i *instance) error {
	found := false
	for _, kind := range monitoredKinds {
		objects, err := c.madeFor(ctx, i, kind)
		if err != nil {
			return err
		}
		if len(objects) == 0 {
			continue
		}
		found = true
		readers, err := c.readers(ctx, kind)
		if err != nil {
			return err
		}
		if len(readers) == 0 {
			i.selection.skipped = "the cluster has no Prometheus object: another program must read the " + kind.resource.Resource
			return nil
		}
		if err := c.match(ctx, i, kind, objects, readers); err != nil {
			return err
		}
	}
	if !found {
		i.selection.skipped = "the chart makes nothing for Prometheus: monitoring.enabled is false"
	}
	return nil
}

// madeFor returns the objects of a kind that the chart has made.
func (c Cluster) madeFor(ctx context.Context, i *instance, kind monitored) ([]unstructured.Unstructured, error) {
	var objects []unstructured.Unstructured
	for _, name := range kind.names(i.name) {
		object, err := c.Dynamic.Resource(kind.resource).Namespace(i.namespace).Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return nil, err
		default:
			objects = append(objects, *object)
		}
	}
	return objects, nil
}

// readers returns all who may select objects of a kind.
func (c Cluster) readers(ctx context.Context, kind monitored) ([]unstructured.Unstructured, error) {
	var all []unstructured.Unstructured
	for _, resource := range kind.selectors {
		list, err := c.Dynamic.Resource(resource).List(ctx, metav1.ListOptions{})
		// Not every version of the Prometheus Operator has all of them.
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, list.Items...)
	}
	return all, nil
}

func (c Cluster) match(ctx context.Context, i *instance, kind monitored, objects, readers []unstructured.Unstructured) error {
	namespace := c.labelsOfNamespace(ctx, i.namespace)
	for _, object := range objects {
		selected := false
		for _, reader := range readers {
			matches, err := selects(reader, kind.field, object, namespace)
			if err != nil {
				return err
			}
			if !matches {
				continue
			}
			selected = true
			if name := reader.GetNamespace() + "/" + reader.GetName(); !slices.Contains(i.selection.by, name) {
				i.selection.by = append(i.selection.by, name)
			}
		}
		if !selected {
			i.selection.passedOver = append(i.selection.passedOver, object.GetKind()+" "+object.GetName())
		}
	}
	return nil
}

// labelsOfNamespace returns at least the label that every namespace has.
func (c Cluster) labelsOfNamespace(ctx context.Context, name string) labels.Set {
	found := labels.Set{"kubernetes.io/metadata.name": name}
	if namespace, err := c.Client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{}); err == nil {
		for key, value := range namespace.Labels {
			found[key] = value
		}
	}
	return found
}

// selects decides as the Prometheus Operator does: without a selector nothing is
// selected, and without one of namespaces the reader's own alone.
func selects(reader unstructured.Unstructured, field string, object unstructured.Unstructured, namespace labels.Set) (bool, error) {
	byLabels, err := selectorAt(reader, field+"Selector")
	if err != nil || byLabels == nil || !byLabels.Matches(labels.Set(object.GetLabels())) {
		return false, err
	}
	byNamespace, err := selectorAt(reader, field+"NamespaceSelector")
	if err != nil {
		return false, err
	}
	if byNamespace == nil {
		return reader.GetNamespace() == object.GetNamespace(), nil
	}
	return byNamespace.Matches(namespace), nil
}

// selectorAt returns a selector of a reader, nil if it has none.
func selectorAt(reader unstructured.Unstructured, field string) (labels.Selector, error) {
	value, found, err := unstructured.NestedMap(reader.Object, "spec", field)
	if err != nil || !found {
		return nil, err
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(value, &selector); err != nil {
		return nil, fmt.Errorf("%s of %s/%s: %w", field, reader.GetNamespace(), reader.GetName(), err)
	}
	return metav1.LabelSelectorAsSelector(&selector)
}

func checkSelected(_ context.Context, i *instance) (string, error) {
	if i.selection.skipped != "" {
		return i.selection.skipped, errSkipped
	}
	if len(i.selection.passedOver) > 0 {
		return "", errors.New("no Prometheus selects " + strings.Join(i.selection.passedOver, ", "))
	}
	return "selected by " + strings.Join(i.selection.by, ", "), nil
}
