package golive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// failed names the checks that fail, after having looked for the password in
// all that is printed.
func failed(t *testing.T, w *world) []string {
	t.Helper()
	findings, err := w.cluster().Walk(t.Context(), name)
	require.NoError(t, err)
	require.Len(t, findings, len(Checks))
	var text, encoded bytes.Buffer
	require.NoError(t, Text(&text, findings))
	require.NoError(t, JSON(&encoded, findings))
	require.NotContains(t, text.String()+encoded.String(), password)
	var decoded []Finding
	require.NoError(t, json.Unmarshal(encoded.Bytes(), &decoded))
	require.Equal(t, findings, decoded)

	names := []string{}
	for _, f := range findings {
		require.NotEmpty(t, f.Seen, f.Check)
		if f.Status == Failed {
			require.NotEmpty(t, f.Fix)
			require.Contains(t, text.String(), fmt.Sprintf("failed  %s: %s; %s\n", f.Check, oneLine(f.Seen), f.Fix))
			names = append(names, f.Check)
		}
	}
	require.Equal(t, len(names) == 0, Passed(findings))
	t.Log(text.String())
	return names
}

func answering(t *testing.T, password string, options ...func(*lab.Instance)) *lab.Instance {
	t.Helper()
	i := lab.New(t)
	i.Password = password
	for _, option := range options {
		option(i)
	}
	i.Serve()
	for _, p := range i.Redis {
		i.Do(p, "CONFIG", "SET", "maxmemory", "64mb")
	}
	export(t, i)
	return i
}

// opens adds a policy on all Pods of the namespace that lets a peer in.
func opens(peer networkingv1.NetworkPolicyPeer) func(*world) {
	return func(w *world) {
		policy := *w.policies[0].DeepCopy()
		policy.Name, policy.Spec.PodSelector = "other", metav1.LabelSelector{}
		policy.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{peer}}}
		w.policies = append(w.policies, policy)
	}
}

func ofBlock(cidr string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr}}
}

// ofNamespaces is every Pod of namespaces by their name.
func ofNamespaces(operator metav1.LabelSelectorOperator, names ...string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: "kubernetes.io/metadata.name", Operator: operator, Values: names},
	}}}
}

