// Package access holds docs/access.md to what the charts render: who may reach
// which port, by the engine that kind enforces NetworkPolicies with, and what a
// tenant may do, by Kubernetes' own comparison of rights.
package access

import (
	"iter"
	"maps"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/informers"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const (
	system    = "redis-system"
	elsewhere = "redis-elsewhere"
)

// Two instances share a namespace; the third has the name of the first.
var (
	cache    = tenantChart("cache", system)
	sessions = tenantChart("sessions", system)
	namesake = tenantChart("cache", elsewhere)
	operator = render.Chart{Dir: render.Repository + "/charts/redis-operator", Release: "redis-operator", Namespace: system}
)

func tenantChart(release, namespace string) render.Chart {
	return render.Chart{Dir: render.Repository + "/charts/tenant-redis", Release: release, Namespace: namespace}
}

// valuesOf gives an instance the namespace of its tenant.
func valuesOf(tenant string, more render.Values) render.Values {
	v := render.Values{"tenantNamespaces": `["` + tenant + `"]`, "auth.enabled": "false", "proxy.enabled": "true", "monitoring.enabled": "true", "monitoring.probe.writes": "true"}
	maps.Copy(v, more)
	return v
}

func TestMain(m *testing.M) {
	render.UsePinnedHelm()
	m.Run()
}

// policies returns the NetworkPolicies of all releases; more is added to the
// values of cache.
func policies(t *testing.T, more render.Values) []*networkingv1.NetworkPolicy {
	t.Helper()
	var found []*networkingv1.NetworkPolicy
	for _, rendered := range []map[string]render.Object{
		cache.Objects(t, valuesOf("team-a", more)),
		sessions.Objects(t, valuesOf("team-b", nil)),
		namesake.Objects(t, valuesOf("team-c", nil)),
		operator.Objects(t, nil),
	} {
		before := len(found)
		for id, object := range rendered {
			if object.GetKind() == "NetworkPolicy" {
				np := render.Get[networkingv1.NetworkPolicy](t, rendered, id)
				found = append(found, &np)
			}
		}
		require.Greater(t, len(found), before, "a release without a NetworkPolicy")
	}
	return found
}

// engine decides by NetworkPolicies alone.
type engine struct {
	*networkpolicy.StandardNetworkPolicy
	policies []*networkingv1.NetworkPolicy
	// about are engines of the policies that select a Pod.
	about map[*api.PodInfo]engine
}

func newEngine(t *testing.T, list []*networkingv1.NetworkPolicy) engine {
	t.Helper()
	factory := informers.NewSharedInformerFactory(nil, 0)
	store := factory.Networking().V1().NetworkPolicies()
	for _, np := range list {
		require.NoError(t, store.Informer().GetIndexer().Add(np))
	}
	whole := networkpolicy.NewStandardNetworkPolicy("", factory.Core().V1().Namespaces(), factory.Core().V1().Pods(), store)
	return engine{whole, list, map[*api.PodInfo]engine{}}
}

// of returns an engine of the policies that select a Pod: the others have no say, and to
// find that out at each packet is most of an engine's work.
func (e engine) of(t *testing.T, pod *api.PodInfo) engine {
	t.Helper()
	if _, known := e.about[pod]; !known {
		var own []*networkingv1.NetworkPolicy
		for _, np := range e.policies {
			if selects(t, np, pod) {
				own = append(own, np)
			}
		}
		e.about[pod] = newEngine(t, own)
	}
	return e.about[pod]
}

// peer is a Pod, or without one an address that is no Pod's.
type peer struct {
	name string
	pod  *api.PodInfo
}

func pod(namespace string, labels map[string]string) *api.PodInfo {
	return &api.PodInfo{
		Labels:    labels,
		Namespace: &api.Namespace{Name: namespace, Labels: map[string]string{corev1.LabelMetadataName: namespace}},
	}
}

func named(namespace, name string) *api.PodInfo {
	return pod(namespace, map[string]string{"app.kubernetes.io/name": name})
}

// member is a Pod as the operator labels those of an instance.
func member(of render.Chart, component string) *api.PodInfo {
	return pod(of.Namespace, map[string]string{
		"app.kubernetes.io/name":      of.Release,
		"app.kubernetes.io/component": component,
		"app.kubernetes.io/part-of":   "redis-failover",
	})
}

// proxyPod is a Pod as the chart labels those of an instance's proxy.
func proxyPod(of render.Chart) *api.PodInfo {
	return pod(of.Namespace, map[string]string{
		"app.kubernetes.io/name":      of.Release,
		"app.kubernetes.io/component": "proxy",
		"app.kubernetes.io/part-of":   "tenant-redis",
	})
}

