package check

import (
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// failover is what the rules need of a RedisFailover.
type failover struct {
	Spec struct {
		Redis    component `json:"redis"`
		Sentinel component `json:"sentinel"`
	} `json:"spec"`
}

type component struct {
	Replicas                 int                         `json:"replicas"`
	Image                    string                      `json:"image"`
	Resources                corev1.ResourceRequirements `json:"resources"`
	SecurityContext          *corev1.PodSecurityContext  `json:"securityContext"`
	ContainerSecurityContext *corev1.SecurityContext     `json:"containerSecurityContext"`
	HostNetwork              bool                        `json:"hostNetwork"`
	PodAnnotations           map[string]string           `json:"podAnnotations"`
	InitContainers           []corev1.Container          `json:"initContainers"`
	ExtraContainers          []corev1.Container          `json:"extraContainers"`
	ExtraVolumes             []corev1.Volume             `json:"extraVolumes"`
	DisableBudget            bool                        `json:"disablePodDisruptionBudget"`
	Storage                  struct {
		PersistentVolumeClaim map[string]any `json:"persistentVolumeClaim"`
	} `json:"storage"`
	ConfigCopy struct {
		ContainerSecurityContext *corev1.SecurityContext `json:"containerSecurityContext"`
	} `json:"configCopy"`
	Exporter struct {
		Enabled                  bool                        `json:"enabled"`
		Image                    string                      `json:"image"`
		Resources                corev1.ResourceRequirements `json:"resources"`
		ContainerSecurityContext *corev1.SecurityContext     `json:"containerSecurityContext"`
	} `json:"exporter"`
}

// addFailover adds what the operator will make: a StatefulSet of Redis, a
// Deployment of Sentinels and a budget for each, both of them computed from the
// number of Redis. What the RedisFailover leaves out is judged as missing, though
// the operator has defaults: they break the rules.
func (w *world) addFailover(object *unstructured.Unstructured, id string) error {
	var rf failover
	if err := decode(object.Object, &rf); err != nil {
		return err
	}
	redis, sentinel := rf.Spec.Redis, rf.Spec.Sentinel
	data := "redis-data"
	if redis.Storage.PersistentVolumeClaim != nil {
		data = ""
	}
	for _, made := range []struct {
		kind, name string
		component
		init []corev1.Container
		data string
	}{
		{"StatefulSet", "redis", redis, nil, data},
		{"Deployment", "sentinel", sentinel, []corev1.Container{{
			Name: "sentinel-config-copy", Image: sentinel.Image, SecurityContext: sentinel.ConfigCopy.ContainerSecurityContext,
		}}, "sentinel-config-writable"},
	} {
		template := made.template(made.name, made.init, made.data)
		template.Labels = map[string]string{
			"app.kubernetes.io/name":      object.GetName(),
			"app.kubernetes.io/component": made.name,
			"app.kubernetes.io/part-of":   "redis-failover",
		}
		w.workloads = append(w.workloads, workload{
			id: id, kind: made.kind, namespace: object.GetNamespace(), owned: true, position: w.count,
			replicas: made.Replicas, template: template, specField: "spec." + made.name, replicasField: "spec." + made.name + ".replicas",
		})
		if made.DisableBudget {
			continue
		}
		available := intstr.FromInt32(2)
		if redis.Replicas <= 2 {
			available = intstr.FromInt32(1)
		}
		if err := w.addBudget(id, policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Namespace: object.GetNamespace()},
			Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &available, Selector: &metav1.LabelSelector{MatchLabels: template.Labels}},
		}); err != nil {
			return err
		}
	}
	return nil
}

// template returns the component's Pods as far as the rules look; data is the
// name of an emptyDir, if there is one.
func (c component) template(name string, init []corev1.Container, data string) corev1.PodTemplateSpec {
	spec := corev1.PodSpec{
		SecurityContext: c.SecurityContext,
		HostNetwork:     c.HostNetwork,
		InitContainers:  append(init, c.InitContainers...),
		Containers: append([]corev1.Container{{
			Name: name, Image: c.Image, Resources: c.Resources, SecurityContext: c.ContainerSecurityContext,
		}}, c.ExtraContainers...),
		Volumes: c.ExtraVolumes,
	}
	if c.Exporter.Enabled {
		spec.Containers = append(spec.Containers, corev1.Container{
			Name: name + "-exporter", Image: c.Exporter.Image, Resources: c.Exporter.Resources,
			SecurityContext: c.Exporter.ContainerSecurityContext,
		})
	}
	if data != "" {
		spec.Volumes = append(spec.Volumes, corev1.Volume{
			Name: data, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}},
		})
	}
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Annotations: c.PodAnnotations}, Spec: spec}
}
