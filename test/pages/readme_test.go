package pages

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestReadme holds that a stranger finds in the README, in this order, what it is, for
// whom, how it compares, how it works, and how to have it.
func TestReadme(t *testing.T) {
	readme := read(t, "README.md")
	var headings []string
	parts := map[string]string{}
	for part := range strings.SplitSeq(readme, "\n## ") {
		heading, text, _ := strings.Cut(part, "\n")
		headings = append(headings, heading)
		parts[heading] = text
	}
	assert.Equal(t, []string{
		"# tenant-redis", "Who it is for", "Compared with what else there is", "How it works",
		"Install", "Verify", "Connect", "Pages by role", "See it",
	}, headings)

	assert.Regexp(t, `^\n[^.\n]+\.\n\n\| status \|`, parts["# tenant-redis"], "one sentence, then the status")
	assert.Contains(t, parts["Who it is for"], "It is **not** for ")
	for _, other := range []string{"plain Spotahome operator", "valkey-helm", "bitnami/redis", "DandyDeveloper redis-ha", "OT redis-operator"} {
		assert.Regexp(t, `\n\| \[`+other+`[^]]*\]\(https://`, parts["Compared with what else there is"], "a link to where it was read")
	}
	assert.Contains(t, parts["How it works"], "](docs/images/architecture.svg)")
	install := fence.FindStringSubmatch(parts["Install"])
	require.NotNil(t, install)
	assert.Len(t, strings.Split(strings.TrimSpace(install[1]), "\n"), 3, "commands")
}

// TestInstallPage holds that make package writes the README's commands for who has no copy
// of this repository.
func TestInstallPage(t *testing.T) {
	var chart struct{ Version string }
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "charts/tenant-redis/Chart.yaml")), &chart))
	blocks, err := Blocks(root, "README.md")
	require.NoError(t, err)
	for registry, named := range map[string]string{"registry.example/charts": "registry.example/charts", "": "REGISTRY"} {
		folder := t.TempDir()
		write := exec.CommandContext(t.Context(), root+"/scripts/install-page.sh", folder)
		write.Env = append(os.Environ(), "REGISTRY="+registry)
		out, err := write.CombinedOutput()
		require.NoError(t, err, "%s", out)
		written, err := Blocks(folder, "INSTALL.md")
		require.NoError(t, err)
		require.Len(t, written, 2)
		install := regexp.MustCompile(`charts/(\S+)`).ReplaceAllString(blocks[0].Script, "oci://"+named+"/$1 --version "+chart.Version)
		assert.Equal(t, install, written[0].Script)
		assert.Equal(t, blocks[1].Script, written[1].Script)
		text, err := os.ReadFile(folder + "/INSTALL.md")
		require.NoError(t, err)
		assert.Equal(t, registry == "", strings.Contains(string(text), "in the place of REGISTRY"))
	}
}

// TestReadmesFiguresAgree holds that what the README says in figures is so; the other
// tests of this package hold the figures that it has of other pages.
func TestReadmesFiguresAgree(t *testing.T) {
	pinned := func(source, module string) string {
		version := regexp.MustCompile(`\s` + regexp.QuoteMeta(module) + ` (v\S+)`).FindStringSubmatch(read(t, "ci/sources/"+source+"/go.mod"))
		require.NotNil(t, version, module)
		return version[1]
	}
	values := func(chart string, into any) {
		require.NoError(t, yaml.Unmarshal([]byte(read(t, "charts/"+chart)), into))
	}
	entries := func(pattern string) int {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		return len(found)
	}
	var chart struct{ Version string }
	var tenant struct {
		Sentinel struct{ DownAfterMilliseconds int }
	}
	var operator struct{ Instances int }
	values("tenant-redis/Chart.yaml", &chart)
	values("tenant-redis/values.yaml", &tenant)
	values("redis-operator/values.yaml", &operator)
	disk := regexp.MustCompile(`needs (\d+ GiB) of disk`).FindStringSubmatch(read(t, "CONTRIBUTING.md"))
	require.NotNil(t, disk)
	kubernetes := pinned("kubernetes", "k8s.io/kubernetes")
	words := map[int]string{9: "nine", 12: "twelve"}

	readme := read(t, "README.md")
	for _, says := range []string{
		"| version | " + chart.Version + ", ",
		"--version " + chart.Version + "`",
		fmt.Sprintf(" %s or %s, ", pinned("redis-operator-1.3", "github.com/spotahome/redis-operator"), pinned("redis-operator-1.2", "github.com/spotahome/redis-operator")),
		"tested on " + kubernetes[:strings.LastIndex(kubernetes, ".")] + " with kind",
		fmt.Sprintf("| this chart | Sentinel, and the Pods' own hand-over | %d s |", tenant.Sentinel.DownAfterMilliseconds/1000),
		fmt.Sprintf("for its default of %d instances", operator.Instances),
		"[" + words[entries("examples/values/*.yaml")] + " examples](examples/values)",
		"settings for " + words[entries("examples/clients/*")] + " libraries",
		disk[1] + " of disk",
	} {
		assert.Contains(t, readme, says)
	}
	assert.Regexp(t, `(?m)^## `+regexp.QuoteMeta(chart.Version)+` \(`, read(t, "CHANGELOG.md"))
	assert.Contains(t, readme, "or the Redis (7.0 or newer)")
	assert.Contains(t, read(t, "docs/versions.md"), "| Redis 6.2 and older | | refused |")
}