// TestObjects spoils what Kubernetes knows, one thing at a time.
func TestObjects(t *testing.T) {
	i := answering(t, password)
	require.Empty(t, failed(t, healthy(t, i)))
	for title, test := range map[string]struct {
		spoil func(*world)
		want  []string
	}{
		"two Sentinels asked for": {func(w *world) { w.failover["sentinel"] = map[string]any{"replicas": int64(2)} }, []string{"size", "pods", "spread", "sentinels"}},
		"a CRD that drops a field": {func(w *world) {
			constraint := w.failover["sentinel"].(map[string]any)["topologySpreadConstraints"].([]any)[0].(map[string]any)
			delete(constraint, "matchLabelKeys")
		}, []string{"definition"}},
		"a Pod is not ready":    {func(w *world) { w.redis[1].Status.Conditions[0].Status = corev1.ConditionFalse }, []string{"pods"}},
		"a Redis is missing":    {func(w *world) { w.redis = w.redis[:2] }, []string{"pods", "replicas"}},
		"a Sentinel is missing": {func(w *world) { w.sentinels = w.sentinels[:2] }, []string{"pods", "sentinels"}},
		"two on a node":         {func(w *world) { w.sentinels[1].Spec.NodeName = w.sentinels[0].Spec.NodeName }, []string{"spread"}},
		"no requests":           {func(w *world) { w.sentinels[0].Spec.Containers[0].Resources.Requests = nil }, []string{"resources"}},
		"no limit":              {func(w *world) { w.redis[0].Spec.Containers[0].Resources.Limits = nil }, []string{"resources"}},
		"an image with a hole":  {func(w *world) { w.redis[0].Spec.Containers[0].Image = "docker.io/valkey/valkey:8.1.6" }, []string{"images"}},
		"no budget":             {func(w *world) { w.budgets = w.budgets[1:] }, []string{"budgets"}},
		"a budget too many": {func(w *world) {
			w.budgets = append(w.budgets, *w.budgets[0].DeepCopy())
			w.budgets[2].Name = "other"
		}, []string{"budgets"}},
		"a budget that blocks": {func(w *world) { w.budgets[0].Status.DisruptionsAllowed = 0 }, []string{"budgets"}},
		"no policy":            {func(w *world) { w.policies = w.policies[:1] }, []string{"policies"}},
		"a policy for all":     {func(w *world) { w.policies[0].Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{}} }, []string{"policies"}},
		"a second policy for all": {func(w *world) {
			w.policies = append(w.policies, *w.policies[0].DeepCopy())
			w.policies[2].Name = "other"
			w.policies[2].Spec.PodSelector = metav1.LabelSelector{}
			w.policies[2].Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{}}
		}, []string{"policies"}},
		"a policy for all namespaces": {func(w *world) {
			peer := networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}}
			w.policies[0].Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{peer}}}
		}, []string{"policies"}},
		"a policy for labelled Pods of all namespaces": {func(w *world) {
			peer := networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "allow"}}}
			w.policies[0].Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{peer}}}
		}, []string{}},
		"a policy for all addresses": {func(w *world) {
			peer := networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0"}}
			w.policies[1].Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{peer}}}
		}, []string{"policies"}},
		"a policy for half of all addresses":     {opens(ofBlock("128.0.0.0/1")), []string{"policies"}},
		"a policy for the Pods' network":         {opens(ofBlock(i.Network[:strings.LastIndex(i.Network, ".")] + ".0.0/16")), []string{"policies"}},
		"a policy for a network without Pods":    {opens(ofBlock("10.0.0.0/8")), []string{}},
		"a policy for all but the Pods' network": {opens(networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "127.0.0.0/8", Except: []string{"127.0.0.0/8"}}}), []string{}},
		"a policy for its whole namespace":       {opens(networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{}}), []string{"policies"}},
		"a policy for its namespace by name":     {opens(ofNamespaces("In", namespace)), []string{"policies"}},
		"a policy for all namespaces but one":    {opens(ofNamespaces("NotIn", "kube-system")), []string{"policies"}},
		"a policy for namespaces with a name":    {opens(ofNamespaces("Exists")), []string{"policies"}},
		"a policy for the monitoring":            {opens(ofNamespaces("In", "monitoring")), []string{}},
		"a policy for Pods without a label": {opens(networkingv1.NetworkPolicyPeer{
			NamespaceSelector: &metav1.LabelSelector{}, PodSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "DoesNotExist"}}},
		}), []string{"policies"}},
		"a policy for Pods with any name": {opens(networkingv1.NetworkPolicyPeer{
			NamespaceSelector: &metav1.LabelSelector{}, PodSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Exists"}}},
		}), []string{"policies"}},
		"a second budget on one Pod": {func(w *world) {
			w.redis[1].Labels["statefulset.kubernetes.io/pod-name"] = w.redis[1].Name
			w.budgets = append(w.budgets, *w.budgets[0].DeepCopy())
			w.budgets[2].Name = "other"
			w.budgets[2].Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"statefulset.kubernetes.io/pod-name": w.redis[1].Name}}
		}, []string{"budgets"}},
		"another instance's": {func(w *world) { w.connection.Data["REDIS_SENTINEL_HOST"] = "rfs-other.redis-system" }, []string{"connection"}},
		"no Sentinel in it":  {func(w *world) { delete(w.connection.Data, "REDIS_SENTINEL_HOST") }, []string{"connection"}},
		"no ConfigMap":       {func(w *world) { w.connection.Name = "other" }, []string{"connection"}},
		"a limit below maxmemory": {func(w *world) {
			w.redis[0].Spec.Containers[0].Resources.Limits[corev1.ResourceMemory] = resource.MustParse("64Mi")
		}, []string{"memory"}},
		"an exporter that is denied": {func(w *world) { w.redis[1].Spec.Containers[1].Ports[0].ContainerPort = deniedPort }, []string{"metrics"}},
		"no exporter at its port":    {func(w *world) { w.sentinels[2].Spec.Containers[1].Ports[0].ContainerPort = 1 }, []string{"metrics"}},
		"no exporter":                {func(w *world) { w.sentinels[0].Spec.Containers = w.sentinels[0].Spec.Containers[:1] }, []string{"metrics"}},
	} {
		t.Run(title, func(t *testing.T) {
			w := healthy(t, i)
			test.spoil(w)
			require.Equal(t, test.want, failed(t, w))
		})
	}
	t.Run("no such instance", func(t *testing.T) {
		_, err := healthy(t, i).cluster().Walk(t.Context(), "other")
		require.EqualError(t, err, "there is no RedisFailover other in namespace redis-system; give the release's name, and its namespace with --namespace")
	})
}

