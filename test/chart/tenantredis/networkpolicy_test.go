package tenantredis

import (
	"fmt"
	"maps"
	"net"
	"strings"
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

const accessLabel = "elastisys.io/redis-" + release + "-access"

func pod(in string, labels map[string]string) *api.PodInfo {
	return &api.PodInfo{
		Labels:    labels,
		Namespace: &api.Namespace{Name: in, Labels: map[string]string{corev1.LabelMetadataName: in}},
	}
}

func named(in, name string) *api.PodInfo {
	return pod(in, map[string]string{"app.kubernetes.io/name": name})
}

func client(in, label, value string) *api.PodInfo {
	return pod(in, map[string]string{label: value})
}

var (
	redis    = pod(namespace, labelsOf(release, "redis"))
	sentinel = pod(namespace, labelsOf(release, "sentinel"))
)

// strangers get in nowhere, whatever the values.
var strangers = map[string]*api.PodInfo{
	"Redis of another instance":             pod(namespace, labelsOf("other", "redis")),
	"Sentinel of another instance":          pod(namespace, labelsOf("other", "sentinel")),
	"Redis of a namesake elsewhere":         pod("elsewhere", labelsOf(release, "redis")),
	"Redis of a namesake of the tenant":     pod("team-a", labelsOf(release, "redis")),
	"pod that merely has the name":          named(namespace, release),
	"operator's name in a tenant namespace": named("team-a", "redis-operator"),
	"unlabelled pod of the tenant":          named("team-a", "shop"),
	"unlabelled pod beside Redis":           named(namespace, "shop"),
	"label with another value":              client("team-a", accessLabel, "deny"),
	"label of another instance":             client("team-a", "elastisys.io/redis-other-access", "allow"),
	"other pod in monitoring":               named("monitoring", "grafana"),
	"Prometheus of the tenant":              named("team-a", "prometheus"),
	"somebody outside":                      nil,
}

// TestAccess has each peer knock at each port, and at each has the engine that
// kind enforces with decide.
func TestAccess(t *testing.T) {
	data := []string{"redis:6379", "sentinel:26379"}
	metrics := []string{"redis:9121", "sentinel:9355"}
	peers := map[string]struct {
		pod *api.PodInfo
		// reaches is what is open, and reachesIfAll what is with access.allNamespaces.
		reaches, reachesIfAll []string
	}{
		"Redis":                  {redis, data, data},
		"Sentinel":               {sentinel, data, data},
		"operator":               {named(namespace, "redis-operator"), data, data},
		"client":                 {client("team-a", accessLabel, "allow"), data, data},
		"client beside Redis":    {client(namespace, accessLabel, "allow"), data, data},
		"client in a foreign ns": {client("elsewhere", accessLabel, "allow"), nil, data},
		"client in monitoring":   {client("monitoring", accessLabel, "allow"), nil, data},
		"Prometheus":             {named("monitoring", "prometheus"), metrics, metrics},
	}
	mine := policies(t, values{"tenantNamespaces": `["team-a"]`})
	open := policies(t, values{"tenantNamespaces": `["team-a"]`, "access.allNamespaces": "true"})
	for name, peer := range peers {
		assert.Equal(t, peer.reaches, mine.open(t, peer.pod), name)
		assert.Equal(t, peer.reachesIfAll, open.open(t, peer.pod), "%s, with access.allNamespaces", name)
	}
	for name, peer := range strangers {
		assert.Empty(t, mine.open(t, peer), name)
		assert.Empty(t, open.open(t, peer), "%s, with access.allNamespaces", name)
	}
}

func TestOwnPeers(t *testing.T) {
	own := policies(t, values{
		"access.label": `"example.com/cache"`, "operator.namespace": `"operators"`, "monitoring.namespace": `"123"`,
	})
	data := []string{"redis:6379", "sentinel:26379"}
	assert.Equal(t, data, own.open(t, client(namespace, "example.com/cache", "allow")))
	assert.Equal(t, data, own.open(t, named("operators", "redis-operator")))
	assert.Equal(t, []string{"redis:9121", "sentinel:9355"}, own.open(t, named("123", "prometheus")))
	assert.Empty(t, own.open(t, client(namespace, accessLabel, "allow")))
	assert.Empty(t, own.open(t, client("team-a", "example.com/cache", "allow")), "no tenant namespace")
	assert.Empty(t, own.open(t, named(namespace, "redis-operator")))
	assert.Empty(t, own.open(t, named("monitoring", "prometheus")))
}

// TestEgress holds that Redis and Sentinel speak to their own instance alone.
func TestEgress(t *testing.T) {
	own := policies(t, nil)
	for source, from := range map[string]*api.PodInfo{"Redis": redis, "Sentinel": sentinel} {
		for target, to := range map[string]*api.PodInfo{"Redis": redis, "Sentinel": sentinel} {
			assert.True(t, own.egress(t, from, to, 6379), "%s to %s", source, target)
			assert.True(t, own.egress(t, from, to, 26379), "%s to %s", source, target)
			assert.False(t, own.egress(t, from, to, 9121), "%s to %s", source, target)
			assert.False(t, own.egress(t, from, to, 443), "%s to %s", source, target)
		}
		others := maps.Clone(strangers)
		others["operator"] = named(namespace, "redis-operator")
		others["client"] = client(namespace, accessLabel, "allow")
		others["DNS"] = pod("kube-system", map[string]string{"k8s-app": "kube-dns"})
		for target, to := range others {
			for _, port := range []int{53, 443, 6379, 6443, 26379} {
				assert.False(t, own.egress(t, from, to, port), "%s to %s, port %d", source, target, port)
			}
		}
	}
}

// engine decides by the policies of this release and of others beside it, since
// policies add up.
type engine struct {
	*networkpolicy.StandardNetworkPolicy
}

func policies(t *testing.T, v values) engine {
	t.Helper()
	factory := informers.NewSharedInformerFactory(nil, 0)
	store := factory.Networking().V1().NetworkPolicies()
	other := chart
	other.Release = "other"
	for _, c := range []render.Chart{chart, other, awkward} {
		objects := c.Objects(t, v)
		for id := range objects {
			if strings.HasPrefix(id, "NetworkPolicy/") {
				np := render.Get[networkingv1.NetworkPolicy](t, objects, id)
				require.NoError(t, store.Informer().GetIndexer().Add(&np))
			}
		}
	}
	require.Len(t, store.Informer().GetIndexer().List(), 6)
	return engine{networkpolicy.NewStandardNetworkPolicy("", factory.Core().V1().Namespaces(), factory.Core().V1().Pods(), store)}
}

// open lists what the peer may connect to.
func (e engine) open(t *testing.T, peer *api.PodInfo) []string {
	t.Helper()
	var found []string
	for _, target := range []struct {
		name string
		pod  *api.PodInfo
	}{{"redis", redis}, {"sentinel", sentinel}} {
		for _, port := range []int{22, 6379, 9121, 9355, 26379} {
			verdict, err := e.EvaluateIngress(t.Context(), packet(port), peer, target.pod)
			require.NoError(t, err)
			if verdict != api.VerdictDeny {
				found = append(found, fmt.Sprintf("%s:%d", target.name, port))
			}
		}
	}
	return found
}

func (e engine) egress(t *testing.T, from, to *api.PodInfo, port int) bool {
	t.Helper()
	verdict, err := e.EvaluateEgress(t.Context(), packet(port), from, to)
	require.NoError(t, err)
	return verdict != api.VerdictDeny
}

func packet(port int) *network.Packet {
	return &network.Packet{
		SrcIP: net.IPv4(10, 0, 0, 1), SrcPort: 40000,
		DstIP: net.IPv4(10, 0, 0, 2), DstPort: port,
		Proto: corev1.ProtocolTCP,
	}
}
