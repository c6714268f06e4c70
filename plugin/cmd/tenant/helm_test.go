package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/internal/secrettest"
	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
	"github.com/tenant-redis/tenant-redis/plugin/internal/yamltext"
)

// repository is the root of the repository.
const repository = "../../.."

// helm is one of the two majors, with the plugins that make build assembles.
type helm struct {
	binary, plugins string
}

// eachHelm runs a test with both majors. Each has folders of its own.
func eachHelm(t *testing.T, test func(t *testing.T, h helm)) {
	t.Helper()
	for major, binary := range map[string]string{"helm3": "helm", "helm4": "helm4"} {
		t.Run(major, func(t *testing.T) {
			binary, err := filepath.Abs(repository + "/bin/" + binary)
			require.NoError(t, err)
			require.FileExists(t, binary, "run make tools")
			plugins, err := filepath.Abs(repository + "/bin/plugins/" + major)
			require.NoError(t, err)
			require.DirExists(t, plugins, "run make build")
			for _, folder := range []string{"CACHE", "CONFIG", "DATA"} {
				t.Setenv("HELM_"+folder+"_HOME", t.TempDir())
			}
			t.Setenv("HELM_PLUGINS", plugins)
			test(t, helm{binary: binary, plugins: plugins})
		})
	}
}

// run runs Helm and returns what it prints.
func (h helm) run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errors bytes.Buffer
	cmd := exec.CommandContext(t.Context(), h.binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errors
	err = cmd.Run()
	return out.String(), errors.String(), err
}

// must is run for what must succeed.
func (h helm) must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, err := h.run(t, args...)
	require.NoError(t, err, "%s", stderr)
	return stdout
}

const (
	provenance = "tenant-redis.dev/rendered-by"
	// objects are those of the chart's templates, each of which is rendered
	// once: two that have the same name, a Service, one in a list, one with
	// Windows' line ends, one with a folded text, and a Job.
	objects = 7
	// folded is how that text stands in the chart. Helm 4 adds lines to it around a
	// post-renderer.
	folded = "  expression: >-\n    a ?\n      b\n    : c\n"
)

func TestHelmTemplate(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		got := h.must(t, "tenant", "template", "shop", "testdata/chart", "--tenant", "testdata/tenant.yaml")
		// And a hook, which Helm 3 never sends to a post-renderer.
		require.Contains(t, got, folded)
		require.Equal(t, objects+1, strings.Count(got, provenance), got)
		require.NotContains(t, got, "postrenderer.helm.sh/")
		require.Contains(t, got, "registry.example/library/redis:7")
		require.Contains(t, got, `args: ["0777", 0777, 1.10, 1e3]`)
		require.Contains(t, got, "# after the metadata")
		require.Contains(t, got, "from: first")
		require.Contains(t, got, "from: second")
	})
}

func TestHelmTemplateOfOneFile(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		got := h.must(t, "tenant", "template", "shop", "testdata/chart", "--tenant=testdata/tenant.yaml", "-s", "templates/job.yaml")
		require.Equal(t, 1, strings.Count(got, provenance), got)
		require.Contains(t, got, "generateName: once-")
		require.NotContains(t, got, "kind: Service")
	})
}

// TestHelmTemplateIntoAFolder holds that it is an error unless it is wanted that
// Helm 3 writes the files without tenant-post, and gives it nothing.
func TestHelmTemplateIntoAFolder(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		folder := t.TempDir()
		args := []string{"tenant", "template", "shop", "testdata/chart", "--tenant", "testdata/tenant.yaml", "--output-dir", folder}
		isHelm4 := filepath.Base(h.plugins) == "helm4"
		if !isHelm4 {
			_, stderr, err := h.run(t, args...)
			require.Error(t, err)
			require.Contains(t, stderr, "Helm 3 sends none with --output-dir")
			args = append(args, "--post-renderer-args", "--allow-empty")
		}
		h.must(t, args...)
		text, err := os.ReadFile(filepath.Join(folder, "shop/templates/job.yaml"))
		require.NoError(t, err)
		require.Equal(t, isHelm4, strings.Contains(string(text), provenance))
	})
}