var failedLine = regexp.MustCompile(`(?m)^FAILED  ([a-z]+): `)

// TestAnswers spoils what the processes answer, one thing after the other. What helm
// test can see from a tenant's Pod, it says the same of.
func TestAnswers(t *testing.T) {
	i := answering(t, password)
	w := healthy(t, i)
	// The exporters answer here, as none does to a tenant.
	both := func(title string, want ...string) {
		t.Helper()
		require.Equal(t, want, failed(t, w), title)
		var ofTenant []string
		for _, check := range Checks {
			if check.Tenant && (check.Name == "policies" || slices.Contains(want, check.Name)) {
				ofTenant = append(ofTenant, check.Name)
			}
		}
		require.Equal(t, ofTenant, helmTest(t, i), title)
	}
	require.Empty(t, failed(t, w))
	require.Equal(t, []string{"policies"}, helmTest(t, i))

	i.Do(i.Redis[0], "CONFIG", "SET", "maxmemory", "0")
	both("no maxmemory", "memory")
	i.Do(i.Redis[0], "CONFIG", "SET", "maxmemory", "64mb")

	i.Tell(i.Sentinels[1], "SENTINEL", "SET", lab.MasterName, "quorum", "3")
	both("as one that has known five", "quorum")
	i.Tell(i.Sentinels[1], "SENTINEL", "SET", lab.MasterName, "quorum", "1")
	both("a quorum of one", "quorum")
	i.Tell(i.Sentinels[1], "SENTINEL", "SET", lab.MasterName, "quorum", "2")

	i.Do(i.Redis[2], "ACL", "SETUSER", "default", "nopass")
	require.Equal(t, []string{"password"}, failed(t, w))
	// redis-cli does not go on where its password is refused, and none is asked for.
	require.Equal(t, []string{"replicas", "password", "policies"}, helmTest(t, i))
	i.Do(i.Redis[2], "ACL", "SETUSER", "default", "resetpass", ">"+password)

	// Whoever reaches a Sentinel can ask it for its vote at any epoch.
	i.Tell(i.Sentinels[1], "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", i.Redis[0].IP, lab.RedisPort, "9223372036854775807", "0000000000000000000000000000000000000000")
	both("no epoch left", "quorum")
	i.Sentinels[1].Signal(syscall.SIGKILL)
	require.NoError(t, os.Remove(i.Sentinels[1].Dir+"/sentinel.conf"))
	i.StartSentinel(i.Sentinels[1])
	for _, s := range i.Sentinels {
		i.Tell(s, "SENTINEL", "RESET", "*")
	}
	i.Monitor(i.Redis[0])
	i.Settled(i.Redis[0])

	i.Sentinels[2].Signal(syscall.SIGSTOP)
	both("a Sentinel is frozen", "sentinels", "quorum")
	i.Sentinels[2].Signal(syscall.SIGCONT)

	i.Redis[2].Signal(syscall.SIGKILL)
	require.Subset(t, failed(t, w), []string{"replicas", "password", "memory", "data"})
	// What is gone has no address for a tenant to ask, for its password. The Sentinel
	// that was frozen may be in TILT mode.
	require.Subset(t, helmTest(t, i), []string{"replicas", "policies", "data"})
}

// TestPasswordIsOff holds that what an instance does not have is not checked,
// and that a password that does not work is.
func TestPasswordIsOff(t *testing.T) {
	i := answering(t, "")
	w := healthy(t, i)
	require.Contains(t, failed(t, w), "password", "the Secret has one, and Redis has none")

	delete(w.failover, "auth")
	require.Empty(t, failed(t, w))
}

