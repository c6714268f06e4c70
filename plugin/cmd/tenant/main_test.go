package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// result is what a run of the command leaves.
type result struct {
	code           int
	stdout, stderr string
}

func command(stdin string, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := run(args, strings.NewReader(stdin), &stdout, &stderr)
	return result{code: code, stdout: stdout.String(), stderr: stderr.String()}
}

const service = "# first\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  namespace: redis-system\nspec:\n  type: ClusterIP\n  a: 1\n  b: 2\n"

func TestDiff(t *testing.T) {
	got := command(service, "diff", "--tenant", "testdata/tenant.yaml")
	require.Equal(t, exitDiffers, got.code, got.stderr)
	annotation := regexp.MustCompile(`"tenant-post/.*"`)
	require.Equal(t, `--- rendered: Service redis-system/s (line 2)
+++ tenant's: Service redis-system/s (line 2)
@@ -2,6 +2,11 @@
 apiVersion: v1
 kind: Service
 metadata:
+  annotations:
+    tenant-redis.dev/rendered-by: PROVENANCE
+  labels:
+    team: a
+    tenant-redis.dev/tenant: team-a
   name: s
   namespace: redis-system
 spec:
`, annotation.ReplaceAllString(got.stdout, "PROVENANCE"))
}

func TestDiffOfWhatIsTheTenantsAlready(t *testing.T) {
	once := filepath.Join(t.TempDir(), "once.yaml")
	require.NoError(t, os.WriteFile(once, []byte(renderedService(t)), 0o600))
	require.Equal(t, result{}, command("", "diff", "--tenant", "testdata/tenant.yaml", once))
}

// renderedService is service as the tenant is to have it.
func renderedService(t *testing.T) string {
	t.Helper()
	got := command(service, "explain", "--tenant", "testdata/tenant.yaml", "--output=json")
	var changes []manifest.Change
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &changes))
	provenance := changes[len(changes)-1].New
	return strings.Replace(service, "  name: s\n",
		"  name: s\n  labels: {team: a, tenant-redis.dev/tenant: team-a}\n  annotations: {tenant-redis.dev/rendered-by: "+provenance+"}\n", 1)
}

// TestDiffHidesSecrets changes one of a Secret's values by a patch.
func TestDiffHidesSecrets(t *testing.T) {
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  old: hunter1\n  text: |\n    hunter2\n    # hunter3\n  other: hunter4\n"
	tenant := filepath.Join(t.TempDir(), "tenant.yaml")
	text, err := os.ReadFile("testdata/tenant.yaml")
	require.NoError(t, err)
	text = append(text, "  patches: [{target: {kind: Secret}, operations: [{op: replace, path: /stringData/old, value: hunter5}]}]\n"...)
	require.NoError(t, os.WriteFile(tenant, text, 0o600))
	for _, args := range [][]string{{"diff"}, {"explain"}, {"explain", "-o", "json"}} {
		got := command(secret, append(args, "--tenant", tenant)...)
		require.NotEmpty(t, got.stdout, got.stderr)
		require.NotContains(t, got.stdout+got.stderr, "hunter")
	}
	got := command(secret, "diff", "--tenant", tenant)
	require.Contains(t, got.stdout, "-  old: \"*** (before)\"\n+  old: \"*** (after)\"\n   text: \"***\"\n   other: \"***\"\n")
}

// TestDiffHidesASecretThatCannotBeEdited holds that what cannot be hidden in
// part is hidden as a whole.
func TestDiffHidesASecretThatCannotBeEdited(t *testing.T) {
	got := command("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nx: &x hunter1\ndata:\n  a: *x\n", "diff", "--tenant", "testdata/tenant.yaml")
	require.Equal(t, result{code: exitDiffers, stdout: "Secret s (line 1) changes, and is not shown because it may hold a Secret\n"}, got)
}

func TestExplain(t *testing.T) {
	got := command(service, "explain", "--tenant", "testdata/tenant.yaml")
	require.Zero(t, got.code, got.stderr)
	annotation := regexp.MustCompile(`"tenant-post/.*"`)
	require.Equal(t, `Service redis-system/s (line 2)
  .metadata.labels.team
      (none) -> a
      spec.labels.team, testdata/tenant.yaml:8
  .metadata.labels.tenant-redis.dev/tenant
      (none) -> team-a
      metadata.name, testdata/tenant.yaml:4
  .metadata.annotations.tenant-redis.dev/rendered-by
      (none) -> PROVENANCE
      provenance
`, annotation.ReplaceAllString(got.stdout, "PROVENANCE"))
}

