package golive

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
	"github.com/tenant-redis/tenant-redis/test/lab"
)

const (
	name      = "sessions"
	namespace = "redis-system"
	password  = "secret-of-the-lab"
	// userPassword is that of the tenant's user, and readerPassword of its second one.
	userPassword   = "secret-of-the-tenant"
	readerPassword = "secret-of-the-reader"
)

// world is what Kubernetes knows of an instance in the lab. Tests spoil a copy.
type world struct {
	// secret is what the Secret has beside the password of default.
	secret    map[string]string
	failover  map[string]any
	redis     []corev1.Pod
	sentinels []corev1.Pod
	// proxies has Pods if there is a proxy, of which so many are asked for.
	proxies      []corev1.Pod
	proxiesAsked int32
	budgets      []policyv1.PodDisruptionBudget
	policies     []networkingv1.NetworkPolicy
	connection   corev1.ConfigMap
	// monitoring are objects of the Prometheus Operator, whose CRDs there are if
	// there is one.
	monitoring []unstructured.Unstructured
}

// healthy is that of an instance without a fault.
func healthy(t *testing.T, i *lab.Instance) *world {
	t.Helper()
	w := &world{
		failover: map[string]any{
			"redis": map[string]any{"replicas": int64(3)}, "sentinel": map[string]any{
				"replicas": int64(3),
				"topologySpreadConstraints": []any{
					map[string]any{"topologyKey": "kubernetes.io/hostname", "maxSkew": int64(1), "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": []any{"pod-template-hash"}},
					map[string]any{"topologyKey": "topology.kubernetes.io/zone", "maxSkew": int64(1), "whenUnsatisfiable": "ScheduleAnyway"},
				},
			},
			"auth": map[string]any{"secretPath": name},
		},
		connection: corev1.ConfigMap{ObjectMeta: meta(name), Data: map[string]string{
			"REDIS_CLUSTER_NAME": name, "REDIS_SENTINEL_HOST": "rfs-sessions.redis-system", "REDIS_SENTINEL_PORT": "26379", "REDIS_SENTINEL_MASTER": "mymaster",
		}},
	}
	for n, p := range i.Redis {
		w.redis = append(w.redis, pod(t, reach.Redis, p, n, lab.RedisPort))
	}
	for n, p := range i.Sentinels {
		w.sentinels = append(w.sentinels, pod(t, reach.Sentinel, p, n, lab.SentinelPort))
	}
	w.protect(reach.Redis, reach.Sentinel)
	return w
}

// protect makes a budget and a policy for each component.
func (w *world) protect(components ...string) {
	for _, component := range components {
		selector := metav1.LabelSelector{MatchLabels: reach.Labels(name, component)}
		w.budgets = append(w.budgets, policyv1.PodDisruptionBudget{
			ObjectMeta: meta(component + "-" + name), Spec: policyv1.PodDisruptionBudgetSpec{Selector: &selector},
			Status: policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: 1},
		})
		w.policies = append(w.policies, networkingv1.NetworkPolicy{ObjectMeta: meta(name + "-" + component), Spec: networkingv1.NetworkPolicySpec{
			PodSelector: selector, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		}})
	}
}

func meta(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Namespace: namespace} }

func pod(t *testing.T, component string, p *lab.Process, n int, port string) corev1.Pod {
	t.Helper()
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	object := corev1.Pod{ObjectMeta: meta(component + "-" + strconv.Itoa(n))}
	object.Labels = reach.Labels(name, component)
	object.Spec.NodeName = "node-" + strconv.Itoa(n)
	object.Spec.Containers = []corev1.Container{
		container(component, component, int32(number)), container(component+"-exporter", metricsPort, exporterPorts[component]),
	}
	object.Status.PodIP = p.IP
	object.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	return object
}

func container(name, port string, number int32) corev1.Container {
	return corev1.Container{
		Name: name, Ports: []corev1.ContainerPort{{Name: port, ContainerPort: number}},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")},
		},
	}
}

var exporterPorts = map[string]int32{reach.Redis: 9121, reach.Sentinel: 9355}

// deniedPort is where a process' exporter has the wrong password.
const deniedPort = 9122

// export serves, beside each process, what a real exporter has said.
func export(t *testing.T, i *lab.Instance) {
	t.Helper()
	for _, p := range i.Redis {
		serveRecord(t, p.IP, exporterPorts[reach.Redis], "redis-master.txt")
		serveRecord(t, p.IP, deniedPort, "redis-denied.txt")
	}
	for _, p := range i.Sentinels {
		serveRecord(t, p.IP, exporterPorts[reach.Sentinel], "sentinel.txt")
	}
}

func serveRecord(t *testing.T, ip string, port int32, record string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(ip, strconv.Itoa(int(port))))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			http.NotFound(w, r)
			return
		}
		http.ServeFile(w, r, "../../test/alerts/testdata/"+record)
	}))
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
}

// cluster holds the world, and leads to the lab's processes.
func (w *world) cluster() Cluster {
	objects := []runtime.Object{w.connection.DeepCopy(), &corev1.Secret{ObjectMeta: meta(name), Data: map[string][]byte{"password": []byte(password)}}}
	for key, value := range w.secret {
		objects[1].(*corev1.Secret).Data[key] = []byte(value)
	}
	addresses := map[string]string{}
	if w.proxies != nil {
		objects = append(objects, &appsv1.Deployment{ObjectMeta: meta(name + "-proxy"), Spec: appsv1.DeploymentSpec{Replicas: &w.proxiesAsked}})
	}
	for _, pods := range [][]corev1.Pod{w.redis, w.sentinels, w.proxies} {
		for _, pod := range pods {
			objects = append(objects, pod.DeepCopy())
			addresses[pod.Name] = pod.Status.PodIP
		}
	}
	for _, budget := range w.budgets {
		objects = append(objects, budget.DeepCopy())
	}
	for _, policy := range w.policies {
		objects = append(objects, policy.DeepCopy())
	}
	failover := &unstructured.Unstructured{Object: map[string]any{"spec": w.failover}}
	failover.SetGroupVersionKind(failovers.GroupVersion().WithKind("RedisFailover"))
	failover.SetName(name)
	failover.SetNamespace(namespace)
	custom := []runtime.Object{failover}
	for _, object := range w.monitoring {
		custom = append(custom, object.DeepCopy())
	}
	lists := map[schema.GroupVersionResource]string{prometheuses: "PrometheusList", agents: "PrometheusAgentList", rulers: "ThanosRulerList"}
	return Cluster{
		Client: fake.NewClientset(objects...), Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, custom...), Namespace: namespace,
		Forward: func(_ context.Context, pod string, port int32) (string, error) {
			return net.JoinHostPort(addresses[pod], strconv.Itoa(int(port))), nil
		},
	}
}
