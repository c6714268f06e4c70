package pages

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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// rendered are the objects of the tenant chart with these flags, by kind.
func rendered(t *testing.T, flags ...string) map[string][]byte {
	t.Helper()
	require.FileExists(t, root+"/bin/helm", "run make tools")
	command := exec.CommandContext(t.Context(), root+"/bin/helm", append([]string{"template", "team-a-cache", root + "/charts/tenant-redis", "--skip-tests"}, flags...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, stderr.String())
	found := map[string][]byte{}
	for document := range bytes.SplitSeq(out, []byte("\n---\n")) {
		var object struct{ Kind string }
		require.NoError(t, yaml.Unmarshal(document, &object))
		found[object.Kind] = document
	}
	return found
}

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	require.NoError(t, err)
	return string(text)
}

// TestSizes holds that what the pages say of an instance's requests is what is rendered.
func TestSizes(t *testing.T) {
	sizing := read(t, "docs/sizing.md")
	for _, size := range []string{"small", "medium", "large"} {
		type component struct {
			Replicas     int64
			Resources    corev1.ResourceRequirements
			Exporter     struct{ Resources corev1.ResourceRequirements }
			CustomConfig []string
		}
		var failover struct {
			Spec struct{ Redis, Sentinel component }
		}
		require.NoError(t, yaml.Unmarshal(rendered(t, "--set", "auth.enabled=false", "--set", "size="+size)["RedisFailover"], &failover))
		redis, sentinel := failover.Spec.Redis, failover.Spec.Sentinel
		var cpu, memory, disk int64
		for _, c := range []component{redis, sentinel} {
			cpu += c.Replicas * (c.Resources.Requests.Cpu().MilliValue() + c.Exporter.Resources.Requests.Cpu().MilliValue())
			memory += c.Replicas * (c.Resources.Requests.Memory().Value() + c.Exporter.Resources.Requests.Memory().Value())
			disk += c.Replicas * (c.Resources.Requests.StorageEphemeral().Value() + c.Exporter.Resources.Requests.StorageEphemeral().Value())
		}
		row := fmt.Sprintf("| `%s` | %.2f | %d MiB | %d MiB |", size, float64(cpu)/1000, memory>>20, redis.Resources.Requests.Memory().Value()>>20)
		assert.Contains(t, sizing, row)
		if size == "small" {
			assert.Contains(t, read(t, "README.md"), fmt.Sprintf("A small instance requests %.2f CPU and %d MiB in all", float64(cpu)/1000, memory>>20))
		}
		data := regexp.MustCompile("\\| `" + size + "` \\|.*?\\| ([0-9]+ MiB) \\| [0-9]+ MiB \\| [0-9]+ MiB \\|").FindStringSubmatch(read(t, "charts/tenant-redis/README.md"))
		require.NotNil(t, data)
		assert.Contains(t, sizing, fmt.Sprintf("%s %s | %d MiB |", row, data[1], disk>>20), "the same maxmemory as in the chart's table")
	}
}

// TestOperatorsSize is the same for the operator.
func TestOperatorsSize(t *testing.T) {
	requests := func(instances string) (cpu float64, memory, disk int64) {
		out, err := exec.CommandContext(t.Context(), root+"/bin/helm", "template", "redis-operator", root+"/charts/redis-operator", "--show-only", "templates/deployment.yaml", "--set", "instances="+instances).Output()
		require.NoError(t, err)
		var deployment appsv1.Deployment
		require.NoError(t, yaml.Unmarshal(out, &deployment))
		pod := deployment.Spec.Template.Spec.Containers[0].Resources.Requests
		pods := int64(*deployment.Spec.Replicas)
		return float64(pods*pod.Cpu().MilliValue()) / 1000, pods * pod.Memory().Value() >> 20, pods * pod.StorageEphemeral().Value() >> 20
	}
	cpu, memory, _ := requests("10")
	assert.Contains(t, read(t, "README.md"), fmt.Sprintf("with `--set instances=10` it requests %g CPU and %d MiB", cpu, memory))
	assert.Contains(t, read(t, "docs/for-administrators.md"), "helm upgrade redis-operator charts/redis-operator --namespace redis-system --reuse-values ", "else it requests more again")
	cpu, memory, disk := requests("200")
	assert.Contains(t, read(t, "docs/sizing.md"), fmt.Sprintf("| the operator, once for each cluster | %g | %d MiB | %d MiB |", cpu, memory, disk))
	assert.Contains(t, read(t, "README.md"), fmt.Sprintf("The operator requests %g CPU and %d MiB for its default", cpu, memory))
}

