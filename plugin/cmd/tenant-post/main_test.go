package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/input"
	"github.com/tenant-redis/tenant-redis/plugin/internal/secrettest"
	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
	"github.com/tenant-redis/tenant-redis/plugin/lasterror"
)

const (
	goodTenant = "../../rules/testdata/tenant.yaml"
	configMap  = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
)

// result is what a run of the command leaves.
type result struct {
	code           int
	stdout, stderr string
}

// TestMain keeps the last error away from the user's own.
func TestMain(m *testing.M) {
	cache, err := os.MkdirTemp("", "tenant-post")
	if err != nil {
		panic(err)
	}
	if err := os.Setenv("HELM_CACHE_HOME", cache); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(cache)
	os.Exit(code)
}

func command(stdin string, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := run(args, strings.NewReader(stdin), &stdout, &stderr)
	return result{code: code, stdout: stdout.String(), stderr: stderr.String()}
}

func TestRunRendersManifests(t *testing.T) {
	in, err := os.ReadFile("../../rules/testdata/helm3.in.yaml")
	require.NoError(t, err)
	want, err := os.ReadFile("../../rules/testdata/helm3.want.yaml")
	require.NoError(t, err)
	team, err := input.Tenant(goodTenant)
	require.NoError(t, err)
	want = bytes.ReplaceAll(want, []byte("RENDERED-BY"), []byte(team.RenderedBy()))
	for _, args := range [][]string{{"--tenant", goodTenant}, {"--tenant=" + goodTenant}} {
		require.Equal(t, result{stdout: string(want)}, command(string(in), args...))
	}
}

// TestRunOnNothing holds that a stream without an object is no success, unless
// that is wanted.
func TestRunOnNothing(t *testing.T) {
	for _, stream := range []string{"", "\n", "# a\n---\n", "null\n"} {
		got := command(stream, "--tenant", goodTenant)
		require.Equal(t, result{code: exitManifests, stderr: "tenant-post: there is no Kubernetes object in the manifests; look at the command that should write them, " +
			"or say --allow-empty. Helm 3 sends none with --output-dir, and writes the files as the chart has them\n"}, got)
		require.Equal(t, result{stdout: stream}, command(stream, "--allow-empty", "--tenant", goodTenant))
	}
}

func TestRunAsFunction(t *testing.T) {
	tenant, err := os.ReadFile(goodTenant)
	require.NoError(t, err)
	list := "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n" + indented(string(tenant)) + "items:\n-" + indented(configMap)[1:]
	got := command(list)
	require.Empty(t, got.stderr)
	require.Zero(t, got.code)
	require.Contains(t, got.stdout, "tenant-redis.dev/rendered-by: ")

	got = command(strings.Replace(list, "kind: Tenant", "kind: Tenat", 1))
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stdout, "severity: error")
	require.NotContains(t, got.stdout, "rendered-by")
	require.Contains(t, got.stderr, "functionConfig:2:7: kind: \"Tenat\" is not this kind")

	got = command(strings.Replace(list, "kind: ConfigMap", "kind: Widget", 1))
	require.Equal(t, exitManifests, got.code)
	require.Contains(t, got.stdout, "severity: error")
	require.Contains(t, got.stderr, "tenant-post: manifests: line ")
}

func TestRunHelp(t *testing.T) {
	for _, flag := range []string{"--help", "-h"} {
		got := command("", flag)
		require.Equal(t, result{stdout: help}, got)
		require.Contains(t, got.stdout, "--post-renderer-args --tenant=")
	}
}

func TestRunVersion(t *testing.T) {
	require.Equal(t, result{stdout: "tenant-post " + version.Version + "\n"}, command("", "--version"))
}

// TestHelpShowsAGoodTenantFile keeps the example in the help text true.
func TestHelpShowsAGoodTenantFile(t *testing.T) {
	_, example, found := strings.Cut(help, "A tenant file:\n")
	require.True(t, found)
	example, _, found = strings.Cut(example, "\n\nThere is more")
	require.True(t, found)
	got := command(configMap, "--tenant", writeFile(t, example))
	require.Empty(t, got.stderr)
	require.Contains(t, got.stdout, `cost-centre: "4711"`)
}

