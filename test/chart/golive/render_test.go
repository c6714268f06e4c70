// Package golive tests the chart's `helm test`: what it renders, and its script
// on Redis and Sentinel processes of this machine.
package golive

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	psaapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// job renders one of the tests with one of Helm's majors.
func job(t *testing.T, helm, name string, flags ...string) batchv1.Job {
	t.Helper()
	arguments := append([]string{
		"template", "cache", render.Repository + "/charts/tenant-redis", "--namespace", "redis-system",
		"--show-only", "templates/tests/" + name + ".yaml", "--set", "auth.existingSecret=mine",
	}, flags...)
	out, err := exec.CommandContext(t.Context(), render.Built(t, helm), arguments...).Output()
	require.NoError(t, err, "%s", out)
	var job batchv1.Job
	require.NoError(t, yaml.UnmarshalStrict(out, &job))
	return job
}

func TestJobs(t *testing.T) {
	const label = "elastisys.io/redis-cache-access"
	for _, helm := range []string{"helm", "helm4"} {
		t.Run(helm, func(t *testing.T) {
			golive, stranger := job(t, helm, "golive"), job(t, helm, "stranger")
			require.Equal(t, "allow", golive.Spec.Template.Labels[label])
			delete(golive.Spec.Template.Labels, label)
			require.Equal(t, golive.Spec.Template.Labels, stranger.Spec.Template.Labels, "the label alone tells them apart")
			require.Less(t, golive.Annotations["helm.sh/hook-weight"], stranger.Annotations["helm.sh/hook-weight"],
				"that nobody answers a stranger says nothing unless somebody answers the tenant")
			require.Equal(t, []string{"golive.sh", "tenant", "60", "3", "3"}, golive.Spec.Template.Spec.Containers[0].Args[1:])
			require.Equal(t, []string{"golive.sh", "stranger", "rfs-cache.redis-system:26379", "rfr-cache.redis-system:6379"},
				stranger.Spec.Template.Spec.Containers[0].Args[1:])
			for _, j := range []batchv1.Job{golive, stranger} {
				require.Equal(t, "test", j.Annotations["helm.sh/hook"])
				require.Equal(t, "before-hook-creation", j.Annotations["helm.sh/hook-delete-policy"], "the log stays")
				assertRestricted(t, j.Spec.Template)
				assertScript(t, j.Spec.Template.Spec.Containers[0])
			}
		})
	}
}

func assertScript(t *testing.T, container corev1.Container) {
	t.Helper()
	file, err := os.ReadFile(script)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(file)), strings.TrimSpace(container.Args[0]))
	require.NotContains(t, container.Args[0], "$$", "Kubernetes makes it one $")
	require.Equal(t, "cache", container.EnvFrom[0].ConfigMapRef.Name)
	require.False(t, container.Resources.Requests.Cpu().IsZero())
	require.False(t, container.Resources.Requests.Memory().IsZero())
}

func assertRestricted(t *testing.T, template corev1.PodTemplateSpec) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	for _, result := range evaluator.EvaluatePod(
		psaapi.LevelVersion{Level: psaapi.LevelRestricted, Version: psaapi.LatestVersion()}, &template.ObjectMeta, &template.Spec) {
		require.True(t, result.Allowed, result.ForbiddenDetail)
	}
}

func TestJobsPassword(t *testing.T) {
	env := job(t, "helm", "golive").Spec.Template.Spec.Containers[0].Env
	require.Len(t, env, 1)
	require.Equal(t, "REDIS_PASSWORD", env[0].Name)
	require.Equal(t, "mine", env[0].ValueFrom.SecretKeyRef.Name)
	require.Empty(t, job(t, "helm", "golive", "--set", "auth.enabled=false,auth.existingSecret=").Spec.Template.Spec.Containers[0].Env)

	env = job(t, "helm", "golive", "--set", "auth.tenantUser=app,auth.readOnlyUser=viewer").Spec.Template.Spec.Containers[0].Env
	keys := map[string]string{}
	for _, variable := range env {
		keys[variable.Name] = variable.Value
		if from := variable.ValueFrom; from != nil {
			keys[variable.Name] = from.SecretKeyRef.Name + "/" + from.SecretKeyRef.Key
		}
	}
	require.Equal(t, map[string]string{
		"REDIS_USERNAME": "app", "REDIS_PASSWORD": "mine/tenant-password",
		"REDIS_READ_USERNAME": "viewer", "REDIS_READ_PASSWORD": "mine/read-only-password",
	}, keys)
}

// TestProxyPorts holds that a stranger tries each port of the proxy.
func TestProxyPorts(t *testing.T) {
	const host = "cache-proxy.redis-system:"
	for flags, ports := range map[string][]string{
		"proxy.enabled=true":                                                {"6379", "6380"},
		"proxy.enabled=true,proxy.tls.existingSecret=a":                     {"6379", "6380", "6381", "6382"},
		"proxy.enabled=true,proxy.tls.existingSecret=a,proxy.tls.only=true": {"6381", "6382"},
	} {
		var want []string
		for _, port := range ports {
			want = append(want, host+port)
		}
		require.ElementsMatch(t, want, job(t, "helm", "stranger", "--set", flags).Spec.Template.Spec.Containers[0].Args[5:], flags)
	}
}

// TestJobWithProxiesAlone holds that the tenant's Pod is to find closed what it may not reach then.
func TestJobWithProxiesAlone(t *testing.T) {
	arguments := job(t, "helm", "golive", "--set", "proxy.enabled=true,access.sentinel=false").Spec.Template.Spec.Containers[0].Args[1:]
	require.Equal(t, []string{"golive.sh", "tenant", "60", "3", "3", "rfs-cache.redis-system:26379", "rfr-cache.redis-system:6379"}, arguments)
}

// TestLongestName holds that the Jobs of the longest name have names that fit
// into the label that Kubernetes makes of them.
func TestLongestName(t *testing.T) {
	name := strings.Repeat("n", 48)
	for _, test := range []string{"golive", "stranger"} {
		require.LessOrEqual(t, len(job(t, "helm", test, "--set", "name="+name).Name), 63)
	}
}
