package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
	"github.com/tenant-redis/tenant-redis/test/registry"
)

const platform = runtime.GOOS + "-" + runtime.GOARCH

// pack returns a folder with the packages of this platform.
func pack(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	mustRun(t, repository+"/scripts/package-plugins.sh", folder, runtime.GOOS+"/"+runtime.GOARCH)
	return folder
}

func mustRun(t *testing.T, program string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// TestPackages packs twice the same bytes, installs them, and verifies them signed.
func TestPackages(t *testing.T) {
	folder, again := pack(t), pack(t)
	first, err := os.ReadFile(filepath.Join(folder, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, 9, strings.Count(string(first), "\n"), "three archives, each with what it is made of and the licences")
	second, err := os.ReadFile(filepath.Join(again, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = folder
	out, err := check.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Run("materials", func(t *testing.T) { materials(t, folder) })
	t.Run("installed", func(t *testing.T) { install(t, folder) })
	t.Run("signed", func(t *testing.T) { verifySigned(t, again) })
}

// materials holds the lists beside each archive against the modules that the programs
// here name.
func materials(t *testing.T, folder string) {
	t.Helper()
	for _, archive := range archives(t, folder) {
		name := strings.TrimSuffix(archive, ".tgz")
		text, err := os.ReadFile(name + ".cdx.json")
		require.NoError(t, err)
		var bill struct {
			BOMFormat  string
			Components []struct{ Name, Version string }
		}
		require.NoError(t, json.Unmarshal(text, &bill))
		require.Equal(t, "CycloneDX", bill.BOMFormat)
		licences, err := os.ReadFile(name + ".licences.txt")
		require.NoError(t, err)
		sections := strings.Count(string(licences), "\n==== ") + 1
		require.Len(t, bill.Components, sections, name)
		for _, component := range bill.Components {
			if component.Name == "std" {
				component.Name, component.Version = "Go and its standard library,", " "+component.Version
			} else {
				component.Version = "@" + component.Version
			}
			require.Contains(t, string(licences), "==== "+component.Name+component.Version+"\n")
		}
		if strings.HasPrefix(filepath.Base(name), "tenant-post-") {
			require.Len(t, bill.Components, 3, "what tenant-post imports")
		}
	}
}

// install installs packages with both majors: Helm 3 takes archives from a server
// alone.
func install(t *testing.T, folder string) {
	t.Helper()
	files := http.FileServer(http.Dir(folder))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/gzip") // Helm 3 knows an archive by it
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	archive := func(place, name string) string {
		return place + "/" + name + "-" + version.Version + "-" + platform + ".tgz"
	}
	installations := map[string][][]string{
		"helm3": {{archive(server.URL, "tenant-helm3")}},
		// There is no signature to verify.
		"helm4": {{"--verify=false", archive(folder, "tenant")}, {"--verify=false", archive(folder, "tenant-post")}},
	}
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		t.Setenv("HELM_PLUGINS", filepath.Join(os.Getenv("HELM_DATA_HOME"), "plugins"))
		for _, args := range installations[filepath.Base(h.plugins)] {
			h.must(t, append([]string{"plugin", "install"}, args...)...)
		}
		require.Regexp(t, builtVersion, h.must(t, "tenant", "version"))
		require.Contains(t, h.must(t, "tenant", "golive", "--help"), "/blob/v"+version.Version+"/docs/golive.md", "the page of the release")
		require.Contains(t, h.must(t, "tenant", "template", "shop", "testdata/chart", "--tenant", "testdata/tenant.yaml"), provenance)
		h.must(t, "plugin", "uninstall", "tenant")
	})
}

// newKey makes a key in GnuPG's keyring, and returns a file with its public half.
func newKey(t *testing.T, name string) string {
	t.Helper()
	mustRun(t, "gpg", "--batch", "--passphrase", "", "--quick-generate-key", name)
	file := filepath.Join(t.TempDir(), "keyring.gpg")
	mustRun(t, "gpg", "--output", file, "--export", name)
	return file
}

// damaged returns a copy of a signed archive with a byte more.
func damaged(t *testing.T, archive string) string {
	t.Helper()
	text, err := os.ReadFile(archive)
	require.NoError(t, err)
	signature, err := os.ReadFile(archive + ".prov")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), filepath.Base(archive))
	require.NoError(t, os.WriteFile(file, append(text, 0), 0o600))
	require.NoError(t, os.WriteFile(file+".prov", signature, 0o600))
	return file
}