// TestExampleValues renders each file of examples/values, for which a password is not
// made where Helm sees no cluster.
func TestExampleValues(t *testing.T) {
	files, err := filepath.Glob(root + "/examples/values/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 12)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var values struct {
				Auth struct{ ExistingSecret string }
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, yaml.Unmarshal(text, &values))
			require.True(t, strings.HasPrefix(string(text), "# "), "says what it is for")
			flags := []string{"--values", file}
			if values.Auth.ExistingSecret == "" {
				flags = append(flags, "--set", "auth.existingSecret=password")
			}
			require.Contains(t, rendered(t, flags...), "RedisFailover")
		})
	}
}

// TestAirGap holds that the example takes each image of both charts from the mirror, the
// operator's with the values that its comment has.
func TestAirGap(t *testing.T) {
	example := read(t, "examples/values/air-gap.yaml")
	own := filepath.Join(t.TempDir(), "operator.yaml")
	commented := regexp.MustCompile(`(?m)^#   (.*)$`).FindAllStringSubmatch(example, -1)
	var values strings.Builder
	for _, line := range commented {
		values.WriteString(line[1] + "\n")
	}
	require.NoError(t, os.WriteFile(own, []byte(values.String()), 0o600))
	images := regexp.MustCompile(`(?m)^[ -]*image: "?([^"\s]+)"?$`)
	count := 0
	for chart, flags := range map[string][]string{
		"tenant-redis":   {"--values", root + "/examples/values/air-gap.yaml", "--set", "auth.enabled=false,proxy.enabled=true,monitoring.enabled=true"},
		"redis-operator": {"--values", own, "--set", "crds.create=false"},
	} {
		out, err := exec.CommandContext(t.Context(), root+"/bin/helm", append([]string{"template", "cache", root + "/charts/" + chart}, flags...)...).Output()
		require.NoError(t, err)
		for _, image := range images.FindAllStringSubmatch(string(out), -1) {
			assert.True(t, strings.HasPrefix(image[1], "registry.example/mirror/"), "%s: %s", chart, image[1])
			count++
		}
		assert.Regexp(t, `imagePullSecrets:\s*(\[\{"name":"mirror"\}\]|- name: "?mirror"?)`, string(out), chart)
	}
	assert.GreaterOrEqual(t, count, 4)
}

// TestMeshExample holds that what the page has against a mesh goes into a tenant file, and
// reaches the Pods of both.
func TestMeshExample(t *testing.T) {
	patches := regexp.MustCompile("(?s)```yaml\n(  patches:\n.*?)```").FindStringSubmatch(read(t, "docs/architecture.md"))
	require.NotNil(t, patches)
	file := filepath.Join(t.TempDir(), "tenant.yaml")
	require.NoError(t, os.WriteFile(file, []byte(read(t, "examples/tenants/team-a/tenant.yaml")+patches[1]), 0o600))
	command := exec.CommandContext(t.Context(), "bin/tenant", "template", "team-a-cache", "charts/tenant-redis", "--tenant", file, "--values", "examples/tenants/team-a/values.yaml", "--set", "auth.existingSecret=password")
	command.Dir, command.Env = root, append(os.Environ(), "HELM_BIN=bin/helm")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, 2, strings.Count(string(out), `consul.hashicorp.com/connect-inject: "false"`), "%s", out)
	require.Equal(t, 1, strings.Count(string(out), "safe-to-evict-local-volumes: redis-data"), "what is there stays")
}

