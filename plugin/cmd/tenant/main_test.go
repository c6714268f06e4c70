package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/input"
	"github.com/tenant-redis/tenant-redis/plugin/internal/secrettest"
	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
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
	require.Contains(t, got.stdout, "-  old: \"*** (before)\"\n+  old: \"*** (after)\"\n   other: \"***\"\n   text: \"***\"\n")
}

// TestNoSecretInAnyOutput runs every command that reads manifests on Secrets whose
// values can be told, and looks for them in all that it says.
func TestNoSecretInAnyOutput(t *testing.T) {
	for name, stream := range secrettest.Streams() {
		for _, args := range [][]string{{"diff"}, {"explain"}, {"explain", "-o", "json"}, {"check"}, {"check", "--require-provenance"}, {"init"}} {
			if args[0] != "init" {
				args = append(args, "--tenant", "testdata/tenant.yaml")
			}
			got := command(stream, args...)
			secrettest.NotIn(t, got.stdout+got.stderr, name)
		}
	}
}

// TestNoSecretOfBatch has the values of a tenant, and what a chart makes of them, be
// what cannot be rendered.
func TestNoSecretOfBatch(t *testing.T) {
	for name, values := range map[string]string{
		"an anchor":           "password: *hunter\n",
		"no YAML":             "password: hunter: hunter\n",
		"twice":               "password: hunter\npassword: hunter\n",
		"a wrong type":        "size: 1\nauth: {password: hunter}\n",
		"a pattern":           "size: a\nauth: {password: hunter}\n",
		"what it fails with":  "size: a\nauth: {password: 'fail-hunter'}\n",
		"a token that it has": "size: a\nauth: {password: 'fail', apiToken: hunter}\n",
	} {
		got := batchOf(t, values, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n{{ if hasPrefix \"fail\" .Values.auth.password }}{{ fail (print .Values.auth) }}{{ end }}",
			`{"properties": {"size": {"type": "string"}, "auth": {"properties": {"password": {"type": "string", "pattern": "^fail"}}}}}`)
		require.NotZero(t, got.code, name)
		require.NotEmpty(t, got.stderr, name)
		secrettest.NotIn(t, got.stdout+got.stderr, name)
	}
	const keys = "apiKey: hunterA\ntls: {key: hunterB}\nauth: {value: hunterC}\n"
	for name, test := range map[string]struct{ template, schema, want string }{
		"patterns": {"", `{"properties": {"apiKey": {"pattern": "^a"}, "tls": {"properties": {"key": {"pattern": "^a"}}}, "auth": {"properties": {"value": {"pattern": "^a"}}}}}`, "apiKey"},
		"required": {`{{ required (printf "no %q for apiKey" .Values.apiKey) .Values.none }}`, "", `no "***" for apiKey`},
	} {
		got := batchOf(t, keys, test.template, test.schema)
		require.NotZero(t, got.code, name)
		require.Contains(t, got.stderr, test.want, name)
		secrettest.NotIn(t, got.stdout+got.stderr, name)
	}
	for name, stream := range secrettest.Streams() {
		got := batchOf(t, "", strings.ReplaceAll(stream, "{{", "{ {"), "")
		secrettest.NotIn(t, got.stdout+got.stderr, name)
	}
}

// batchOf renders a chart of one template for a tenant with some values.
func batchOf(t *testing.T, values, template, schema string) result {
	t.Helper()
	return batchIn(tenantWithChart(t, values, template, schema))
}

// tenantWithChart returns a folder with a chart and a folder of tenants.
func tenantWithChart(t *testing.T, values, template, schema string) string {
	t.Helper()
	folder := t.TempDir()
	tenant, err := os.ReadFile("testdata/tenant.yaml")
	require.NoError(t, err)
	for name, text := range map[string]string{
		"chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "chart/values.schema.json": schema, "chart/templates/a.yaml": template,
		"tenants/a/tenant.yaml": string(tenant), "tenants/a/values.yaml": values,
	} {
		if text == "" {
			continue
		}
		file := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return folder
}

func batchIn(folder string) result {
	return command("", "batch", filepath.Join(folder, "chart"), "--tenants", filepath.Join(folder, "tenants"), "--output", filepath.Join(folder, "out"))
}

// TestNoEscapesInAnyOutput holds that no name reaches a terminal as more than text.
func TestNoEscapesInAnyOutput(t *testing.T) {
	for _, stream := range []string{
		"apiVersion: v1\nkind: Service\nmetadata: {name: \"a\\e[31m\\nb\\u202e\"}\n",
		"apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: \"b\\e[31m\\nb\"}\n",
		"apiVersion: v1\nkind: \"\\e[31m\"\nmetadata: {name: a}\n",
		"apiVersion: v1\nkind: Service\nmetadata: {name: a}\n\"\\e\": {a: 1, a: 2}\n",
		"apiVersion: v1\nkind: Service\nmetadata: {name: \"\\e\"}\nspec: {type: LoadBalancer}\n",
	} {
		for _, args := range [][]string{{"diff"}, {"explain"}, {"check"}} {
			got := command(stream, append(args, "--tenant", "testdata/tenant.yaml")...)
			require.NotContains(t, got.stdout+got.stderr, "\x1b")
			require.NotContains(t, got.stdout+got.stderr, "\u202e")
		}
	}
}

// TestNoEscapesOfArguments holds that no name of a file or a flag does, either.
func TestNoEscapesOfArguments(t *testing.T) {
	tenant, err := os.ReadFile("testdata/tenant.yaml")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "\x1b[31m.yaml")
	require.NoError(t, os.WriteFile(file, tenant, 0o600))
	for _, args := range [][]string{
		{"explain", "--tenant", file},
		{"explain", "--tenant", "\x1b[31m.yaml"},
		{"diff", "--tenant", "testdata/tenant.yaml", "\x1b[31m.yaml"},
		{"\x1b[31m"},
		{"diff", "--\x1b[31m"},
		{"batch", "\x1b[31m", "--tenants", ".", "--output", "."},
	} {
		got := command(service, args...)
		require.Contains(t, got.stdout+got.stderr, `\x1b[31m`, args)
		require.NotContains(t, got.stdout+got.stderr, "\x1b", args)
	}
}

// TestNothingIsNoSuccess holds that a pipe whose first command failed is an error.
func TestNothingIsNoSuccess(t *testing.T) {
	for _, name := range []string{"diff", "explain", "check"} {
		for _, stream := range []string{"", "# a\n---\n"} {
			got := command(stream, name, "--tenant", "testdata/tenant.yaml")
			require.Equal(t, result{code: exitError, stderr: "there is no Kubernetes object in the manifests; " +
				"look at the command that should write them, or say --allow-empty\n"}, got)
			require.Equal(t, result{}, command(stream, name, "--allow-empty", "--tenant", "testdata/tenant.yaml"))
		}
	}
}

// unlabelling is a patch that a second run would carry out again: it takes away what a
// rule gives.
const unlabelling = "  patches: [{target: {kind: Service}, operations: [{op: remove, path: /metadata/labels}]}]\n"

// TestTwice holds that what a second run would change is refused in the first.
func TestTwice(t *testing.T) {
	const labelled = "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  labels:\n    a: b\n"
	for _, name := range []string{"diff", "explain", "check"} {
		got := command(labelled, name, "--tenant", extended(t, unlabelling))
		require.Equal(t, exitError, got.code)
		require.Contains(t, got.stderr, "Service redis-system/s: .metadata.labels: cannot be patched by spec.patches[0].operations[0]: a second run would change it again")
	}
	folder := tenantWithChart(t, "", labelled, "")
	require.NoError(t, os.Rename(extended(t, unlabelling), filepath.Join(folder, "tenants/a/tenant.yaml")))
	got := batchIn(folder)
	require.Equal(t, exitError, got.code)
	require.Contains(t, got.stderr, "a second run would change it again")
}

// TestCheckOfProvenance holds that what was not rendered is denied, and what was
// with another digest of the tenant file is not.
func TestCheckOfProvenance(t *testing.T) {
	args := []string{"check", "--require-provenance", "--tenant", "testdata/tenant.yaml"}
	got := command(service, args...)
	require.Equal(t, exitDiffers, got.code)
	require.Contains(t, got.stdout, "deny provenance: Service redis-system/s: metadata.labels.team: tenant-post has not rendered it with this tenant file")
	require.Equal(t, result{}, command(renderedService(t), args...))
	other := regexp.MustCompile("sha256:[0-9a-f]{64}").ReplaceAllString(renderedService(t), "sha256:0")
	require.Equal(t, result{}, command(other, args...))
	require.Equal(t, exitDiffers, command(strings.Replace(renderedService(t), "team: a", "team: b", 1), args...).code)
}

// TestCheckOfProvenanceAfterAPatch holds that what was rendered is not denied because a
// patch asks for an image that is mapped after it, each time.
func TestCheckOfProvenanceAfterAPatch(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: redis:6}]}\n"
	file := extended(t, "  patches: [{target: {kind: Pod}, operations: [{op: replace, path: /spec/containers/0/image, value: 'redis:7'}]}]\n")
	team, err := input.Tenant(file)
	require.NoError(t, err)
	rendered, err := rules.Render(team, []byte(pod))
	require.NoError(t, err)
	once := string(rendered.Bytes())
	require.Contains(t, once, "registry.example/library/redis:7")
	args := []string{"check", "--require-provenance", "--tenant", file}
	other := regexp.MustCompile("sha256:[0-9a-f]{64}").ReplaceAllString(once, "sha256:0")
	for _, stream := range []string{once, other} {
		got := command(stream, args...)
		require.Empty(t, got.stderr)
		require.NotContains(t, got.stdout, "provenance")
	}
	for _, stream := range []string{pod, strings.Replace(once, "redis:7", "redis:6", 1), strings.Replace(once, "rendered-by", "by", 1)} {
		require.Contains(t, command(stream, args...).stdout, "deny provenance: Pod ", stream)
	}
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
	require.Equal(t, "[]\n", command("", "explain", "--allow-empty", "--tenant", "testdata/tenant.yaml", "-o", "json").stdout)
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no tenant file":    {[]string{"diff"}, "not given, but required: --tenant"},
		"no folders":        {[]string{"batch", "chart"}, "not given, but required: --output, --tenants"},
		"neither of two":    {[]string{"check"}, "not given, but one of these is required: --tenant, --operator"},
		"both of two":       {[]string{"check", "--tenant", "a", "--operator", "b"}, "given together, but only one of these is allowed: --operator, --tenant"},
		"one dash":          {[]string{"diff", "-tenant", "a"}, "long flags begin with two dashes: --tenant"},
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

