package check

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
)

// workload is what makes Pods.
type workload struct {
	id, kind, namespace string
	annotations         map[string]string
	// owned says that a controller made it.
	owned    bool
	replicas int
	template corev1.PodTemplateSpec
	// fields are the paths of the Pod's spec and of the number of replicas.
	specField, replicasField string
	position                 int
}

// addWorkload adds what an object makes Pods of, and the images that it names
// besides. kind tells where both are.
func (w *world) addWorkload(object *unstructured.Unstructured, id string, kind kinds.Kind) error {
	if kind.StandIn {
		w.addImages(object, id, kind.Names())
		return nil
	}
	w.addImages(object, id, kind.Others)
	for _, path := range kind.Pods {
		template := strings.TrimSuffix(strings.TrimSuffix(path, "spec"), ".")
		for _, found := range find(object.Object, template) {
			tree, ok := found.(map[string]any)
			if !ok {
				return fmt.Errorf("%s is no mapping", template)
			}
			if err := w.addTemplate(object, id, path, tree); err != nil {
				return err
			}
		}
	}
	return nil
}

// addTemplate adds the workload of a Pod template, whose Pods' spec is at path.
func (w *world) addTemplate(object *unstructured.Unstructured, id, path string, tree map[string]any) error {
	made := workload{
		id: id, kind: object.GetKind(), namespace: object.GetNamespace(), annotations: object.GetAnnotations(),
		owned: len(object.GetOwnerReferences()) > 0, replicas: 1, position: w.count,
		specField: path, replicasField: "spec.replicas",
	}
	replicas, set, err := unstructured.NestedInt64(object.Object, "spec", "replicas")
	if err != nil {
		return err
	}
	if set {
		made.replicas = int(replicas)
	}
	if err := decode(tree, &made.template); err != nil {
		return err
	}
	w.workloads = append(w.workloads, made)
	return nil
}

// addImages adds the images that an object names at some paths.
func (w *world) addImages(object *unstructured.Unstructured, id string, paths []string) {
	for _, path := range paths {
		for _, found := range find(object.Object, path) {
			if name, ok := found.(string); ok {
				w.images = append(w.images, image{id: id, field: path, name: name})
			}
		}
	}
}

// find returns what a path of manifest.Node.Find names in a tree.
func find(tree any, path string) []any {
	found := []any{tree}
	if path == "" {
		return found
	}
	for step := range strings.SplitSeq(path, ".") {
		key, each := strings.CutSuffix(step, "[]")
		var next []any
		for _, parent := range found {
			mapping, _ := parent.(map[string]any)
			child, there := mapping[key]
			items, _ := child.([]any)
			switch {
			case each:
				next = append(next, items...)
			case there && child != nil:
				next = append(next, child)
			}
		}
		found = next
	}
	return found
}