// TestOutOfTheMesh holds that each Pod of an instance has the annotations that the page names.
func TestOutOfTheMesh(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), root+"/bin/helm", "template", "cache", root+"/charts/tenant-redis",
		"--set", "auth.existingSecret=password,proxy.enabled=true,monitoring.enabled=true,monitoring.probe.writes=true").Output()
	require.NoError(t, err)
	named := regexp.MustCompile("`([a-z.]+/inject): \"?([a-z]+)\"?`").FindAllStringSubmatch(read(t, "docs/architecture.md"), -1)
	require.Len(t, named, 2)
	pods := 0
	for document := range strings.SplitSeq(string(out), "\n---\n") {
		var object struct {
			Kind string
			Spec struct {
				Template        corev1.PodTemplateSpec
				Redis, Sentinel struct{ PodAnnotations map[string]string }
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(document), &object))
		annotated := map[string][]map[string]string{
			"RedisFailover": {object.Spec.Redis.PodAnnotations, object.Spec.Sentinel.PodAnnotations},
			"Deployment":    {object.Spec.Template.Annotations},
			"Job":           {object.Spec.Template.Annotations},
		}
		for _, annotations := range annotated[object.Kind] {
			pods++
			for _, one := range named {
				assert.Equal(t, one[2], annotations[one[1]], "%s: %s", object.Kind, one[1])
			}
		}
	}
	assert.GreaterOrEqual(t, pods, 6, "two of the failover, two Deployments, two Jobs")
}

// TestLinks holds that what pages link to in this repository is there, headings too.
func TestLinks(t *testing.T) {
	pages, err := Pages(root)
	require.NoError(t, err)
	link := regexp.MustCompile(`\]\(([^):\s]*)\)`)
	code := regexp.MustCompile("(?s)```.*?\n *```|`[^`\n]*`")
	count := 0
	for _, page := range pages {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, page), ""), -1) {
			count++
			file, anchor, _ := strings.Cut(match[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			info, err := os.Stat(filepath.Join(root, target))
			if !assert.NoError(t, err, "%s links to %s", page, match[1]) || anchor == "" || info.IsDir() {
				continue
			}
			assert.Contains(t, anchors(read(t, target)), anchor, "%s links to %s", page, match[1])
		}
	}
	require.Greater(t, count, 200)
}

// anchors are those that GitHub makes of a page's headings.
func anchors(text string) []string {
	var found []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		lower := strings.ToLower(strings.NewReplacer("`", "", "*", "").Replace(heading[1]))
		lower = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(lower, "")
		found = append(found, strings.ReplaceAll(lower, " ", "-"))
	}
	return found
}

// TestComingFrom holds that each value of ours which the maps of other charts' values name
// is one.
func TestComingFrom(t *testing.T) {
	var values map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "charts/tenant-redis/values.yaml")), &values))
	key := regexp.MustCompile("`([a-z][A-Za-z]*(?:\\.[a-zA-Z]+)*)`")
	count := 0
	for line := range strings.Lines(read(t, "docs/coming-from.md")) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) != 2 {
			continue
		}
		for _, match := range key.FindAllStringSubmatch(cells[1], -1) {
			path := strings.Split(match[1], ".")
			at, known := values[path[0]]
			if !known && len(path) == 1 {
				continue // a word, such as mymaster
			}
			count++
			require.True(t, known, match[1])
			for _, part := range path[1:] {
				section, isMap := at.(map[string]any)
				require.True(t, isMap, match[1])
				at, known = section[part]
				require.True(t, known, match[1])
			}
		}
	}
	require.Greater(t, count, 30)
}

// TestKeysOfOtherChartsAreAnswered holds that each key of other charts which those maps
// name is ours too, or is answered when somebody brings it.
func TestKeysOfOtherChartsAreAnswered(t *testing.T) {
	var values map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "charts/tenant-redis/values.yaml")), &values))
	var answers map[string]string
	require.NoError(t, json.Unmarshal([]byte(read(t, "charts/tenant-redis/files/other-charts.json")), &answers))
	known := func(key string) bool {
		at, path := any(values), ""
		for part := range strings.SplitSeq(key, ".") {
			path = strings.TrimPrefix(path+"."+part, ".")
			if _, answered := answers[path]; answered || path == "global" {
				return true
			}
			section, _ := at.(map[string]any)
			at = section[part]
		}
		return at != nil
	}
	key := regexp.MustCompile("`([a-zA-Z]+(?:\\.[a-zA-Z]+)*)(?:\\.\\*|: [^`]*)?`")
	count := 0
	for line := range strings.Lines(read(t, "docs/coming-from.md")) {
		cells := row(line)
		if len(cells) != 2 || cells[0] == "`spec`" {
			continue
		}
		for _, match := range key.FindAllStringSubmatch(cells[0], -1) {
			count++
			assert.True(t, known(match[1]), "%s is not in files/other-charts.json", match[1])
		}
	}
	require.Greater(t, count, 60)
}
