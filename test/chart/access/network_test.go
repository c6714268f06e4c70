package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// subjects are what the policies protect.
var subjects = []peer{
	{"Redis", member(cache, "redis")},
	{"Sentinel", member(cache, "sentinel")},
	{"the proxy", proxyPod(cache)},
	{"the operator", operatorPod(system)},
	{"the probe", probePod(cache)},
	{"`helm test`", golivePod(cache)},
}

var peers = []peer{
	{"Redis of the instance", member(cache, "redis")},
	{"Sentinel of the instance", member(cache, "sentinel")},
	{"proxy of the instance", proxyPod(cache)},
	{"Redis of another instance in the namespace", member(sessions, "redis")},
	{"Sentinel of another instance in the namespace", member(sessions, "sentinel")},
	{"proxy of another instance in the namespace", proxyPod(sessions)},
	{"Redis of a namesake in another namespace", member(namesake, "redis")},
	{"Sentinel of a namesake in another namespace", member(namesake, "sentinel")},
	{"proxy of a namesake in another namespace", proxyPod(namesake)},
	{"operator", operatorPod(system)},
	{"Pod of the operator's name in another namespace", operatorPod("team-a")},
	{"Prometheus", named("monitoring", "prometheus")},
	{"Pod of Prometheus' name in another namespace", named("team-a", "prometheus")},
	{"other Pod of the monitoring namespace", named("monitoring", "grafana")},
	{"labelled Pod in the tenant's namespace", client("team-a", "cache", "allow")},
	{"labelled Pod in the release's namespace", client(system, "cache", "allow")},
	{"labelled Pod in a stranger's namespace", client("stranger", "cache", "allow")},
	{"Pod in the tenant's namespace with the label of another instance", client("team-a", "sessions", "allow")},
	{"Pod in the tenant's namespace whose label has another value", client("team-a", "cache", "deny")},
	{"Pod in the tenant's namespace without a label", named("team-a", "shop")},
	{"Pod in the release's namespace without a label", named(system, "shop")},
	{"Pod in the release's namespace that has the instance's name", named(system, "cache")},
	{"Pod in the tenant's namespace with all labels of Redis", pod("team-a", member(cache, "redis").Labels)},
	{"DNS", pod("kube-system", map[string]string{"k8s-app": "kube-dns"})},
	{"Pod of DNS' label in another namespace", pod("team-a", map[string]string{"k8s-app": "kube-dns"})},
	{"other Pod of kube-system", named("kube-system", "metrics-server")},
	{"API server, nodes and the outside", nil},
}

// TestNetworkTable holds the table of docs/access.md.
func TestNetworkTable(t *testing.T) {
	m := newEngine(t, policies(t, nil)).matrix(t, subjects, peers)
	header := []string{""}
	for _, direction := range []string{"to ", "from "} {
		for _, s := range subjects {
			header = append(header, direction+s.name)
		}
	}
	rows := []string{"|" + strings.Join(header, " | ") + " |", strings.Repeat("|---", len(header)) + "|"}
	for _, p := range peers {
		row := []string{p.name}
		for _, s := range subjects {
			row = append(row, m[arrow(p, s)])
		}
		for _, s := range subjects {
			row = append(row, m[arrow(s, p)])
		}
		rows = append(rows, "| "+strings.Join(row, " | ")+" |")
	}
	assertDocumented(t, "network", rows)
}

// TestAllNamespaces holds that access.allNamespaces opens nothing but the data
// ports to labelled Pods.
func TestAllNamespaces(t *testing.T) {
	closed := newEngine(t, policies(t, nil)).matrix(t, subjects, peers)
	opened := newEngine(t, policies(t, render.Values{"access.allNamespaces": "true"})).matrix(t, subjects, peers)
	stranger := "labelled Pod in a stranger's namespace"
	require.Equal(t, "–", closed[stranger+" → Redis"])
	closed[stranger+" → Redis"] = "6379"
	closed[stranger+" → Sentinel"] = "26379"
	closed[stranger+" → the proxy"] = "6379, 6380"
	assert.Equal(t, closed, opened)
}

