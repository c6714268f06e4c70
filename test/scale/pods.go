//go:build scale

package scale

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// revision is that of all Pods: none of them is ever out of date.
const revision = "first"

// pods makes the Pods of StatefulSets and Deployments Running, each on an address of
// its own, and serves a Redis or Sentinel there.
type pods struct {
	t     *testing.T
	typed kubernetes.Interface

	mu        sync.Mutex
	instances map[string]*instance
	addresses int
	// delay is that of all Redis' and Sentinels' answers.
	delay atomic.Int64
	// serve has a Redis or Sentinel of an instance on an address from now on.
	serve func(instance, ip, component string) error
}

// workload is what Pods are made of.
type workload struct {
	meta      metav1.ObjectMeta
	replicas  int32
	template  corev1.PodTemplateSpec
	component string
}

func runPods(t *testing.T, typed kubernetes.Interface) *pods {
	t.Helper()
	p := &pods{t: t, typed: typed, instances: map[string]*instance{}}
	p.serve = p.simulate
	factory := informers.NewSharedInformerFactory(typed, 0)
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	found := sync.Map{}
	add := func(obj any) {
		w := workload{}
		switch o := obj.(type) {
		case *appsv1.StatefulSet:
			w = workload{o.ObjectMeta, *o.Spec.Replicas, o.Spec.Template, "redis"}
		case *appsv1.Deployment:
			w = workload{o.ObjectMeta, *o.Spec.Replicas, o.Spec.Template, "sentinel"}
		}
		if w.meta.Labels["app.kubernetes.io/part-of"] != "redis-failover" {
			return
		}
		key := w.component + "/" + w.meta.Namespace + "/" + w.meta.Name
		if _, known := found.LoadOrStore(key, w); !known {
			queue.Add(key)
		}
	}
	for _, informer := range []cache.SharedIndexInformer{factory.Apps().V1().StatefulSets().Informer(), factory.Apps().V1().Deployments().Informer()} {
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add})
		require.NoError(t, err)
	}
	factory.Start(t.Context().Done())
	t.Cleanup(queue.ShutDown)
	for range 8 {
		go func() {
			for {
				key, ended := queue.Get()
				if ended {
					return
				}
				w, _ := found.Load(key)
				if err := p.fill(t.Context(), w.(workload)); err != nil {
					queue.AddRateLimited(key)
				}
				queue.Done(key)
			}
		}()
	}
	return p
}

// fill makes the Pods of a workload that are not there yet.
func (p *pods) fill(ctx context.Context, w workload) error {
	if w.component == "redis" {
		set, err := p.typed.AppsV1().StatefulSets(w.meta.Namespace).Get(ctx, w.meta.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		set.Status = appsv1.StatefulSetStatus{Replicas: w.replicas, ReadyReplicas: w.replicas, CurrentRevision: revision, UpdateRevision: revision}
		if _, err := p.typed.AppsV1().StatefulSets(w.meta.Namespace).UpdateStatus(ctx, set, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	for n := range w.replicas {
		if err := p.run(ctx, w, fmt.Sprintf("%s-%d", w.meta.Name, n)); err != nil {
			return err
		}
	}
	return nil
}

func (p *pods) run(ctx context.Context, w workload, name string) error {
	pod := &corev1.Pod{Spec: *w.template.Spec.DeepCopy()}
	pod.Namespace, pod.Name, pod.Annotations = w.meta.Namespace, name, w.template.Annotations
	pod.Labels = maps.Clone(w.template.Labels)
	pod.Labels[appsv1.ControllerRevisionHashLabelKey] = revision
	pod.Spec.NodeName = "nowhere"
	pod, err := p.typed.CoreV1().Pods(w.meta.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		pod, err = p.typed.CoreV1().Pods(w.meta.Namespace).Get(ctx, name, metav1.GetOptions{})
	}
	if err != nil || pod.Status.PodIP != "" {
		return err
	}
	ip, err := p.address(w, pod)
	if err != nil {
		return err
	}
	now := metav1.Now()
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, StartTime: &now,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	_, err = p.typed.CoreV1().Pods(w.meta.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

// address gives a Pod the next address of 127.64.0.0/10, on which its Redis or Sentinel
// is served from now on.
func (p *pods) address(w workload, pod *corev1.Pod) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addresses++
	ip := fmt.Sprintf("127.%d.%d.%d", 64+p.addresses>>16, p.addresses>>8&255, p.addresses&255)
	return ip, p.serve(w.meta.Namespace+"/"+pod.Labels["app.kubernetes.io/name"], ip, w.component)
}

// simulate answers for a Redis or Sentinel.
func (p *pods) simulate(key, ip, component string) error {
	if p.instances[key] == nil {
		p.instances[key] = newInstance(&p.delay)
	}
	l, err := p.instances[key].serve(ip, component)
	if err == nil {
		p.t.Cleanup(func() { _ = l.Close() })
	}
	return err
}

// all returns the instances that have a Pod.
func (p *pods) all() []*instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []*instance
	for _, i := range p.instances {
		found = append(found, i)
	}
	return found
}