// TestPoisonedEpoch holds that an epoch is found out that one message to a Sentinel has
// set and at which none has voted yet, be it the Sentinels' own or that of the master's
// configuration.
func TestPoisonedEpoch(t *testing.T) {
	const last = "18446744073709551615"
	for title, epochs := range map[string][2]string{"own": {last, "0"}, "configuration": {"0", last}} {
		t.Run(title, func(t *testing.T) {
			i := answering(t, password)
			w := healthy(t, i)
			require.Empty(t, failed(t, w))
			hello := strings.Join([]string{"127.0.0.9", "26379", strings.Repeat("a", 40), epochs[0], lab.MasterName, i.Redis[0].IP, lab.RedisPort, epochs[1]}, ",")
			i.Tell(i.Sentinels[1], "PUBLISH", "__sentinel__:hello", hello)
			findings, err := w.cluster().Walk(t.Context(), name)
			require.NoError(t, err)
			at := slices.IndexFunc(findings, func(finding Finding) bool { return finding.Check == "quorum" })
			require.Equal(t, Failed, findings[at].Status)
			require.Contains(t, findings[at].Seen, "is at epoch "+last)
		})
	}
}

// TestRestrictedSentinels holds that Sentinels that take little from strangers are asked no
// more than that, by the tenant neither.
func TestRestrictedSentinels(t *testing.T) {
	i := answering(t, password, (*lab.Instance).Restrict)
	require.Empty(t, failed(t, healthy(t, i)))
	require.Equal(t, []string{"policies"}, helmTest(t, i))
}

// TestTenantUser holds that the tenant's own user is looked at on each Redis.
func TestTenantUser(t *testing.T) {
	i := answering(t, password)
	w := healthy(t, i)
	w.secret = map[string]string{"REDIS_USERNAME": "app", "REDIS_PASSWORD": userPassword}
	require.Equal(t, []string{"user"}, failed(t, w), "no Redis knows it")
	for _, p := range i.Redis {
		i.Do(p, "ACL", "SETUSER", "app", "on", ">"+userPassword, "~*", "+@all", "-@admin")
	}
	require.Empty(t, failed(t, w))
	i.Do(i.Redis[2], "ACL", "SETUSER", "app", "+config|get")
	require.Equal(t, []string{"user"}, failed(t, w))
}

// TestUsersOfOwnSecret holds that both users are looked at that Redis is started with, where
// there is no Secret of the chart's that names them.
func TestUsersOfOwnSecret(t *testing.T) {
	i := answering(t, password)
	w := healthy(t, i)
	w.secret = map[string]string{"tenant-password": userPassword, "read-only-password": readerPassword}
	w.failover["redis"].(map[string]any)["command"] = []any{
		"/bin/sh", "/redis-shutdown/start.sh", "redis-server", "--user", "app", "on", "#/redis-users/tenant-password", "~*", "+@all",
		"--user", "viewer", "on", "#/redis-users/read-only-password", "~*", "+@read",
	}
	require.Equal(t, []string{"user"}, failed(t, w), "no Redis knows them")
	setUser := func(rule ...any) {
		for _, p := range i.Redis {
			i.Do(p, append([]any{"ACL", "SETUSER"}, rule...)...)
		}
	}
	setUser("app", "on", ">"+userPassword, "~*", "+@all", "-@admin", "-acl", "+role")
	require.Equal(t, []string{"user"}, failed(t, w), "none knows the reader")
	setUser("viewer", "on", ">"+readerPassword, "~*", "+@read", "+ping")
	require.Empty(t, failed(t, w))
	reader := []string{"REDIS_USERNAME=app", "REDIS_PASSWORD=" + userPassword, "REDIS_READ_USERNAME=viewer", "REDIS_READ_PASSWORD=" + readerPassword}
	for _, rule := range []string{"+del", "+config|get"} {
		setUser("viewer", rule)
		require.Equal(t, []string{"user"}, failed(t, w), rule)
		require.Contains(t, helmTest(t, i, reader...), "user", rule)
		setUser("viewer", "-"+rule[1:])
	}
	require.NotContains(t, helmTest(t, i, reader...), "user")
	w.secret["REDIS_USERNAME"], w.secret["REDIS_PASSWORD"] = "app", "another-than-redis-has"
	require.Equal(t, []string{"user"}, failed(t, w), "the tenant's Secret is wrong")
}

// TestDocs holds that docs/golive.md lists the checks that there are, and their
// order.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/golive.md")
	require.NoError(t, err)
	var rows []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	var want []string
	for _, check := range Checks {
		tenant := ""
		if check.Tenant {
			tenant = "yes"
		}
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s | %s |", check.Name, check.Holds, check.Why, check.Fix, tenant))
	}
	require.Equal(t, want, rows)
}