// TestTLSNetwork holds that TLS opens its two ports to clients and nothing else, and
// that proxy.tls.only closes the others.
func TestTLSNetwork(t *testing.T) {
	closed := newEngine(t, policies(t, nil)).matrix(t, subjects, peers)
	for only, open := range map[string]string{"false": "6379, 6380, 6381, 6382", "true": "6381, 6382"} {
		opened := newEngine(t, policies(t, render.Values{"proxy.tls.existingSecret": `"certificate"`, "proxy.tls.only": only})).matrix(t, subjects, peers)
		want := maps.Clone(closed)
		for arrow, ports := range want {
			if ports == "6379, 6380" {
				want[arrow] = open
			}
		}
		assert.Equal(t, want, opened)
	}
}

// TestProxiesAlone holds that without access.sentinel nobody but the clients is shut out, and
// they of all but the proxies.
func TestProxiesAlone(t *testing.T) {
	want := newEngine(t, policies(t, nil)).matrix(t, subjects, peers)
	closed := newEngine(t, policies(t, render.Values{"access.sentinel": "false"})).matrix(t, subjects, peers)
	shut := 0
	for arrow, ports := range want {
		if strings.HasPrefix(arrow, "labelled Pod in the ") && (ports == "6379" || ports == "26379") {
			want[arrow] = "–"
			shut++
		}
	}
	require.Equal(t, 4, shut, "to Redis and to Sentinel, from two namespaces")
	assert.Equal(t, want, closed)
}

// addresses says whose an address is now.
type addresses map[string]*api.PodInfo

func (a addresses) GetPodInfoByIP(ip string) (*api.PodInfo, bool) {
	owner, found := a[ip]
	return owner, found
}

// TestReusedAddress gives the address of a peer to another Pod: what counts is
// whose it is now. Instances of Sentinel merge where nobody looks at that.
func TestReusedAddress(t *testing.T) {
	owners := addresses{}
	whole := networkpolicy.NewPolicyEngine(owners, []api.PolicyEvaluator{newEngine(t, policies(t, nil))})
	connects := func(from, to *api.PodInfo, number int) bool {
		owners["10.0.0.1"], owners["10.0.0.2"] = from, to
		accepted, err := whole.EvaluatePacket(t.Context(), port{number, "TCP"}.packet("10.0.0.1", "10.0.0.2"))
		require.NoError(t, err)
		return accepted
	}
	redis, sentinel := member(cache, "redis"), member(cache, "sentinel")
	probe, golive := probePod(cache), labelled(golivePod(cache))
	tenant := client("team-a", "cache", "allow")
	require.True(t, connects(sentinel, redis, 6379))
	require.True(t, connects(redis, redis, 6379))
	require.True(t, connects(sentinel, sentinel, 26379))
	require.True(t, connects(tenant, redis, 6379))
	for _, trying := range []*api.PodInfo{probe, golive} {
		require.True(t, connects(trying, redis, 6379))
		require.True(t, connects(trying, sentinel, 26379))
		require.True(t, connects(trying, proxyPod(cache), 6379))
	}

	for name, stranger := range map[string]*api.PodInfo{
		"another instance":          member(sessions, "redis"),
		"another Sentinel":          member(sessions, "sentinel"),
		"a namesake":                member(namesake, "redis"),
		"a namesake's Sentinel":     member(namesake, "sentinel"),
		"a Pod without labels":      pod("team-a", nil),
		"a Pod beside the Redis":    pod(system, nil),
		"another's proxy":           proxyPod(sessions),
		"a namesake's proxy":        proxyPod(namesake),
		"a client of the neighbour": client(system, "sessions", "allow"),
	} {
		for _, number := range []int{6379, 26379} {
			for _, own := range []*api.PodInfo{redis, sentinel, probe, golive} {
				assert.False(t, connects(own, stranger, number), "to %s, port %d", name, number)
				assert.False(t, connects(stranger, own, number), "from %s, port %d", name, number)
			}
		}
	}
}

