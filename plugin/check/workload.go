package check

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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

// templates are the paths of the Pod templates by API group and kind.
var templates = map[string][]string{
	"/Pod":                   {},
	"/ReplicationController": {"spec", "template"},
	"apps/DaemonSet":         {"spec", "template"},
	"apps/Deployment":        {"spec", "template"},
	"apps/ReplicaSet":        {"spec", "template"},
	"apps/StatefulSet":       {"spec", "template"},
	"batch/Job":              {"spec", "template"},
	"batch/CronJob":          {"spec", "jobTemplate", "spec", "template"},
}

func (w *world) addWorkload(object *unstructured.Unstructured, id string) error {
	path, known := templates[object.GroupVersionKind().Group+"/"+object.GetKind()]
	if !known {
		return nil
	}
	tree, _, err := unstructured.NestedMap(object.Object, path...)
	if err != nil {
		return err
	}
	made := workload{
		id: id, kind: object.GetKind(), namespace: object.GetNamespace(), annotations: object.GetAnnotations(),
		owned: len(object.GetOwnerReferences()) > 0, replicas: 1, position: w.count,
		specField: strings.Join(append(path[:len(path):len(path)], "spec"), "."), replicasField: "spec.replicas",
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
