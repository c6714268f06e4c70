package tenantredis

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/informers"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// TestOwnPeers holds that the values that name a peer move it. What the defaults
// let in and out is held by test/chart/access.
func TestOwnPeers(t *testing.T) {
	objects := chart.Objects(t, values{
		"access.label": `"example.com/cache"`, "operator.namespace": `"operators"`, "monitoring.namespace": `"123"`,
	})
	engine := engineOf(t, objects)
	data, metrics := []string{"redis:6379", "sentinel:26379"}, []string{"redis:9121", "sentinel:9355"}
	const name = "app.kubernetes.io/name"
	for _, peer := range []struct {
		namespace, label, value string
		reaches                 []string
	}{
		{namespace, "example.com/cache", "allow", data},
		{"team-a", "example.com/cache", "allow", nil},
		{namespace, "elastisys.io/redis-" + release + "-access", "allow", nil},
		{"operators", name, "redis-operator", data},
		{namespace, name, "redis-operator", nil},
		{"123", name, "prometheus", metrics},
		{"monitoring", name, "prometheus", nil},
	} {
		reached := reach(t, engine, pod(peer.namespace, map[string]string{peer.label: peer.value}))
		assert.Equal(t, peer.reaches, reached, "%+v", peer)
	}
}

// engineOf judges by the policies of the instance.
func engineOf(t *testing.T, objects map[string]render.Object) *networkpolicy.StandardNetworkPolicy {
	t.Helper()
	factory := informers.NewSharedInformerFactory(nil, 0)
	store := factory.Networking().V1().NetworkPolicies()
	for _, component := range []string{"redis", "sentinel"} {
		np := render.Get[networkingv1.NetworkPolicy](t, objects, chart.ID("NetworkPolicy")+"-"+component)
		require.NoError(t, store.Informer().GetIndexer().Add(&np))
	}
	return networkpolicy.NewStandardNetworkPolicy("", factory.Core().V1().Namespaces(), factory.Core().V1().Pods(), store)
}

// reach lists the ports of the instance that a Pod gets to.
func reach(t *testing.T, engine *networkpolicy.StandardNetworkPolicy, from *api.PodInfo) []string {
	t.Helper()
	var reached []string
	for _, component := range []string{"redis", "sentinel"} {
		for _, port := range []int{22, 6379, 9121, 9355, 26379} {
			packet := &network.Packet{
				SrcIP: net.IPv4(10, 0, 0, 1), SrcPort: 40000,
				DstIP: net.IPv4(10, 0, 0, 2), DstPort: port, Proto: corev1.ProtocolTCP,
			}
			verdict, err := engine.EvaluateIngress(t.Context(), packet, from, pod(namespace, labelsOf(component)))
			require.NoError(t, err)
			if verdict != api.VerdictDeny {
				reached = append(reached, fmt.Sprintf("%s:%d", component, port))
			}
		}
	}
	return reached
}

func pod(in string, labels map[string]string) *api.PodInfo {
	return &api.PodInfo{
		Labels:    labels,
		Namespace: &api.Namespace{Name: in, Labels: map[string]string{corev1.LabelMetadataName: in}},
	}
}