func TestExplainAsJSON(t *testing.T) {
	got := command(service, "explain", "--tenant", "testdata/tenant.yaml", "-o", "json")
	require.Zero(t, got.code, got.stderr)
	var changes []map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &changes))
	require.Equal(t, map[string]any{
		"line": 2.0, "object": "Service redis-system/s", "path": ".metadata.labels.team",
		"new": "a", "rule": "spec.labels.team", "tenantLine": 8.0,
	}, changes[0])
	require.Equal(t, "[]\n", command("", "explain", "--tenant", "testdata/tenant.yaml", "-o", "json").stdout)
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no tenant file":    {[]string{"diff"}, `required flag(s) "tenant" not set`},
		"unknown command":   {[]string{"dif"}, `unknown command "dif" for "tenant"`},
		"unknown output":    {[]string{"explain", "--tenant", "testdata/tenant.yaml", "-o", "xml"}, `--output "xml": allowed are text and json`},
		"no such manifests": {[]string{"diff", "--tenant", "testdata/tenant.yaml", "none.yaml"}, "cannot read the manifests: open none.yaml"},
		"no cluster":        {[]string{"golive", "a", "--kubeconfig", "none.yaml"}, "cannot tell which cluster: stat none.yaml: no such file or directory; check --kubeconfig"},
		"golive as XML":     {[]string{"golive", "a", "-o", "xml"}, `--output "xml": allowed are text and json`},
		"broken manifests":  {[]string{"diff", "--tenant", "testdata/tenant.yaml"}, "manifests: line 1: x: is not a Kubernetes object"},
		"install of nobody": {[]string{"install", "a", "b"}, "--tenant FILE is missing"},
		"no tenants":        {[]string{"batch", "testdata/chart", "--tenants", "testdata/chart", "--output", "none"}, "testdata/chart has no folder with a tenant.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			got := command("kind: x\n", test.args...)
			require.Equal(t, exitError, got.code)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, test.want)
		})
	}
}

// TestGeneratedFiles holds that the schema and the documentation are those of
// the Go type; go generate ./plugin/... makes them.
func TestGeneratedFiles(t *testing.T) {
	for output, name := range map[string]string{"json": "tenant.schema.json", "markdown": "tenant-file.md"} {
		want, err := os.ReadFile("../../" + name)
		require.NoError(t, err)
		require.Equal(t, string(want), command("", "schema", "-o", output).stdout, "run go generate ./plugin/...")
	}
}

func TestCompletion(t *testing.T) {
	got := command("", "__complete", "ex")
	require.Contains(t, got.stdout, "explain\t")
}

func TestBatch(t *testing.T) {
	folder := t.TempDir()
	shared := filepath.Join(t.TempDir(), "values.yaml")
	require.NoError(t, os.WriteFile(shared, []byte("auth: {existingSecret: password}\n"), 0o600))
	got := command("", "batch", repository+"/charts/tenant-redis", "--tenants", repository+"/examples/tenants", "--values", shared, "--output", folder)
	require.Zero(t, got.code, got.stderr)
	name := filepath.Join(folder, "team-a.yaml")
	require.Contains(t, got.stdout, name+"\n")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Contains(t, string(text), "kind: RedisFailover")
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
}

// TestCheck breaks the rule that images have a tag other than latest; the chart
// of the product breaks none that denies.
func TestCheck(t *testing.T) {
	const pods = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      containers: [{name: a, image: 'redis:latest'}]\n"
	list := "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSuffix(pods, "\n"), "\n", "\n  ") + "\n"
	for _, stream := range []string{pods, list} {
		got := command(stream, "check", "--tenant", "testdata/tenant.yaml")
		require.Equal(t, exitDiffers, got.code, got.stderr)
		require.Contains(t, got.stdout, "deny image-tag: Deployment/redis-system/d")
	}
	require.Equal(t, result{}, command(service, "check", "--tenant", "testdata/tenant.yaml"))
}