// TestNobodyElse tries every Pod that some words of the charts, in every
// combination, make in every namespace, at every port. Who is allowed is said
// here once more, without selectors.
func TestNobodyElse(t *testing.T) {
	e := newEngine(t, policies(t, nil))
	redis, sentinel, proxy := subjects[0].pod, subjects[1].pod, subjects[2].pod
	trying := []peer{subjects[4], subjects[5]}
	tried, allowed := 0, 0
	everyPod(func(p *api.PodInfo) {
		in, label := p.Namespace.Name, p.Labels
		fellow := in == system && label["app.kubernetes.io/name"] == "cache" && label["app.kubernetes.io/part-of"] == "redis-failover"
		operator := in == system && label["app.kubernetes.io/name"] == "redis-operator"
		client := (in == system || in == "team-a") && label["elastisys.io/redis-cache-access"] == "allow"
		prometheus := in == "monitoring" && label["app.kubernetes.io/name"] == "prometheus"
		ownProxy := in == system && label["app.kubernetes.io/name"] == "cache" && label["app.kubernetes.io/component"] == "proxy" && label["app.kubernetes.io/part-of"] == "tenant-redis"
		data := fellow || operator || client || ownProxy
		for _, to := range ports {
			tried++
			want := to.number == 6379 && data || to.number == 9121 && prometheus
			if want {
				allowed++
			}
			if got := e.letsIn(t, p, redis, to); got != want {
				require.Fail(t, "Redis", "%s: %v in %s gets in: %v", to, label, in, got)
			}
			if got := e.letsIn(t, p, sentinel, to); got != (to.number == 26379 && data || to.number == 9355 && prometheus) {
				require.Fail(t, "Sentinel", "%s: %v in %s gets in: %v", to, label, in, got)
			}
			if got := e.letsIn(t, p, proxy, to); got != ((to.number == 6379 || to.number == 6380) && client || to.number == 8404 && prometheus) {
				require.Fail(t, "proxy", "%s: %v in %s gets in: %v", to, label, in, got)
			}
			if got := e.letsOut(t, proxy, p, to); got != (fellow && (to.number == 6379 || to.number == 26379)) {
				require.Fail(t, "proxy", "gets out to %s: %v in %s: %v", to, label, in, got)
			}
			if got := e.letsOut(t, redis, p, to); got != (fellow && (to.number == 6379 || to.number == 26379)) {
				require.Fail(t, "Redis", "gets out to %s: %v in %s: %v", to, label, in, got)
			}
			for _, one := range trying {
				if got := e.letsOut(t, one.pod, p, to); got != (fellow || ownProxy || to.protocol == corev1.ProtocolUDP) {
					require.Fail(t, one.name, "gets out to %s: %v in %s: %v", to, label, in, got)
				}
			}
		}
	})
	require.NotZero(t, allowed)
	t.Logf("%d of %d connections to Redis are allowed", allowed, tried)
}

// everyPod calls try with each combination of namespace and labels; an empty
// word is a label that is not there.
func everyPod(try func(*api.PodInfo)) {
	for _, namespace := range []string{system, elsewhere, "team-a", "team-b", "monitoring"} {
		for _, name := range []string{"", "cache", "sessions", "prometheus", "redis-operator"} {
			for _, component := range []string{"", "redis", "sentinel", "proxy"} {
				for _, partOf := range []string{"", "redis-failover", "tenant-redis", "cache"} {
					for _, access := range []string{"", "allow", "deny"} {
						for _, neighbour := range []string{"", "allow"} {
							labels := map[string]string{}
							for key, value := range map[string]string{
								"app.kubernetes.io/name": name, "app.kubernetes.io/component": component, "app.kubernetes.io/part-of": partOf,
								"elastisys.io/redis-cache-access": access, "elastisys.io/redis-sessions-access": neighbour,
							} {
								if value != "" {
									labels[key] = value
								}
							}
							try(pod(namespace, labels))
						}
					}
				}
			}
		}
	}
}