// TestInit makes a tenant file of manifests, and renders them with it.
func TestInit(t *testing.T) {
	got := command(service, "init", "--name", "team-b")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "kind: Tenant\nmetadata:\n  name: team-b\nspec:\n  namespace: redis-system\n")
	require.Contains(t, got.stdout, "# "+version.Page("plugin/tenant-file.md")+" has all keys:\n")
	file := filepath.Join(t.TempDir(), "tenant.yaml")
	require.NoError(t, os.WriteFile(file, []byte(got.stdout), 0o600))
	got = command(service, "explain", "--tenant", file)
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "team-b")
}

func TestCompletion(t *testing.T) {
	got := command("", "__complete", "ex")
	require.Contains(t, got.stdout, "explain\t")
}

// TestBatch runs the command that its help shows.
func TestBatch(t *testing.T) {
	folder, err := filepath.Abs(t.TempDir())
	require.NoError(t, err)
	example := strings.Fields(strings.Replace(batchCommand().Example, "rendered", folder, 1))[2:]
	t.Chdir(repository)
	got := command("", example...)
	require.Zero(t, got.code, got.stderr)
	name := filepath.Join(folder, "team-a.yaml")
	require.Contains(t, got.stdout, name+"\n")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Contains(t, string(text), "kind: RedisFailover\n")
	require.Regexp(t, `REDIS_CLUSTER_NAME: "?team-a-cache"?\n`, string(text), "the release's name")
	require.NotContains(t, string(text), "helm.sh/hook: test")
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	gone := filepath.Join(folder, "team-z.yaml")
	require.NoError(t, os.WriteFile(gone, nil, 0o600))
	got = command("", example...)
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, gone+" is of no tenant in these folders; remove it, and what it made\n", got.stderr)
	left, err := filepath.Glob(filepath.Join(folder, ".*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestBatchWritesAllOrNothing holds that no tenant's file is new where another's cannot be
// written.
func TestBatchWritesAllOrNothing(t *testing.T) {
	folder := tenantWithChart(t, "", service, "")
	text, err := os.ReadFile("testdata/tenant.yaml")
	require.NoError(t, err)
	other := strings.NewReplacer("name: team-a", "name: team-b", "redis-system", "other", "release: shop", "release: other").Replace(string(text))
	require.NoError(t, os.Mkdir(filepath.Join(folder, "tenants/b"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "tenants/b/tenant.yaml"), []byte(other), 0o600))
	template := strings.Replace(service, "  namespace: redis-system\n", "", 1)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "chart/templates/a.yaml"), []byte(template), 0o600))
	out := filepath.Join(folder, "out")
	require.NoError(t, os.MkdirAll(filepath.Join(out, "team-b.yaml"), 0o700))
	got := batchIn(folder)
	require.Equal(t, result{code: exitError, stderr: filepath.Join(out, "team-b.yaml") + " is a folder; remove it, or write elsewhere with --output\n"}, got)
	left, err := filepath.Glob(filepath.Join(out, "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(out, "team-b.yaml")}, left)
	left, err = filepath.Glob(filepath.Join(out, ".*"))
	require.NoError(t, err)
	require.Empty(t, left)

	require.NoError(t, os.Remove(filepath.Join(out, "team-b.yaml")))
	for _, name := range []string{".batch-123", ".batch-notes", "gone.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(out, name), nil, 0o600))
	}
	got = batchIn(folder)
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, filepath.Join(out, "gone.yaml")+" is of no tenant in these folders; remove it, and what it made\n", got.stderr)
	require.NoFileExists(t, filepath.Join(out, ".batch-123"), "left by an interrupted run")
	require.FileExists(t, filepath.Join(out, ".batch-notes"), "somebody else's")
	require.FileExists(t, filepath.Join(out, "team-a.yaml"))
	require.FileExists(t, filepath.Join(out, "team-b.yaml"))
}