func TestRunRefusesUsage(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.yaml")
	tests := map[string]struct {
		args []string
		want string
	}{
		"no tenant":       {nil, "tenant-post: --tenant FILE is missing, and stdin is no ResourceList of a KRM function; run tenant-post --help\n"},
		"no file":         {[]string{"--tenant"}, "tenant-post: flag needs an argument: --tenant; run tenant-post --help\n"},
		"unknown flag":    {[]string{"--tenat=a"}, "tenant-post: flag provided but not defined: --tenat; run tenant-post --help\n"},
		"argument":        {[]string{"--tenant", goodTenant, "x"}, "tenant-post: unexpected argument \"x\"; run tenant-post --help\n"},
		"no such file":    {[]string{"--tenant", missing}, "tenant-post: cannot read the tenant file: open " + missing + ": no such file or directory; check --tenant\n"},
		"too large a one": {[]string{"--tenant", writeFile(t, strings.Repeat("#", 1<<20+1))}, "there are more than 1 MiB\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := command(configMap, test.args...)
			require.Equal(t, exitUsage, got.code)
			require.Empty(t, got.stdout)
			require.True(t, strings.HasSuffix(got.stderr, test.want), got.stderr)
		})
	}
}

// TestNoEscapesOfArguments holds that no name of a file or a flag reaches a terminal as more
// than text, nor one in the last error.
func TestNoEscapesOfArguments(t *testing.T) {
	escape := filepath.Join(t.TempDir(), "\x1b[31m.yaml")
	require.NoError(t, os.WriteFile(escape, []byte(strings.Repeat("#", 1<<20+1)), 0o600))
	for _, args := range [][]string{{"--tenant", "no\x1b[31m"}, {"--tenant", escape}, {"--\x1b[31m"}, {"--tenant", goodTenant, "\x1b[31m"}, {"--version=\x1b[31m"}} {
		got := command(configMap, args...)
		require.Equal(t, exitUsage, got.code, args)
		require.Contains(t, got.stderr, `\x1b[31m`)
		problem, _, err := lasterror.Read()
		require.NoError(t, err)
		require.NotContains(t, got.stderr+problem, "\x1b")
	}
}

// TestNoSecretInAnyOutput looks for the values of Secrets in what a run tells besides
// the manifests: on stderr, in the last error, and in the results of a KRM function.
func TestNoSecretInAnyOutput(t *testing.T) {
	tenant, err := os.ReadFile(goodTenant)
	require.NoError(t, err)
	for name, stream := range secrettest.Streams() {
		got := command(stream, "--tenant", goodTenant)
		if got.code != exitOK {
			require.Empty(t, got.stdout)
			problem, _, err := lasterror.Read()
			require.NoError(t, err)
			secrettest.NotIn(t, got.stderr+problem, name)
		}
		require.Equal(t, got.code == exitOK, got.stderr == "", name)
		got = command("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n" + indented(string(tenant)) + "items:\n-" + indented(stream)[1:])
		_, results, _ := strings.Cut(got.stdout, "\nresults:\n")
		secrettest.NotIn(t, got.stderr+results, name)
	}
}

// indented moves a text to the right by one level.
func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
}

func TestRunRefusesTenantFile(t *testing.T) {
	file := writeFile(t, "apiVersion: tenant-redis.dev/v1alpha1\nkind: Tenant\nmetadata:\n  nam: a\nspec: {namespace: a}\n")
	require.Equal(t, result{
		code: exitUsage,
		stderr: file + ":4:3: metadata.nam: is not a known key; allowed are name; did you mean \"name\"?\n" +
			file + ":4:3: metadata.name: is missing; required are name; add name\n",
	}, command(configMap, "--tenant", file))
}

