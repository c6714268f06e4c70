//go:build scale

package scale

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// audit has the API server note who asks for what.
const audit = `{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}`

// TestShards holds that two releases of the operator never ask for anything in each
// other's namespaces, not even while one of them has lost its leader, that each elects
// a leader of its own, and that an operator whose namespaces overlap is seen.
func TestShards(t *testing.T) {
	folder := t.TempDir()
	policy, log := filepath.Join(folder, "policy.json"), filepath.Join(folder, "audit.log")
	require.NoError(t, os.WriteFile(policy, []byte(audit), 0o600))
	p := newPlane(t, "--audit-policy-file", policy, "--audit-log-path", log)
	p.namespace(t, "tenant-0")
	p.namespace(t, "tenant-1")
	p.install(t, "redis-system-a", "--set", "watchedNamespaces={tenant-0}")
	p.install(t, "redis-system-b", "--set", "watchedNamespaces={tenant-1},crds.create=false")
	pods := runPods(t, p.typed)
	create(t, p, 0, 2*perNamespace)
	a, b := p.replicas(t, "redis-system-a"), p.replicas(t, "redis-system-b")
	serve := func(why string) {
		require.Eventually(t, func() bool { return served(pods) == 2*perNamespace }, 5*time.Minute, 200*time.Millisecond, why)
	}
	serve("all instances have one master that all follow")
	leaseA, leaseB := p.lease(t, "redis-system-a"), p.lease(t, "redis-system-b")

	leader := leaderOf(a)
	require.NotNil(t, leader, "one of two leads")
	require.NotNil(t, leaderOf(b), "one of two leads")
	leader.stop()
	for n, i := range pods.all() {
		i.harm(n%2 == 0)
	}
	serve("both repair theirs, the first after its second Pod has taken the lead")
	assert.Equal(t, *leaseA.LeaseTransitions+1, *p.lease(t, "redis-system-a").LeaseTransitions)
	assert.Equal(t, leaseB.HolderIdentity, p.lease(t, "redis-system-b").HolderIdentity)
	assert.Equal(t, map[string][]string{"tenant-0": {"redis-system-a"}, "tenant-1": {"redis-system-b"}}, asked(t, log))

	p.install(t, "redis-system", "--set", "watchedNamespaces={tenant-0,tenant-1},crds.create=false")
	p.replicas(t, "redis-system")
	require.Eventually(t, func() bool { return len(asked(t, log)["tenant-1"]) == 2 }, time.Minute, time.Second, "one that overlaps is seen")
	assert.Equal(t, []string{"redis-system", "redis-system-a"}, asked(t, log)["tenant-0"])
}

// replicas starts the operators of a release with the arguments that it gives them.
func (p *plane) replicas(t *testing.T, system string) []*operator {
	t.Helper()
	deployment, err := p.typed.AppsV1().Deployments(system).Get(t.Context(), "redis-operator", metav1.GetOptions{})
	require.NoError(t, err)
	var all []*operator
	for range *deployment.Spec.Replicas {
		all = append(all, startOperator(t, p, settings{system: system, version: "1.3", arguments: deployment.Spec.Template.Spec.Containers[0].Args}))
	}
	require.Len(t, all, 2)
	return all
}

func (p *plane) lease(t *testing.T, system string) coordinationv1.LeaseSpec {
	t.Helper()
	lease, err := p.typed.CoordinationV1().Leases(system).Get(t.Context(), "redis-failover-lease", metav1.GetOptions{})
	require.NoError(t, err)
	return lease.Spec
}

// leaderOf returns the operator that leads, if it is only one.
func leaderOf(all []*operator) *operator {
	var leader *operator
	for _, o := range all {
		if o.leads() {
			if leader != nil {
				return nil
			}
			leader = o
		}
	}
	return leader
}

// asked returns which operators have asked the API server for something in the
// namespace of each tenant, allowed or not, by their own namespace.
func asked(t *testing.T, log string) map[string][]string {
	t.Helper()
	file, err := os.Open(log)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	seen := map[string]map[string]bool{}
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var event struct {
			User      struct{ Username string }
			ObjectRef struct{ Namespace string }
		}
		if json.Unmarshal(scanner.Bytes(), &event) != nil {
			continue // Its last line may be half written.
		}
		for _, system := range systems {
			if namespace := event.ObjectRef.Namespace; event.User.Username == account(system) && strings.HasPrefix(namespace, "tenant-") {
				if seen[namespace] == nil {
					seen[namespace] = map[string]bool{}
				}
				seen[namespace][system] = true
			}
		}
	}
	require.NoError(t, scanner.Err())
	found := map[string][]string{}
	for namespace, by := range seen {
		found[namespace] = slices.Sorted(maps.Keys(by))
	}
	return found
}
