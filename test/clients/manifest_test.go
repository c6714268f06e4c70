package clients

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/tenant-redis/tenant-redis/plugin/check"
)

// TestExamplesAreListed holds that each example is one of All.
func TestExamplesAreListed(t *testing.T) {
	folders, err := os.ReadDir(filepath.Join(repository, "examples/clients"))
	require.NoError(t, err)
	var found, listed []string
	for _, folder := range folders {
		if folder.IsDir() {
			found = append(found, folder.Name())
		}
	}
	for _, c := range All {
		listed = append(listed, c.Name)
	}
	require.ElementsMatch(t, found, listed)
}

// TestManifests holds each manifest to what the platform asks of a tenant.
func TestManifests(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	for _, c := range All {
		t.Run(c.Name, func(t *testing.T) {
			deployment, service, err := c.Manifest(repository, Instance)
			require.NoError(t, err)
			assert.Equal(t, c.Name, deployment.Name)
			assert.Equal(t, c.Name, service.Name)
			pod := deployment.Spec.Template
			assert.Equal(t, "allow", pod.Labels["elastisys.io/redis-"+Instance+"-access"])
			assert.Subset(t, pod.Labels, deployment.Spec.Selector.MatchLabels)
			assert.Equal(t, deployment.Spec.Selector.MatchLabels, service.Spec.Selector)
			assert.GreaterOrEqual(t, *deployment.Spec.Replicas, int32(2))
			restricted := policy.AggregateCheckResults(evaluator.EvaluatePod(
				api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec))
			assert.True(t, restricted.Allowed, restricted.ForbiddenDetail())
			checkContainer(t, pod.Spec.Containers[0])
			checkPlatform(t, &deployment, &service)
		})
	}
}

func checkContainer(t *testing.T, container corev1.Container) {
	t.Helper()
	assert.Equal(t, []corev1.EnvFromSource{
		{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: Instance}}},
		{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: Instance}}},
	}, container.EnvFrom)
	for _, variable := range container.Env {
		assert.NotContains(t, variable.Name, "REDIS", "what is known of Redis comes from the platform")
	}
	for _, probe := range []*corev1.Probe{container.LivenessProbe, container.ReadinessProbe} {
		if assert.NotNil(t, probe) {
			assert.Equal(t, "/healthz", probe.HTTPGet.Path)
		}
	}
	for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		assert.Contains(t, container.Resources.Requests, resource)
	}
	assert.Contains(t, container.Resources.Limits, corev1.ResourceMemory)
}

// checkPlatform holds that the platform's admission refuses nothing.
func checkPlatform(t *testing.T, objects ...any) {
	t.Helper()
	var made []unstructured.Unstructured
	for _, object := range objects {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		require.NoError(t, err)
		made = append(made, unstructured.Unstructured{Object: fields})
	}
	for _, violation := range (check.Platform{Registries: []string{"registry.example/"}}).Check(made) {
		assert.NotEqual(t, check.Deny, violation.Severity, violation)
	}
}

// TestDockerfiles holds that each example's image has what the tested one has, where its
// Deployment looks for it.
func TestDockerfiles(t *testing.T) {
	tested, err := os.ReadFile(filepath.Join(repository, "ci/images/clients/packages"))
	require.NoError(t, err)
	for _, c := range All {
		t.Run(c.Name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(c.path(), "Dockerfile"))
			require.NoError(t, err)
			deployment, _, err := c.Manifest(repository, Instance)
			require.NoError(t, err)
			container := deployment.Spec.Template.Spec.Containers[0]
			assert.Contains(t, string(text), "WORKDIR "+container.WorkingDir+"\n")
			assert.Contains(t, string(text), "--tag "+container.Image+" ")
			assert.Contains(t, string(text), "\nUSER 10001\n")
			context := c.path()
			if strings.Contains(string(text), "--file ") {
				context = repository
			}
			for line := range strings.Lines(string(text)) {
				fields := strings.Fields(line)
				switch {
				case len(fields) > 2 && fields[0] == "COPY" && !strings.HasPrefix(fields[1], "--from"):
					for _, file := range fields[1 : len(fields)-1] {
						_, err := os.Stat(filepath.Join(context, file))
						assert.NoError(t, err, line)
					}
				case strings.Contains(line, "apt-get install"):
					_, rest, _ := strings.Cut(line, "--no-install-recommends ")
					names, _, _ := strings.Cut(rest, " &&")
					for _, name := range strings.Fields(names) {
						assert.Contains(t, strings.Fields(string(tested)), name)
					}
				}
			}
		})
	}
}

// TestVersions holds that what docs/clients.md says of the versions is what the
// examples pin. Those of Debian's packages are Debian 12's.
func TestVersions(t *testing.T) {
	pins := map[string]func(t *testing.T) string{
		"go-redis": func(t *testing.T) string { t.Helper(); return module(t, "go.mod", "github.com/redis/go-redis/v9") },
		"rueidis": func(t *testing.T) string {
			t.Helper()
			return module(t, "examples/clients/rueidis/go.mod", "github.com/redis/rueidis")
		},
		"ioredis":    func(t *testing.T) string { t.Helper(); return npm(t, "ioredis", "ioredis") },
		"node-redis": func(t *testing.T) string { t.Helper(); return npm(t, "node-redis", "redis") },
	}
	for _, c := range All {
		if pinned, found := pins[c.Name]; found {
			assert.Equal(t, pinned(t), c.Version, c.Name)
			delete(pins, c.Name)
		}
	}
	require.Empty(t, pins)
}

// module is the version of a Go module in a go.mod.
func module(t *testing.T, file, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, file))
	require.NoError(t, err)
	_, after, found := strings.Cut(string(text), path+" v")
	require.True(t, found, path)
	return strings.Fields(after)[0]
}

// npm is the version that a package-lock.json pins.
func npm(t *testing.T, example, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "examples/clients", example, "package-lock.json"))
	require.NoError(t, err)
	var lock struct {
		Packages map[string]struct{ Version, Integrity string }
	}
	require.NoError(t, json.Unmarshal(text, &lock))
	for path, pinned := range lock.Packages {
		assert.True(t, path == "" || pinned.Integrity != "", "%s has no checksum", path)
	}
	return lock.Packages["node_modules/"+name].Version
}