// TestEveryLineCounts deletes each field and each item of each policy of cache
// and of the operator in turn: the matrix must change each time, or it proves
// nothing about that line. The operator of cache has a namespace of its own
// here, for else it needs no namespaceSelector.
func TestEveryLineCounts(t *testing.T) {
	subjects := append(slices.Clone(subjects),
		peer{"Redis of another instance", member(sessions, "redis")},
		peer{"Sentinel of another instance", member(sessions, "sentinel")},
		peer{"Redis without part-of", without(member(cache, "redis"), "app.kubernetes.io/part-of")},
		peer{"Sentinel without part-of", without(member(cache, "sentinel"), "app.kubernetes.io/part-of")},
		peer{"proxy of another instance", proxyPod(sessions)},
		peer{"proxy without part-of", without(proxyPod(cache), "app.kubernetes.io/part-of")},
		peer{"proxy without component", without(proxyPod(cache), "app.kubernetes.io/component")},
		peer{"probe of nobody", without(probePod(cache), "app.kubernetes.io/name")},
		peer{"probe without part-of", without(probePod(cache), "app.kubernetes.io/part-of")},
		peer{"helm test of nobody", without(golivePod(cache), "app.kubernetes.io/name")},
		peer{"other Pod of the instance", without(golivePod(cache), "app.kubernetes.io/component")},
		peer{"operator of another release", without(operatorPod(system), "app.kubernetes.io/instance")},
		peer{"other Pod of the operator's release", without(operatorPod(system), "app.kubernetes.io/name")},
	)
	peers := append(slices.Clone(peers),
		peer{"operator in its own namespace", operatorPod("operators")},
		peer{"proxy without part-of", without(proxyPod(cache), "app.kubernetes.io/part-of")},
		peer{"proxy without component", without(proxyPod(cache), "app.kubernetes.io/component")},
		peer{"other Pod in the operator's namespace", named("operators", "shop")},
	)
	all := policies(t, render.Values{"operator.namespace": `"operators"`})
	whole := newEngine(t, all).matrix(t, subjects, peers)
	count := 0
	for i, np := range all {
		if np.Namespace != system || strings.HasPrefix(np.Name, sessions.Release) {
			continue
		}
		spec, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&np.Spec)
		require.NoError(t, err)
		for line, rest := range deletions("spec", spec) {
			mutant := np.DeepCopy()
			mutant.Spec = networkingv1.NetworkPolicySpec{}
			require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(rest.(map[string]any), &mutant.Spec))
			mutated := slices.Clone(all)
			mutated[i] = mutant
			assert.True(t, newEngine(t, mutated).differs(t, whole, concerned(t, np, mutant, subjects), peers), "nothing shows that %s lacks %s", np.Name, line)
			count++
		}
	}
	require.NotZero(t, count)
	t.Logf("%d deletions, each of them seen", count)
}

// concerned are the Pods that just one of two policies selects, and then those that
// both do: nothing else can differ.
func concerned(t *testing.T, one, other *networkingv1.NetworkPolicy, all []peer) []peer {
	t.Helper()
	var differing, common []peer
	for _, p := range all {
		switch a, b := selects(t, one, p.pod), selects(t, other, p.pod); {
		case a != b:
			differing = append(differing, p)
		case a:
			common = append(common, p)
		}
	}
	return append(differing, common...)
}

func selects(t *testing.T, np *networkingv1.NetworkPolicy, pod *api.PodInfo) bool {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(&np.Spec.PodSelector)
	require.NoError(t, err)
	return pod.Namespace.Name == np.Namespace && selector.Matches(labels.Set(pod.Labels))
}

func (e engine) differs(t *testing.T, from matrix, subjects, peers []peer) bool {
	t.Helper()
	for key, value := range e.cells(t, subjects, peers) {
		if from[key] != value {
			return true
		}
	}
	return false
}

func without(p *api.PodInfo, label string) *api.PodInfo {
	labels := maps.Clone(p.Labels)
	delete(labels, label)
	return pod(p.Namespace.Name, labels)
}

// atomic are fields without which the API server refuses the object or fills
// them in.
var atomic = map[string]bool{"protocol": true, "key": true, "operator": true, "values": true}

// deletions returns a copy of a tree for each key and each item, by its path,
// that lacks just that.
func deletions(path string, tree any) map[string]any {
	found := map[string]any{}
	switch node := tree.(type) {
	case map[string]any:
		for key, child := range node {
			if atomic[key] {
				continue
			}
			at := path + "." + key
			found[at] = runtime.DeepCopyJSONValue(node)
			delete(found[at].(map[string]any), key)
			for line, mutated := range deletions(at, child) {
				whole := runtime.DeepCopyJSONValue(node)
				whole.(map[string]any)[key] = mutated
				found[line] = whole
			}
		}
	case []any:
		for i, child := range node {
			at := fmt.Sprintf("%s[%d]", path, i)
			rest := runtime.DeepCopyJSONValue(node).([]any)
			found[at] = append(rest[:i:i], rest[i+1:]...)
			for line, mutated := range deletions(at, child) {
				whole := runtime.DeepCopyJSONValue(node).([]any)
				whole[i] = mutated
				found[line] = whole
			}
		}
	}
	return found
}