// verifySigned signs a folder of plugins, and one of charts. Both majors verify the
// charts, and Helm 4 the plugins, too.
func verifySigned(t *testing.T, plugins string) {
	t.Helper()
	charts := filepath.Join(t.TempDir(), "charts")
	mustRun(t, repository+"/scripts/package.sh", charts)
	t.Setenv("GNUPGHOME", t.TempDir())
	defer func() { mustRun(t, "gpgconf", "--kill", "gpg-agent") }()
	keyring, another := newKey(t, "packager"), newKey(t, "stranger")
	t.Setenv("SIGN_KEY", "")
	mustRun(t, repository+"/scripts/sign.sh", charts)
	require.NoFileExists(t, charts+"/SHA256SUMS.asc")
	t.Setenv("SIGN_KEY", "packager")
	for _, folder := range []string{charts, plugins} {
		mustRun(t, repository+"/scripts/sign.sh", folder)
		mustRun(t, "gpg", "--verify", folder+"/SHA256SUMS.asc", folder+"/SHA256SUMS")
	}
	eachHelm(t, func(t *testing.T, h helm) {
		t.Helper()
		t.Setenv("HELM_PLUGINS", filepath.Join(os.Getenv("HELM_DATA_HOME"), "plugins"))
		refused := func(problem string, args ...string) {
			_, stderr, err := h.run(t, args...)
			require.Error(t, err, args)
			require.Contains(t, stderr, problem, args)
		}
		check := func(archive string, verify ...string) {
			refused("sha256 sum does not match", append(verify, damaged(t, archive), "--keyring", keyring)...)
			refused("unknown entity", append(verify, archive, "--keyring", another)...)
			h.must(t, append(verify, archive, "--keyring", keyring)...)
		}
		for _, chart := range archives(t, charts) {
			check(chart, "verify")
		}
		to := push(t, charts, plugins)
		pushedCharts(t, h, charts, to, keyring, another)
		byHelm := registry.Serve(t)
		for _, chart := range archives(t, charts) {
			h.must(t, "push", chart, "oci://"+byHelm+"/charts", "--plain-http")
		}
		pushedCharts(t, h, charts, byHelm, keyring, another)
		if filepath.Base(h.plugins) == "helm3" {
			return
		}
		for _, plugin := range archives(t, plugins) {
			check(plugin, "plugin", "verify")
		}
		check(plugins+"/tenant-"+version.Version+"-"+platform+".tgz", "plugin", "install")
		h.must(t, "plugin", "uninstall", "tenant")
		for _, plugin := range []string{"tenant", "tenant-post"} {
			from := []string{"plugin", "install", "oci://" + to + "/charts/plugins/" + plugin + ":" + version.Version + "-" + platform, "--plain-http", "--keyring"}
			refused("unknown entity", append(from, another)...)
			h.must(t, append(from, keyring)...)
		}
		require.Contains(t, h.must(t, "tenant", "version"), version.Version)
	})
}

// push has the commands of docs/releasing.md push signed charts and plugins, as an OCI
// layout, to a registry, which it returns.
func push(t *testing.T, charts, plugins string) string {
	t.Helper()
	page, err := os.ReadFile(repository + "/docs/releasing.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```sh\n(REGISTRY=.*?)```").FindStringSubmatch(string(page))
	require.NotNil(t, block)
	dist := t.TempDir()
	for _, folder := range []string{charts, plugins} {
		require.NoError(t, os.CopyFS(dist, os.DirFS(folder)))
		require.NoError(t, os.Remove(dist+"/SHA256SUMS"))
		require.NoError(t, os.Remove(dist+"/SHA256SUMS.asc"))
	}
	mustRun(t, repository+"/scripts/layout.sh", dist)
	index, err := os.ReadFile(dist + "/oci/index.json")
	require.NoError(t, err)
	mustRun(t, repository+"/scripts/layout.sh", dist)
	again, err := os.ReadFile(dist + "/oci/index.json")
	require.NoError(t, err)
	require.Equal(t, string(index), string(again))
	commands, to := block[1], registry.Serve(t)
	for _, change := range [][2]string{
		{"registry.example", to},
		{"git tag ", ": "},
		{"dist/", dist + "/"},
	} {
		require.Contains(t, commands, change[0])
		commands = strings.ReplaceAll(commands, change[0], change[1])
	}
	shell := exec.CommandContext(t.Context(), "bash", "-euc", commands)
	shell.Dir = repository
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, 5, strings.Count(string(out), "Pushed: "), "%s", out)
	return to
}

// pushedCharts holds that what was pushed is rendered and verified as the archives are.
func pushedCharts(t *testing.T, h helm, charts, to, keyring, another string) {
	t.Helper()
	for _, archive := range archives(t, charts) {
		chart := strings.TrimSuffix(filepath.Base(archive), "-"+version.Version+".tgz")
		template := func(from, keyring string) []string {
			args := []string{"template", "cache", from, "--namespace", "redis-system", "--verify", "--keyring", keyring}
			if chart == "tenant-redis" {
				// A password of its own would be another one each time.
				args = append(args, "--set", "auth.existingSecret=mine")
			}
			return args
		}
		pushed := func(keyring string) []string {
			return append(template("oci://"+to+"/charts/"+chart, keyring), "--version", version.Version, "--plain-http")
		}
		require.Equal(t, h.must(t, template(archive, keyring)...), h.must(t, pushed(keyring)...))
		_, stderr, err := h.run(t, pushed(another)...)
		require.Error(t, err)
		require.Contains(t, stderr, "unknown entity")
	}
}

func archives(t *testing.T, folder string) []string {
	t.Helper()
	all, err := filepath.Glob(folder + "/*.tgz")
	require.NoError(t, err)
	require.Len(t, all, 3)
	return all
}