// TestHelmOfHooksAlone holds that a chart of hooks alone, which Helm 3 applies without
// asking a post-renderer about them, is an error there. Helm 4 sends them, and helm tenant
// template renders what either prints.
func TestHelmOfHooksAlone(t *testing.T) {
	chart := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(chart, "templates"), 0o700))
	for name, text := range map[string]string{
		"Chart.yaml":          "apiVersion: v2\nname: hooks\nversion: 1.0.0\n",
		"templates/hook.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: team-a-x\n  annotations: {helm.sh/hook: pre-install}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(chart, name), []byte(text), 0o600))
	}
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		require.Contains(t, h.must(t, "tenant", "template", "shop", chart, "--tenant", "testdata/tenant.yaml"), provenance)

		stdout, stderr, err := h.run(t, append([]string{"template", "shop", chart, "--namespace", "redis-system", "--post-renderer"}, h.renderer("testdata/tenant.yaml")...)...)
		if filepath.Base(h.plugins) == "helm3" {
			require.Error(t, err)
			require.Contains(t, stderr, "there is no Kubernetes object in the manifests")
			return
		}
		require.NoError(t, err, stderr)
		require.Contains(t, stdout, provenance)
	})
}

// TestHelmTemplateWithCRDs holds that CRDs pass; Helm 3 sends them too.
func TestHelmTemplateWithCRDs(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		got := h.must(t, "tenant", "template", "shop", "testdata/chart", "--tenant", "testdata/tenant.yaml", "--include-crds")
		require.Contains(t, got, "name: widgets.example.com")
	})
}

// TestHelmInstallDryRun needs no cluster under Helm 4. Helm 3 wants to reach one
// even so, and says that before anything is rendered.
func TestHelmInstallDryRun(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
		if filepath.Base(h.plugins) == "helm3" {
			_, stderr, err := h.run(t, "tenant", "install", "shop", "testdata/chart", "--tenant", "testdata/tenant.yaml", "--dry-run=client")
			require.Error(t, err)
			require.Contains(t, stderr, "cluster unreachable")
			return
		}
		got := h.must(t, "tenant", "install", "shop", "testdata/chart", "--tenant", "testdata/tenant.yaml", "--dry-run=client")
		require.Contains(t, got, "NAMESPACE: redis-system")
		require.Contains(t, got, provenance)
	})
}

// TestHelmTemplateWithASidecar holds that what it adds to a Pod passes both, and
// that Helm 4, which reads it again, leaves it as it is.
func TestHelmTemplateWithASidecar(t *testing.T) {
	const rule = "  sidecars: [{target: {group: batch, kind: Job}, instance: team-a-cache}]\n"
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		got := h.must(t, "tenant", "template", "shop", "testdata/chart", "--tenant", extended(t, rule), "-s", "templates/job.yaml")
		require.Contains(t, got, "image: registry.example/library/haproxy:3.2.26")
		require.Contains(t, got, "elastisys.io/redis-team-a-cache-access: allow")
		require.Contains(t, got, `args: ["0777", 0777, 1.10, 1e3]`)
		require.Equal(t, 1, strings.Count(got, "REDIS_HOST"))

		_, stderr, err := h.run(t, "tenant", "template", "shop", "testdata/chart", "--tenant", extended(t, strings.Replace(rule, "Job", "CronJob", 1)))
		require.Error(t, err)
		require.Contains(t, stderr, "spec.sidecars[0]: matches nothing")
	})
}

// extended is a copy of the tenant file with a rule more.
func extended(t *testing.T, rule string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tenant.yaml")
	text, err := os.ReadFile("testdata/tenant.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(text, rule...), 0o600))
	return file
}

// TestHelmOfTheTenantChart renders the product's own example.
func TestHelmOfTheTenantChart(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		example := repository + "/examples/tenants/team-a/"
		template := func(tenantFile string) string {
			return h.must(t, "tenant", "template", "team-a-cache", repository+"/charts/tenant-redis",
				"--tenant", tenantFile, "--values", example+"values.yaml",
				"--set", "auth.existingSecret=password", "--skip-tests")
		}
		got := template(example + "tenant.yaml")
		require.Equal(t, strings.Count(got, "\nkind: "), strings.Count(got, provenance))
		require.Contains(t, got, "docker.io/valkey/valkey:", "the public images stay")

		// With a mirror, as the file's comment has it.
		text, err := os.ReadFile(example + "tenant.yaml")
		require.NoError(t, err)
		mirrored := filepath.Join(t.TempDir(), "tenant.yaml")
		require.NoError(t, os.WriteFile(mirrored, []byte(strings.NewReplacer("to: docker.io", "to: registry.example/mirror", "to: quay.io", "to: registry.example/mirror").Replace(string(text))), 0o600))
		got = template(mirrored)
		require.Contains(t, got, "registry.example/mirror/valkey/valkey:")
		require.NotContains(t, got, "docker.io")
	})
}

