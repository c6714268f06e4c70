package batch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const chartFolder = "../cmd/tenant/testdata/chart"

// folders makes a folder of tenants of their tenant files by folder name.
func folders(t *testing.T, tenants map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range tenants {
		require.NoError(t, os.Mkdir(filepath.Join(root, name), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, name, "tenant.yaml"), []byte(text), 0o600))
	}
	return root
}

func tenantFile(name, namespace, more string) string {
	return "apiVersion: tenant-redis.dev/v1alpha1\nkind: Tenant\nmetadata: {name: " + name + "}\nspec:\n  namespace: " + namespace + "\n" + more
}

func TestRenderIsWhatHelmRenders(t *testing.T) {
	all, err := Render(chartFolder, folders(t, map[string]string{"a": tenantFile("team-a", "space-a", ""), "b": tenantFile("team-b", "space-b", "")}), Options{KubeVersion: "1.37"})
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "team-b", all[1].Name())
	var before strings.Builder
	for _, doc := range all[0].Result.Documents {
		before.Write(doc.Before.Lead)
		before.Write(doc.Before.Text)
	}
	template := exec.CommandContext(t.Context(), "../../bin/helm", "template", "team-a", chartFolder, "--namespace", "space-a", "--kube-version", "1.37", "--skip-tests")
	want, err := template.Output()
	require.NoError(t, err, "run make tools")
	require.Equal(t, string(want), before.String())
}

func TestRenderRefusesCollisions(t *testing.T) {
	for name, test := range map[string]struct{ a, b, want string }{
		"the same objects": {
			tenantFile("team-a", "shared", ""), tenantFile("team-b", "shared", ""),
			"team-b: /ConfigMap shared/windows is there already, of the tenant team-a; each thing has one tenant",
		},
		"overlapping access": {
			tenantFile("team-a", "space-a", "  namespaces: [x, y]\n"), tenantFile("team-b", "space-b", "  namespaces: [y]\n"),
			"team-b: the namespace y, whose Pods would get in to both, is there already, of the tenant team-a; each thing has one tenant",
		},
		"the same name": {
			tenantFile("team-a", "space-a", ""), tenantFile("team-a", "space-b", ""),
			"team-a: the tenant name team-a is there already, of the tenant team-a; each thing has one tenant",
		},
		"the same release": {
			tenantFile("team-a", "shared", "  release: cache\n"), tenantFile("team-b", "shared", "  release: cache\n"),
			"team-b: the release cache in shared is there already, of the tenant team-a; each thing has one tenant",
		},
		"a broken file": {
			tenantFile("team-a", "space-a", ""), tenantFile("team-b", "Space", ""), `spec.namespace: "Space" is not a DNS label`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Render(chartFolder, folders(t, map[string]string{"a": test.a, "b": test.b}), Options{KubeVersion: "1.37"})
			require.ErrorContains(t, err, test.want)
			require.Nil(t, got)
		})
	}
}

// TestRenderRefusesWhatFilesClaimBeforeItRenders holds that a collision of tenant files is
// found without rendering a thousand charts: these could not be rendered.
func TestRenderRefusesWhatFilesClaimBeforeItRenders(t *testing.T) {
	root := folders(t, map[string]string{"a": tenantFile("team-a", "space-a", "  namespaces: [x]\n"), "b": tenantFile("team-b", "space-b", "  namespaces: [x]\n"), "c": "no tenant"})
	require.NoError(t, os.WriteFile(filepath.Join(root, "a", "values.yaml"), []byte("no values"), 0o600))
	_, err := Render(chartFolder, root, Options{KubeVersion: "1.37"})
	require.ErrorContains(t, err, "team-b: the namespace x,")
	require.ErrorContains(t, err, filepath.Join(root, "c")+": ")
	require.NotContains(t, err.Error(), "values.yaml")
}

// TestRenderLeavesNoTenantOut holds that a folder whose file has another name is none
// that is passed over: what is there of its tenant would look like nobody's.
func TestRenderLeavesNoTenantOut(t *testing.T) {
	root := folders(t, map[string]string{"a": tenantFile("team-a", "space-a", ""), ".git": "no tenant"})
	require.NoError(t, os.Remove(filepath.Join(root, ".git", "tenant.yaml")))
	require.NoError(t, os.WriteFile(filepath.Join(root, "README.md"), nil, 0o600))
	_, err := Render(chartFolder, root, Options{KubeVersion: "1.37"})
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(root, "b"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "b", "tenant.yml"), []byte(tenantFile("team-b", "space-b", "")), 0o600))
	_, err = Render(chartFolder, root, Options{KubeVersion: "1.37"})
	require.EqualError(t, err, filepath.Join(root, "b")+" has no tenant.yaml; each tenant has one; move what is no tenant elsewhere")
}

// TestRenderRefusesASharedPassword holds that each tenant has a password of its own: who
// knows that of another gets in wherever the label is set. In another namespace the same
// name is another Secret.
func TestRenderRefusesASharedPassword(t *testing.T) {
	const redis = "../../charts/tenant-redis"
	tenants := func(namespace, secret string) string {
		root := folders(t, map[string]string{"a": tenantFile("team-a", "shared", ""), "b": tenantFile("team-b", namespace, "")})
		for folder, name := range map[string]string{"a": "mine", "b": secret} {
			require.NoError(t, os.WriteFile(filepath.Join(root, folder, "values.yaml"), []byte("size: small\nauth: {existingSecret: of-values}\n"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(root, folder, "batch.yaml"), []byte("auth: {existingSecret: "+name+"}\n"), 0o600))
		}
		return root
	}
	_, err := Render(redis, tenants("shared", "mine"), Options{KubeVersion: "1.37"})
	require.EqualError(t, err, "team-b: the password in the Secret shared/mine is there already, of the tenant team-a; each thing has one tenant")
	for namespace, secret := range map[string]string{"other": "mine", "shared": "other"} {
		_, err := Render(redis, tenants(namespace, secret), Options{KubeVersion: "1.37"})
		require.NoError(t, err)
	}
}

func TestRenderRefusesAKubernetesThatTheChartDoesNot(t *testing.T) {
	_, err := Render("../../charts/tenant-redis", folders(t, map[string]string{"a": tenantFile("team-a", "space-a", "")}), Options{KubeVersion: "1.20"})
	require.ErrorContains(t, err, "the chart wants Kubernetes")
}

// TestRenderRefusesValuesInTheChartsWords holds that a wrong value is answered as Helm alone
// answers it.
func TestRenderRefusesValuesInTheChartsWords(t *testing.T) {
	const redis = "../../charts/tenant-redis"
	root := folders(t, map[string]string{"a": tenantFile("team-a", "space-a", "")})
	values := filepath.Join(root, "a", "values.yaml")
	require.NoError(t, os.WriteFile(values, []byte("size: huge\nauth: {existingSecret: mine}\n"), 0o600))
	_, err := Render(redis, root, Options{KubeVersion: "1.37"})
	out, _ := exec.CommandContext(t.Context(), "../../bin/helm", "template", "team-a", redis, "--values", values).CombinedOutput()
	want, _, _ := strings.Cut(strings.TrimPrefix(string(out), "Error: "), "\n\nUse --debug")
	require.Contains(t, want, `size: "huge" must be small, medium, large or own`)
	require.ErrorContains(t, err, want)
}
