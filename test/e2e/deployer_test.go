//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// bindings give the Roles of examples/deployer to a user of the test's own.
const bindings = `
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: tenant-redis-deployer, namespace: redis-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: tenant-redis-deployer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: e2e-deployer}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: tenant-redis-deployer, namespace: e2e-deployed}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: tenant-redis-deployer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: e2e-deployer}]
`

// TestDeployer installs, upgrades, tests and removes an instance, and gives it another
// password, as one who has rights in two namespaces alone, and holds that what a running instance would not
// survive is refused.
func TestDeployer(t *testing.T) {
	release := framework.Release{Name: "e2e-deployed", Values: map[string]string{
		"proxy.enabled": "true", "tenantSubjects": `[{"kind": "User", "name": "e2e-developer"}]`,
	}}
	release.Prepare = func() { becomeDeployer(t, release.Name) }
	i := framework.Install(t, release)
	i.AwaitServing(t)
	before := passwordOf(t, i)
	i.Upgrade(t, framework.Path("charts/tenant-redis"), release)
	require.Equal(t, before, passwordOf(t, i))
	i.Helm(t, "test", i.Name)

	for value, says := range map[string]struct{ json, says string }{
		"name":         {`"e2e-renamed"`, `name: "e2e-renamed" would delete the instance "e2e-deployed" of this release`},
		"auth.enabled": {"false", "auth.enabled: false, but this instance runs with a password"},
	} {
		changed := release
		changed.Values = map[string]string{value: says.json}
		require.ErrorContains(t, i.TryUpgrade(t, framework.Path("charts/tenant-redis"), changed), says.says)
	}
	i.AwaitServing(t)
	rotate(t, i)
	require.NotEqual(t, before, passwordOf(t, i))
}

// becomeDeployer has Helm act as a user to whom the Roles of examples/deployer are
// given, in the release's namespace and the tenant's.
func becomeDeployer(t *testing.T, tenant string) {
	t.Helper()
	var manifests []string
	for _, name := range []string{"release-namespace", "tenant-namespace"} {
		text, err := os.ReadFile(framework.Path("examples/deployer/" + name + ".yaml"))
		require.NoError(t, err)
		manifests = append(manifests, strings.ReplaceAll(string(text), "namespace: team-a", "namespace: "+tenant))
	}
	file := filepath.Join(t.TempDir(), "roles.yaml")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(manifests, "---\n")+bindings), 0o600))
	t.Cleanup(func() { framework.Delete(t, file) })
	framework.Apply(t, file)

	t.Setenv("HELM_KUBEASUSER", "e2e-deployer")
}
