package golive

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
	"github.com/tenant-redis/tenant-redis/plugin/serving"
)

var failovers = schema.GroupVersionResource{Group: "databases.spotahome.com", Version: "v1", Resource: "redisfailovers"}

// failover is what a RedisFailover asks for.
type failover struct {
	Spec struct {
		Redis    component `json:"redis"`
		Sentinel component `json:"sentinel"`
		Auth     struct {
			SecretPath string `json:"secretPath"`
		} `json:"auth"`
	} `json:"spec"`
}

// component is how many Pods there should be, what they start, and where.
type component struct {
	Replicas                  int                               `json:"replicas"`
	Command                   []string                          `json:"command"`
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints"`
}

// instance is one instance as it is read once, and who answers of it.
type instance struct {
	namespace, name string
	want            failover
	pods            map[string][]corev1.Pod
	// operatorImages are empty if the operator's Pods are elsewhere, or may not be read.
	operatorImages []string
	budgets        []policyv1.PodDisruptionBudget
	policies       []networkingv1.NetworkPolicy
	// connection is nil if there is no such ConfigMap.
	connection *corev1.ConfigMap
	// users are the tenant's, none if that logs in as default.
	users []login
	// proxy is nil if there is none.
	proxy     *appsv1.Deployment
	topology  serving.Topology
	clients   []redisClients
	exporters []exporterNode
	proxies   []proxyNode
	selection selection
}

// components are what the instance is made of.
func (i *instance) components() []string {
	if i.proxy == nil {
		return []string{reach.Redis, reach.Sentinel}
	}
	return []string{reach.Redis, reach.Sentinel, reach.Proxy}
}

// read asks the API server, then every Pod.
func (c Cluster) read(ctx context.Context, name string) (*instance, error) {
	i := &instance{namespace: c.Namespace, name: name, pods: map[string][]corev1.Pod{}}
	if err := c.readFailover(ctx, i); err != nil {
		return nil, err
	}
	if err := c.readObjects(ctx, i); err != nil {
		return nil, err
	}
	c.readSelection(ctx, i)
	c.readOperator(ctx, i)
	passwords, err := c.passwords(ctx, i)
	if err != nil {
		return nil, err
	}
	if err := c.readUsers(ctx, i, passwords); err != nil {
		return nil, err
	}
	c.askAll(ctx, i, string(passwords["password"]))
	return i, nil
}

func (c Cluster) readFailover(ctx context.Context, i *instance) error {
	object, err := c.Dynamic.Resource(failovers).Namespace(i.namespace).Get(ctx, i.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no RedisFailover %s in namespace %s; give the release's name, and its namespace with --namespace", i.name, i.namespace)
	}
	if err != nil {
		return fmt.Errorf("cannot read the RedisFailover: %w", err)
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &i.want)
}

func (c Cluster) readObjects(ctx context.Context, i *instance) error {
	proxy, err := c.Client.AppsV1().Deployments(i.namespace).Get(ctx, i.name+"-proxy", metav1.GetOptions{})
	if err == nil {
		i.proxy = proxy
	} else if !apierrors.IsNotFound(err) {
		return fmt.Errorf("cannot read the proxy's Deployment: %w", err)
	}
	for _, component := range i.components() {
		pods, err := reach.Pods(ctx, c.Client, i.namespace, i.name, component)
		if err != nil {
			return err
		}
		i.pods[component] = slices.DeleteFunc(pods, func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil })
	}
	budgets, err := c.Client.PolicyV1().PodDisruptionBudgets(i.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("cannot list the PodDisruptionBudgets: %w", err)
	}
	policies, err := c.Client.NetworkingV1().NetworkPolicies(i.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("cannot list the NetworkPolicies: %w", err)
	}
	i.budgets, i.policies = budgets.Items, policies.Items
	connection, err := c.Client.CoreV1().ConfigMaps(i.namespace).Get(ctx, i.name, metav1.GetOptions{})
	if err == nil {
		i.connection = connection
	} else if !apierrors.IsNotFound(err) {
		return fmt.Errorf("cannot read the ConfigMap: %w", err)
	}
	return nil
}

// readOperator looks which images the operator runs in the instance's namespace, where the
// right to list Pods is there anyway.
func (c Cluster) readOperator(ctx context.Context, i *instance) {
	pods, err := c.Client.CoreV1().Pods(i.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=redis-operator"})
	if err != nil {
		return
	}
	for _, pod := range pods.Items {
		for _, container := range pod.Spec.Containers {
			i.operatorImages = append(i.operatorImages, container.Image)
		}
	}
}

// passwords are those of Redis' users by their keys, none if it asks for none.
func (c Cluster) passwords(ctx context.Context, i *instance) (map[string][]byte, error) {
	name := i.want.Spec.Auth.SecretPath
	if name == "" {
		return nil, nil
	}
	secret, err := c.Client.CoreV1().Secrets(i.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot read the Secret with the password: %w", err)
	}
	return secret.Data, nil
}

// podsAsked is how many Pods of a component there should be.
func (i *instance) podsAsked(component string) int {
	switch component {
	case reach.Redis:
		return i.asked().Redis
	case reach.Sentinel:
		return i.asked().Sentinels
	}
	// Kubernetes' own default.
	if i.proxy.Spec.Replicas == nil {
		return 1
	}
	return int(*i.proxy.Spec.Replicas)
}

// asked is how many of each there should be.
func (i *instance) asked() serving.Want {
	return serving.Want{Redis: i.want.Spec.Redis.Replicas, Sentinels: i.want.Spec.Sentinel.Replicas}
}