// TestCheckOfCapacity holds that a folder with more instances than the operator is set
// for is told, with the value to change.
func TestCheckOfCapacity(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	failover := "---\napiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: %s, namespace: %s}\n"
	write("a.yaml", fmt.Sprintf(service+failover+failover, "one", "a", "two", "a"))
	write("b.yaml", fmt.Sprintf(failover, "one", "b"))
	// The chart itself says how many its operator carries, and in which namespaces.
	operator := func(values ...string) string {
		chart, err := exec.CommandContext(t.Context(), "../../../bin/helm", append([]string{"template", "redis-operator", "../../../charts/redis-operator", "--namespace", "o", "--set", "crds.create=false"}, values...)...).Output()
		require.NoError(t, err, "run make tools")
		return write("operator.txt", string(chart))
	}
	require.Equal(t, result{}, command("", "check", "--operator", operator("--set", "instances=3"), folder))
	got := command("", "check", "--operator", operator("--set", "instances=2"), folder)
	require.Equal(t, exitDiffers, got.code, got.stderr)
	require.Contains(t, got.stdout, "deny operator-capacity: Deployment/o/redis-operator")
	require.Contains(t, got.stdout, "set instances of its release to 3 or more")
	require.Contains(t, command("", "check", "--operator", operator("--set", "watchedNamespaces={a}"), folder).stdout, "no operator serves b: add it to watchedNamespaces")

	all := operator()
	for _, args := range [][]string{{}, {t.TempDir()}, {folder, "--tenant", "testdata/tenant.yaml"}} {
		got := command("", append([]string{"check", "--operator", all}, args...)...)
		require.Equal(t, exitError, got.code, args)
		require.NotEmpty(t, got.stderr)
	}
	write("c.yaml", "kind: RedisFailover\npassword: {hunter2\n")
	got = command("", "check", "--operator", all, folder)
	require.Equal(t, exitError, got.code)
	require.Contains(t, got.stderr, "c.yaml: line 1: a document with a RedisFailover cannot be decoded")
	require.NotContains(t, got.stderr, "hunter2")
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

// TestExamples runs the examples of --help that need no cluster, as they stand.
func TestExamples(t *testing.T) {
	repository, err := filepath.Abs("../../..")
	require.NoError(t, err)
	folder := t.TempDir()
	for _, name := range []string{"bin", "charts", "examples"} {
		require.NoError(t, os.Symlink(filepath.Join(repository, name), filepath.Join(folder, name)))
	}
	const helm = `helm() { case $1 in tenant) shift; HELM_BIN=bin/helm tenant "$@";; *) bin/helm "$@";; esac; }
tenant() { bin/tenant "$@" || [ "$1 $?" = "diff 1" ]; }
`
	count := 0
	for _, command := range rootCommand().Commands() {
		switch command.Name() {
		case "golive", "install", "rotate", "upgrade":
			continue
		}
		if command.Example == "" {
			continue
		}
		count++
		script := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", helm+command.Example)
		script.Dir = folder
		out, err := script.CombinedOutput()
		require.NoError(t, err, "%s\n%s", command.Name(), out)
	}
	require.Equal(t, 6, count)
}