// TestRunTellsWhereACharacterIs holds that what is no text is told where it stands, in
// either file.
func TestRunTellsWhereACharacterIs(t *testing.T) {
	for _, wrong := range []string{"\x01", "\xff"} {
		file := writeFile(t, "apiVersion: a\nkind: b\nmetadata: {name: "+wrong+"}\n")
		require.Contains(t, command(configMap, "--tenant", file).stderr, file+":3:18: (file): is not YAML: ")
		require.Contains(t, command(configMap+"x: "+wrong+"\n", "--tenant", goodTenant).stderr, fmt.Sprintf("line %d, column 4: ", 1+strings.Count(configMap, "\n")))
	}
}

func TestRunRefusesManifests(t *testing.T) {
	tests := map[string]struct{ stdin, want string }{
		"the last of many": {
			configMap + "---\n" + configMap + "---\nkind: x\n",
			"tenant-post: manifests: line 9: x: is not a Kubernetes object: it has no apiVersion; each document needs apiVersion and kind\n",
		},
		"a broken Secret": {
			"kind: Secret\nstringData:\n  password: hunter2\n   x: hunter2\n",
			"tenant-post: manifests: line 4, column 5: document: is not valid YAML: mapping values are not allowed in this context; " +
				"look at the chart's output with helm template\n",
		},
		"too many": {
			strings.Repeat("#", 32<<20+1), "tenant-post: cannot read the manifests: there are more than 32 MiB\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, result{code: exitManifests, stderr: test.want}, command(test.stdin, "--tenant", goodTenant))
		})
	}
}

// TestRunKeepsTheLastError holds that helm tenant why can tell what Helm 4
// does not.
func TestRunKeepsTheLastError(t *testing.T) {
	got := command("kind: x\n", "--tenant", goodTenant)
	problem, _, err := lasterror.Read()
	require.NoError(t, err)
	require.Equal(t, got.stderr, problem+"\n")
}

// TestRunTwice holds that what a second run would change is refused in the first, for Helm
// as for kustomize.
func TestRunTwice(t *testing.T) {
	const (
		growing = "apiVersion: tenant-redis.dev/v1alpha1\nkind: Tenant\nmetadata: {name: a}\nspec:\n  namespace: a\n  patches:\n" +
			"  - {target: {kind: ConfigMap}, operations: [{op: replace, path: /data/l/0, value: x}]}\n" +
			"  - {target: {kind: ConfigMap}, operations: [{op: add, path: /data/l/0, value: y}]}\n"
		object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {l: [a]}\n"
		wrong  = ".data.l[0]: cannot be patched by spec.patches[0].operations[0]: a second run would change it again"
	)
	got := command(object, "--tenant", writeFile(t, growing))
	require.Equal(t, exitManifests, got.code)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, wrong)

	items := "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n" + indented(growing) + "items:\n-" + indented(object)[1:]
	got = command(items)
	require.Equal(t, exitManifests, got.code)
	require.Contains(t, got.stdout, "data: {l: [a]}\n")
	require.Contains(t, got.stderr, wrong)
}

// brokenPipe fails to be written to.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestRunReportsThatItCannotWrite(t *testing.T) {
	var stderr bytes.Buffer
	code := run([]string{"--tenant", goodTenant}, strings.NewReader(configMap), brokenPipe{}, &stderr)
	require.Equal(t, exitManifests, code)
	require.Equal(t, "tenant-post: cannot write the manifests: broken pipe\n", stderr.String())
}

// TestDependencies keeps the command small, quick to start, and without the
// means to reach a network or start a program.
func TestDependencies(t *testing.T) {
	list, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	dependencies := strings.Fields(string(list))
	require.Contains(t, dependencies, "go.yaml.in/yaml/v3")
	forbidden := []string{"net", "os/exec", "plugin", "helm.sh/", "k8s.io/", "sigs.k8s.io/"}
	for _, dependency := range dependencies {
		for _, name := range forbidden {
			bad := dependency == name || strings.HasPrefix(dependency, strings.TrimSuffix(name, "/")+"/")
			require.False(t, bad, "tenant-post imports %s", dependency)
		}
	}
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "tenant.yaml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}
