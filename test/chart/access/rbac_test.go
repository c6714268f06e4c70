package access

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// subjectsOfTenant are one of each kind.
const subjectsOfTenant = `[
	{"kind": "User", "name": "alice"},
	{"kind": "Group", "name": "team-a"},
	{"kind": "ServiceAccount", "name": "no", "namespace": "team-a"}
]`

// withPassword makes the chart ask for one; without a cluster it makes none.
var withPassword = render.Values{"auth.enabled": "true", "auth.existingSecret": `"mine"`}

// withSubjects returns what cache renders for its tenant's subjects.
func withSubjects(t *testing.T, more render.Values) map[string]render.Object {
	t.Helper()
	v := valuesOf("team-a", more)
	v["tenantSubjects"] = subjectsOfTenant
	return cache.Objects(t, v)
}

// rights returns what the tenant's subjects may do, by namespace.
func rights(t *testing.T, objects map[string]render.Object) map[string][]rbacv1.PolicyRule {
	t.Helper()
	granted := map[string][]rbacv1.PolicyRule{}
	for id, object := range objects {
		require.NotContains(t, object.GetKind(), "ClusterRole", "a tenant has rights in namespaces alone")
		if object.GetKind() != "RoleBinding" {
			continue
		}
		binding := render.Get[rbacv1.RoleBinding](t, objects, id)
		assert.Equal(t, []rbacv1.Subject{
			{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "alice"},
			{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: "team-a"},
			{Kind: rbacv1.ServiceAccountKind, Name: "no", Namespace: "team-a"},
		}, binding.Subjects, id)
		role := render.Get[rbacv1.Role](t, objects, strings.Replace(id, "RoleBinding", "Role", 1))
		assert.Equal(t, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name}, binding.RoleRef)
		granted[binding.Namespace] = role.Rules
	}
	return granted
}

// request is one of what a tenant may try.
type request struct {
	verb, resource, name string
}

// group returns the API group of a resource.
func (r request) group() string {
	switch r.resource {
	case "redisfailovers":
		return "databases.spotahome.com"
	case "roles", "rolebindings":
		return rbacv1.GroupName
	case "statefulsets", "deployments":
		return "apps"
	}
	return ""
}

func (r request) String() string {
	return strings.TrimSpace(r.verb + " " + r.resource + " " + r.name)
}

// allowed decides as the API server's authorizer does for a single request: no
// name stands for all objects.
func (r request) allowed(rules []rbacv1.PolicyRule) bool {
	asked := rbacv1.PolicyRule{Verbs: []string{r.verb}, APIGroups: []string{r.group()}, Resources: []string{r.resource}}
	if r.name != "" {
		asked.ResourceNames = []string{r.name}
	}
	allowed, _ := validation.Covers(rules, []rbacv1.PolicyRule{asked})
	return allowed
}

var (
	verbs     = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "escalate", "bind"}
	resources = []string{
		"configmaps", "secrets", "pods", "pods/portforward", "pods/exec", "pods/attach", "pods/log", "pods/ephemeralcontainers",
		"pods/proxy", "pods/eviction", "services", "services/proxy", "serviceaccounts/token", "statefulsets", "deployments",
		"redisfailovers", "roles", "rolebindings",
	}
	names = []string{
		"", "cache", "rfr-cache", "rfs-cache", "rfr-s-cache", "cache-scripts", "mine", "sessions", "rfr-cache-0", "rfr-cache-1", "rfr-cache-2",
		"rfr-cache-3", "rfr-cache-01", "rfr-sessions-0", "rfs-cache-5d8f-x",
	}
)

// TestRightsTable tries each verb on each resource and name in each namespace
// and holds what passes against the table of docs/access.md.
func TestRightsTable(t *testing.T) {
	granted := rights(t, withSubjects(t, withPassword))
	rows := []string{"| | in the release's namespace | in a namespace of the tenant | elsewhere |", "|---|---|---|---|"}
	tried := 0
	mark := map[bool]string{true: "yes", false: "–"}
	for _, resource := range resources {
		for _, verb := range verbs {
			for _, name := range names {
				r := request{verb, resource, name}
				here, there := r.allowed(granted[system]), r.allowed(granted["team-a"])
				tried++
				if here || there {
					rows = append(rows, "| `"+r.String()+"` | "+mark[here]+" | "+mark[there]+" | "+mark[r.allowed(granted["team-b"])]+" |")
				}
			}
		}
	}
	assert.Len(t, granted, 2)
	assertDocumented(t, "rights", rows)
	t.Logf("%d requests tried in each namespace", tried)
}

// TestPortForwardFollowsReplicas holds that no Pod is named that there is not,
// and none is left out.
func TestPortForwardFollowsReplicas(t *testing.T) {
	granted := rights(t, withSubjects(t, render.Values{"redis.replicas": "4"}))[system]
	assert.True(t, request{"create", "pods/portforward", "rfr-cache-3"}.allowed(granted))
	assert.True(t, request{"get", "pods", "rfr-cache-3"}.allowed(granted))
	assert.False(t, request{"create", "pods/portforward", "rfr-cache-4"}.allowed(granted))
}

func TestNoSecretWithoutPassword(t *testing.T) {
	for namespace, rules := range rights(t, withSubjects(t, nil)) {
		assert.False(t, request{"get", "secrets", "cache"}.allowed(rules), namespace)
		assert.True(t, request{"get", "configmaps", "cache"}.allowed(rules), namespace)
	}
}

func TestNobodyHasRightsByDefault(t *testing.T) {
	for id := range cache.Objects(t, valuesOf("team-a", nil)) {
		assert.NotContains(t, id, "Role")
	}
}

// TestSubjectsAreChecked holds that each is refused by its key, be it by the
// schema or by the chart's own rules.
func TestSubjectsAreChecked(t *testing.T) {
	for subject, reason := range map[string]string{
		`{"kind": "ServiceAccount", "name": "ci"}`:                     "namespace",
		`{"kind": "User", "name": "alice", "namespace": "team-a"}`:     "namespace",
		`{"kind": "Role", "name": "admin"}`:                            "kind",
		`{"kind": "User", "name": ""}`:                                 "name",
		`{"kind": "User", "name": "alice", "apiGroup": "example.com"}`: "apiGroup",
	} {
		_, err := cache.Template(t, valuesOf("team-a", render.Values{"tenantSubjects": "[" + subject + "]"}))
		require.Error(t, err, subject)
		assert.Regexp(t, `tenantSubjects(/0|\[0\]).*`+reason, err.Error(), subject)
	}
}

// TestRightsAreSeenToGrow is the control of TestRightsTable: what a rule without
// its names would grant does not pass unseen.
func TestRightsAreSeenToGrow(t *testing.T) {
	for i, rule := range rights(t, withSubjects(t, withPassword))[system] {
		require.NotEmpty(t, rule.ResourceNames, i)
		rule.ResourceNames = nil
		assert.True(t, request{rule.Verbs[0], rule.Resources[0], "rfr-cache"}.allowed([]rbacv1.PolicyRule{rule}), i)
		assert.True(t, request{rule.Verbs[0], rule.Resources[0], ""}.allowed([]rbacv1.PolicyRule{rule}), i)
	}
}
