package redisoperator

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// grants returns what the operator's ServiceAccount may do, as "resource verb",
// by namespace; the empty namespace is the whole cluster.
func grants(t *testing.T, objects map[string]render.Object) map[string][]string {
	t.Helper()
	account := render.Get[corev1.ServiceAccount](t, objects, chart.ID("ServiceAccount"))
	granted := map[string][]string{}
	for id, o := range objects {
		if !strings.HasSuffix(o.GetKind(), "RoleBinding") {
			continue
		}
		// A ClusterRoleBinding decodes into a RoleBinding without a namespace.
		binding := render.Get[rbacv1.RoleBinding](t, objects, id)
		require.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: account.Name, Namespace: account.Namespace}}, binding.Subjects, id)

		role := render.Get[rbacv1.Role](t, objects, strings.Replace(id, "Binding", "", 1))
		require.Equal(t, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: role.Kind, Name: role.Name}, binding.RoleRef)
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				if len(rule.ResourceNames) > 0 {
					resource += ":" + strings.Join(rule.ResourceNames, ",")
				}
				for _, verb := range rule.Verbs {
					granted[binding.Namespace] = append(granted[binding.Namespace], resource+" "+verb)
				}
			}
		}
	}
	return granted
}

// workload is every call that the operator makes in a tenant's namespace.
var workload = []string{
	"secrets get",
	"configmaps get", "configmaps create", "configmaps update",
	"services get", "services create", "services update", "services delete",
	"pods get", "pods list", "pods patch", "pods delete",
	"persistentvolumeclaims list", "persistentvolumeclaims update",
	"deployments get", "deployments create", "deployments update",
	"statefulsets get", "statefulsets create", "statefulsets update",
	"poddisruptionbudgets get", "poddisruptionbudgets create", "poddisruptionbudgets update",
	"redisfailovers/finalizers update",
}

var (
	discovery = []string{"redisfailovers list", "redisfailovers watch"}
	election  = []string{
		"configmaps create", "configmaps:redis-failover-lease get", "configmaps:redis-failover-lease update",
		"leases create", "leases:redis-failover-lease get", "leases:redis-failover-lease update",
	}
)

func TestRightsInAllNamespaces(t *testing.T) {
	for flavour := range flavours {
		t.Run(flavour, func(t *testing.T) {
			granted := grants(t, chart.Objects(t, values{"flavour": `"` + flavour + `"`}))
			assert.Len(t, granted, 2)
			assert.ElementsMatch(t, slices.Concat(discovery, workload), granted[""])
			assert.ElementsMatch(t, election, granted[namespace])
		})
	}
}

func TestRightsInWatchedNamespaces(t *testing.T) {
	objects := chart.Objects(t, values{"watchedNamespaces": `["tenant-a", "` + namespace + `", "123"]`})
	granted := grants(t, objects)
	assert.Len(t, granted, 4)
	assert.ElementsMatch(t, discovery, granted[""], "nothing but finding RedisFailovers is cluster-wide")
	assert.ElementsMatch(t, workload, granted["tenant-a"])
	assert.ElementsMatch(t, workload, granted["123"])
	assert.ElementsMatch(t, slices.Concat(workload, election), granted[namespace])

	// No role that nothing binds may lie around either.
	role := render.Get[rbacv1.ClusterRole](t, objects, "ClusterRole/"+release+"-"+namespace)
	assert.Len(t, role.Rules, 1)
}

func TestWatchedNamespacesAreAnchored(t *testing.T) {
	args := deployment(t, values{"watchedNamespaces": `["tenant-a", "tenant-b"]`}).Spec.Template.Spec.Containers[0].Args
	expression, found := strings.CutPrefix(args[len(args)-1], "--supported-namespaces-regex=")
	require.True(t, found)

	served := regexp.MustCompile(expression)
	for _, name := range []string{"tenant-a", "tenant-b"} {
		assert.True(t, served.MatchString(name), name)
	}
	for _, name := range []string{"tenant-a2", "my-tenant-b", "tenant"} {
		assert.False(t, served.MatchString(name), name)
	}
}

// TestOperatorsBesideEachOther holds that a second release, which serves namespaces of
// its own, has nothing in common with the first: Helm would refuse to install it.
func TestOperatorsBesideEachOther(t *testing.T) {
	first, second := chart, chart
	first.Kubernetes, second.Kubernetes = "1.30.0", "1.30.0"
	second.Namespace = "other"
	there := first.Objects(t, values{"admission.requireProvenance": "true"})
	require.Contains(t, there, "CustomResourceDefinition/redisfailovers.databases.spotahome.com")
	cluster := 0
	for id, o := range second.Objects(t, values{"admission.requireProvenance": "true", "watchedNamespaces": `["other"]`, "crds.create": "false"}) {
		if o.GetNamespace() == "" {
			cluster++
			assert.NotContains(t, there, id)
		}
	}
	assert.Equal(t, 4, cluster, "the role, the policy and what binds them have no namespace")
}