// commandOfHelp finds the commands of tenant-post's own help: one for Helm 3, one for
// Helm 4.
var commandOfHelp = regexp.MustCompile(`(?m)^  helm install (?:[^\n]*\\\n)*[^\n]*`)

// TestHelmAsTheHelpSays runs them, each with its Helm.
func TestHelmAsTheHelpSays(t *testing.T) {
	text, err := os.ReadFile("../tenant-post/help.txt")
	require.NoError(t, err)
	commands := commandOfHelp.FindAllString(string(text), -1)
	require.Len(t, commands, 2)
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		command := map[string]string{"helm3": commands[0], "helm4": commands[1]}[filepath.Base(h.plugins)]
		words := strings.Fields(strings.ReplaceAll(command, "\\\n", " "))
		words[1] = "template"
		h.renders(t, append(words[1:], "--set", "auth.existingSecret=password", "--skip-tests"))
	})
}

// TestHelmAsArgoCDCallsIt runs the plugin of Argo CD that the page has, as Argo CD does:
// in the folder of a tenant, with the Application's name in the environment.
func TestHelmAsArgoCDCallsIt(t *testing.T) {
	text, err := os.ReadFile(repository + "/docs/gitops.md")
	require.NoError(t, err)
	_, block, found := strings.Cut(string(text), "kind: ConfigManagementPlugin\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	var plugin struct {
		Spec struct {
			Generate struct{ Command, Args []string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(block), &plugin))
	generate := plugin.Spec.Generate
	require.Equal(t, []string{"sh", "-c"}, generate.Command)
	require.Len(t, generate.Args, 1)
	t.Setenv("ARGOCD_APP_NAME", "team-a-cache")
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		path := t.TempDir()
		require.NoError(t, os.Symlink(h.binary, filepath.Join(path, "helm")))
		t.Setenv("PATH", path+string(os.PathListSeparator)+os.Getenv("PATH"))
		cmd := exec.CommandContext(t.Context(), "sh", "-c", generate.Args[0]+" --set auth.existingSecret=password")
		cmd.Dir = repository + "/examples/tenants/team-a"
		rendersBy(t, cmd)
	})
}

// renders holds that Helm, run where pages say, renders a tenant's manifests.
func (h helm) renders(t *testing.T, args []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), h.binary, args...)
	cmd.Dir = repository
	rendersBy(t, cmd)
}

func rendersBy(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", cmd, out)
	require.Contains(t, string(out), provenance)
}

// TestHelmWhy holds that the error is told though Helm 4 drops stderr.
func TestHelmWhy(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		require.Contains(t, h.must(t, "tenant", "why"), "no error")
		const problem = "job.yaml:1:1: apiVersion: is missing"
		broken := filepath.Join(t.TempDir(), "job.yaml")
		require.NoError(t, os.WriteFile(broken, []byte("kind: Tenant\n"), 0o600))

		_, stderr, err := h.run(t, append([]string{"template", "shop", "testdata/chart", "--post-renderer"}, h.renderer(broken)...)...)
		require.Error(t, err)
		require.Equal(t, filepath.Base(h.plugins) == "helm3", strings.Contains(stderr, problem), "if Helm 4 tells now, say so in the documentation")
		require.Contains(t, h.must(t, "tenant", "why"), problem)
	})
}

func (h helm) renderer(tenantFile string) []string {
	name := "tenant-post"
	if filepath.Base(h.plugins) == "helm3" {
		name = filepath.Join(h.plugins, "tenant/bin/tenant-post")
	}
	return []string{name, "--post-renderer-args", "--tenant=" + tenantFile}
}

func TestHelmTellsWhyAnInstallFails(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		stdout, stderr, err := h.run(t, "tenant", "template", "shop", "testdata/chart", "--tenant", extended(t, "  alerts: {labels: {a: b}}\n"))
		require.Error(t, err)
		require.NotContains(t, stdout, "kind:")
		require.Contains(t, stderr, "spec.alerts: matches nothing")
	})
}

// TestHelmTemplateTwice holds that what a second run would change is refused in the first.
func TestHelmTemplateTwice(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		t.Setenv("HELM_BIN", h.binary)
		got := command("", "template", "shop", "testdata/chart", "--tenant", extended(t, unlabelling))
		require.Equal(t, exitError, got.code)
		require.Contains(t, got.stderr, "a second run would change it again")
	})
}