// probePod is a Pod as the chart labels those that write as the tenant does.
func probePod(of render.Chart) *api.PodInfo {
	return labelled(pod(of.Namespace, map[string]string{
		"app.kubernetes.io/name":      of.Release,
		"app.kubernetes.io/component": "probe",
		"app.kubernetes.io/part-of":   "tenant-redis",
	}))
}

// labelled lets a Pod in as a client of cache.
func labelled(p *api.PodInfo) *api.PodInfo {
	p.Labels["elastisys.io/redis-cache-access"] = "allow"
	return p
}

// golivePod is a Pod as the chart labels those of helm test.
func golivePod(of render.Chart) *api.PodInfo {
	return pod(of.Namespace, map[string]string{
		"app.kubernetes.io/name": of.Release, "app.kubernetes.io/component": "golive",
	})
}

func client(namespace, of, value string) *api.PodInfo {
	return pod(namespace, map[string]string{"elastisys.io/redis-" + of + "-access": value})
}

func operatorPod(namespace string) *api.PodInfo {
	return pod(namespace, map[string]string{
		"app.kubernetes.io/name": "redis-operator", "app.kubernetes.io/instance": operator.Release,
	})
}

// port is what a packet goes to.
type port struct {
	number   int
	protocol corev1.Protocol
}

func (p port) String() string {
	if p.protocol == corev1.ProtocolUDP {
		return strconv.Itoa(p.number) + "/UDP"
	}
	return strconv.Itoa(p.number)
}

// ports are those of the charts, of DNS and of the API, and one that nobody uses.
var ports = []port{
	{6379, "TCP"},
	{6380, "TCP"},
	{6381, "TCP"},
	{6382, "TCP"},
	{26379, "TCP"},
	{8404, "TCP"},
	{9121, "TCP"},
	{9355, "TCP"},
	{9710, "TCP"},
	{53, "UDP"},
	{53, "TCP"},
	{443, "TCP"},
	{6443, "TCP"},
	{4444, "TCP"},
	{4444, "UDP"},
}

func (p port) packet(from, to string) *network.Packet {
	return &network.Packet{SrcIP: net.ParseIP(from), SrcPort: 40000, DstIP: net.ParseIP(to), DstPort: p.number, Proto: p.protocol}
}

// letsIn tells whether the policies that protect to let from connect.
func (e engine) letsIn(t *testing.T, from, to *api.PodInfo, p port) bool {
	t.Helper()
	verdict, err := e.of(t, to).EvaluateIngress(t.Context(), p.packet("10.0.0.1", "10.0.0.2"), from, to)
	require.NoError(t, err)
	return verdict != api.VerdictDeny
}

// letsOut tells whether the policies that confine from let it connect.
func (e engine) letsOut(t *testing.T, from, to *api.PodInfo, p port) bool {
	t.Helper()
	verdict, err := e.of(t, from).EvaluateEgress(t.Context(), p.packet("10.0.0.1", "10.0.0.2"), from, to)
	require.NoError(t, err)
	return verdict != api.VerdictDeny
}

// matrix maps "peer → subject" and "subject → peer" to the ports that the
// policies of the subject alone leave open.
type matrix map[string]string

func arrow(from, to peer) string { return from.name + " → " + to.name }

func (e engine) matrix(t *testing.T, subjects, peers []peer) matrix {
	t.Helper()
	return maps.Collect(e.cells(t, subjects, peers))
}

// cells yields a matrix as it is asked for.
func (e engine) cells(t *testing.T, subjects, peers []peer) iter.Seq2[string, string] {
	t.Helper()
	return func(yield func(string, string) bool) {
		for _, s := range subjects {
			for _, p := range peers {
				if !yield(arrow(p, s), open(func(to port) bool { return e.letsIn(t, p.pod, s.pod, to) })) ||
					!yield(arrow(s, p), open(func(to port) bool { return e.letsOut(t, s.pod, p.pod, to) })) {
					return
				}
			}
		}
	}
}

// open lists the ports that the function leaves open.
func open(passes func(port) bool) string {
	var names []string
	onlyUDP := true
	for _, p := range ports {
		if passes(p) {
			names = append(names, p.String())
		}
		onlyUDP = onlyUDP && passes(p) == (p.protocol == corev1.ProtocolUDP)
	}
	switch {
	case len(names) == 0:
		return "–"
	case len(names) == len(ports):
		return "all"
	case onlyUDP:
		return "UDP"
	}
	return strings.Join(names, ", ")
}
