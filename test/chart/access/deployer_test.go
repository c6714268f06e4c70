package access

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// deployer returns the rights of the example's Roles, by namespace.
func deployer(t *testing.T) map[string][]rbacv1.PolicyRule {
	t.Helper()
	granted := map[string][]rbacv1.PolicyRule{}
	for _, file := range []string{"release-namespace", "tenant-namespace"} {
		text, err := os.ReadFile(render.Repository + "/examples/deployer/" + file + ".yaml")
		require.NoError(t, err)
		var role rbacv1.Role
		require.NoError(t, yaml.UnmarshalStrict(text, &role))
		require.Equal(t, "Role", role.Kind)
		granted[role.Namespace] = role.Rules
	}
	return granted
}

// everything is all that the chart can make.
func everything(t *testing.T) map[string]render.Object {
	t.Helper()
	chart := cache
	chart.Tests = true
	return chart.Objects(t, valuesOf("team-a", render.Values{
		"auth.enabled": "true", "auth.existingSecret": `"mine"`, "tenantSubjects": subjectsOfTenant,
		"proxy.sidecar": "true", "monitoring.enabled": "true", "monitoring.probe.prober": `"a:1"`,
	}))
}

// TestDeployerMayDeploy holds that the example's Roles suffice for Helm to make,
// change and remove all that the chart renders, and what it makes without us
// seeing it, the Secrets.
func TestDeployerMayDeploy(t *testing.T) {
	granted := deployer(t)
	asked := func(group, resource string, verbs ...string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs}}
	}
	may := func(namespace string, rules []rbacv1.PolicyRule) {
		allowed, missing := validation.Covers(granted[namespace], rules)
		require.True(t, allowed, "%s: %v", namespace, missing)
	}
	for id, object := range everything(t) {
		kind := object.GroupVersionKind()
		resource := strings.ToLower(kind.Kind) + "s"
		if kind.Kind == "NetworkPolicy" {
			resource = "networkpolicies"
		}
		may(object.GetNamespace(), asked(kind.Group, resource, "get", "create", "patch", "update", "delete"))
		// Kubernetes lets nobody grant more than he has.
		if kind.Kind == "Role" {
			may(object.GetNamespace(), render.Get[rbacv1.Role](t, everything(t), id).Rules)
		}
	}
	for _, namespace := range []string{system, "team-a"} {
		may(namespace, asked("", "secrets", "get", "list", "create", "patch", "update", "delete"))
	}
	// What the chart looks up, and what helm --wait and helm test --logs read.
	may(system, asked("", "serviceaccounts", "list"))
	may(system, asked("apps", "statefulsets", "get"))
	may(system, asked("databases.spotahome.com", "redisfailovers", "get"))
	may(system, asked("apps", "deployments", "list", "watch"))
	may(system, asked("", "pods", "list", "watch"))
	may(system, asked("", "pods/log", "get"))
	// helm tenant golive and rotate; Secrets are above.
	may(system, asked("", "pods/portforward", "create"))
	may(system, asked("", "pods/eviction", "create"))
	may(system, asked("apps", "deployments", "get", "patch"))
	may(system, asked("", "configmaps", "get", "list", "update"))
	may(system, asked("policy", "poddisruptionbudgets", "list"))
	may(system, asked("networking.k8s.io", "networkpolicies", "list"))
}