// TestNoSecretOfHelm has a chart render Secrets that Helm's own parser cannot read.
func TestNoSecretOfHelm(t *testing.T) {
	streams := secrettest.Streams()
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		t.Setenv("HELM_BIN", h.binary)
		t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
		for _, name := range []string{"an anchor", "a key of YAML", "braces", "a key twice"} {
			chart := filepath.Join(tenantWithChart(t, "", strings.ReplaceAll(streams[name], "{{", `{{ "{{" }}`), ""), "chart")
			for _, args := range [][]string{{"template"}, {"install", "--dry-run=client"}, {"upgrade", "--install", "--dry-run=client"}} {
				got := command("", append(args, "shop", chart, "--tenant", "testdata/tenant.yaml")...)
				require.True(t, got.code == 0 || got.stderr != "", name)
				secrettest.NotIn(t, got.stderr, name)
			}
		}
		chart := filepath.Join(tenantWithChart(t, "", streams["an anchor"], ""), "chart")
		require.Contains(t, command("", "template", "shop", chart, "--tenant", "testdata/tenant.yaml").stderr, "unknown anchor '***' referenced")
	})
}

func TestHelmRefusesAnotherNamespace(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		for _, flag := range []string{"--namespace=other", "-nother"} {
			_, stderr, err := h.run(t, "tenant", "template", "shop", "testdata/chart", "--tenant", "testdata/tenant.yaml", flag)
			require.Error(t, err, flag)
			require.Contains(t, stderr, "--namespace other is not that of the tenant team-a, which is redis-system", flag)
		}
	})
}

// TestHelmPluginInstall installs the plugins from their folders into Helm's own,
// which for Helm 4 is always that below HELM_DATA_HOME.
func TestHelmPluginInstall(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		t.Setenv("HELM_PLUGINS", filepath.Join(os.Getenv("HELM_DATA_HOME"), "plugins"))
		folders, err := filepath.Glob(h.plugins + "/*")
		require.NoError(t, err)
		for _, folder := range folders {
			h.must(t, "plugin", "install", folder)
		}
		require.Contains(t, h.must(t, "tenant", "template", "shop", "testdata/chart", "--tenant", "testdata/tenant.yaml"), provenance)
		require.Regexp(t, `(?m)^tenant\s`, h.must(t, "plugin", "list"))
		h.must(t, "plugin", "uninstall", "tenant")
		require.NotRegexp(t, `(?m)^tenant\s`, h.must(t, "plugin", "list"))
	})
}

// builtVersion is what each program that the Makefile makes says of itself.
var builtVersion = regexp.MustCompile(`^` + regexp.QuoteMeta(version.Version) + ` \(commit [0-9a-f]{40}(-dirty)?, go1\.26\.\d+\)\n$`)

// TestHelmPluginVersions holds that all manifests say the version of the
// program, which knows its commit.
func TestHelmPluginVersions(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		require.Regexp(t, builtVersion, h.must(t, "tenant", "version"))
		manifests, err := filepath.Glob(h.plugins + "/*/plugin.yaml")
		require.NoError(t, err)
		require.NotEmpty(t, manifests)
		for _, name := range manifests {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Contains(t, string(text), "\nversion: "+version.Version+"\n", name)
		}
	})
}

// TestUnquotedLines holds that a question is seen while its answer is awaited, and that
// nothing of a manifest is seen, however what Helm says arrives.
func TestUnquotedLines(t *testing.T) {
	var seen bytes.Buffer
	lines := &unquotedLines{to: &seen}
	for _, said := range []string{"Please log in.\nEnter the key's passphrase: ", "Wrong.\nAgain: "} {
		seen.Reset()
		_, err := lines.Write([]byte(said))
		require.NoError(t, err)
		require.Equal(t, said, seen.String())
	}
	for _, text := range []string{"a: *hunter", "{{hunter: 1}: 2}", "a: !!int hunter", "{hunter: 1, hunter: 2}", "a: &hunter {b: *hunter}"} {
		problem := yaml.Unmarshal([]byte(text), new(any))
		require.ErrorContains(t, problem, "hunter")
		said := "Error: " + problem.Error() + "\n"
		for at := range said {
			seen.Reset()
			for _, part := range []string{said[:at], said[at:]} {
				_, err := lines.Write([]byte(part))
				require.NoError(t, err)
				require.NotRegexp(t, "hu|nter", seen.String())
			}
			require.Equal(t, yamltext.WithoutQuotes(said), seen.String())
		}
	}
}
