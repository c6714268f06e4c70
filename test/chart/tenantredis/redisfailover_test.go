package tenantredis

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// whitelisted tells, as the operator does, whether a label goes on to the Pods.
func whitelisted(t *testing.T, expressions []string, label string) bool {
	t.Helper()
	require.NotEmpty(t, expressions, "an empty list lets every label through")
	return slices.ContainsFunc(expressions, func(expression string) bool {
		return regexp.MustCompile(expression).MatchString(label)
	})
}

// TestLabelsOfPods proves that no label that an upgrade changes reaches the
// Pods: it would restart Redis.
func TestLabelsOfPods(t *testing.T) {
	rf := failover(t, nil)
	require.NotEmpty(t, rf.Labels)
	for label := range rf.Labels {
		assert.False(t, whitelisted(t, rf.Spec.LabelWhitelist, label), label)
	}
	for label, passes := range map[string]bool{
		"tenant-redis.dev/tenant":         true,
		"tenant-redis.dev":                false,
		"tenant-redisxdev/tenant":         false,
		"other.tenant-redis.dev/tenant":   false,
		"helm.sh/tenant-redis.dev/tenant": false,
		"argocd.argoproj.io/instance":     false,
	} {
		assert.Equal(t, passes, whitelisted(t, rf.Spec.LabelWhitelist, label), label)
	}
	assert.Empty(t, rf.Annotations, "the operator copies them to the StatefulSet")
}

func TestNewChartRestartsNothing(t *testing.T) {
	newer := changed(t, func(dir string) {
		file := filepath.Join(dir, "Chart.yaml")
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		bumped := regexp.MustCompile(`(?m)^(version|appVersion): .*$`).ReplaceAll(data, []byte("$1: 99.9.9"))
		require.NoError(t, os.WriteFile(file, bumped, 0o600))
	})
	id := chart.ID("RedisFailover")
	before, after := chart.Objects(t, nil)[id], newer.Objects(t, nil)[id]
	assert.NotEqual(t, before.GetLabels(), after.GetLabels(), "the new version must show")
	assert.Equal(t, before.Object["spec"], after.Object["spec"])
	assert.Equal(t, before.GetAnnotations(), after.GetAnnotations())
}

func TestSentinelTimings(t *testing.T) {
	assert.Equal(t, []string{"quorum 2", "down-after-milliseconds 2000", "failover-timeout 6000", "parallel-syncs 1"},
		failover(t, nil).Spec.Sentinel.CustomConfig)
	own := values{"sentinel": `{"downAfterMilliseconds": 5000, "failoverTimeoutMilliseconds": 40000, "parallelSyncs": 2}`}
	assert.Equal(t, []string{"quorum 2", "down-after-milliseconds 5000", "failover-timeout 40000", "parallel-syncs 2"},
		failover(t, own).Spec.Sentinel.CustomConfig)
}

func TestCommands(t *testing.T) {
	redis := failover(t, nil).Spec.Redis
	assert.Equal(t, []string{"/bin/sh", "/redis-shutdown/start.sh", "redis-server", "/redis/redis.conf"}, redis.Command[:4])
	assert.Equal(t, "/data", argument(t, redis.Command, "--dir"))
	assert.Equal(t, "no", argument(t, redis.Command, "--protected-mode"))
	assert.Empty(t, redis.CustomConfig, "a restarted Redis lacks it until the operator's next pass")

	sentinel := failover(t, nil).Spec.Sentinel
	assert.Equal(t, []string{"/bin/sh", "/redis-shutdown/linger.sh", "redis-server", "/redis/sentinel.conf", "--sentinel"}, sentinel.Command[:5])
	mounted := func(v corev1.Volume) bool {
		return v.ConfigMap != nil && v.Name == sentinel.ExtraVolumeMounts[0].Name && sentinel.ExtraVolumeMounts[0].MountPath == "/redis-shutdown"
	}
	assert.True(t, slices.ContainsFunc(sentinel.ExtraVolumes, mounted))
	assert.Equal(t, "no", argument(t, sentinel.Command, "--protected-mode"))
}

// argument returns what follows an option that must stand in a command once.
func argument(t *testing.T, command []string, option string) string {
	t.Helper()
	i := slices.Index(command, option)
	require.GreaterOrEqual(t, i, 0, option)
	require.Less(t, i+1, len(command), option)
	require.NotContains(t, command[i+1:], option)
	return command[i+1]
}

func TestReplicas(t *testing.T) {
	spec := failover(t, values{"redis.replicas": "4", "sentinel.replicas": "5"}).Spec
	assert.EqualValues(t, 4, spec.Redis.Replicas)
	assert.EqualValues(t, 5, spec.Sentinel.Replicas)
}

func TestRedisPod(t *testing.T) {
	assert.EqualValues(t, 60, failover(t, nil).Spec.Redis.TerminationGracePeriod)
	redis := failover(t, values{"redis.terminationGracePeriodSeconds": "120"}).Spec.Redis
	assert.EqualValues(t, 120, redis.TerminationGracePeriod)
	assert.NotNil(t, redis.Storage.EmptyDir)
}

// TestReadinessIsAskedSoon holds that a new Pod can count as there within seconds, with
// the operator that takes a probe of the chart's.
func TestReadinessIsAskedSoon(t *testing.T) {
	for name, c := range components(t, nil) {
		require.NotNil(t, c.CustomReadinessProbe, name)
		require.NotNil(t, c.CustomReadinessProbe.Exec, name)
		assert.Less(t, c.CustomReadinessProbe.InitialDelaySeconds, int32(5), name)
	}
	for name, c := range components(t, values{"flavour": `"spotahome-1.2"`}) {
		assert.Nil(t, c.CustomReadinessProbe, name)
	}
}

func TestContainers(t *testing.T) {
	for name, c := range components(t, values{"image": `"mirror/redis:7"`, "exporter.image": `"mirror/exporter:2"`}) {
		assert.True(t, c.Exporter.Enabled, name)
		assert.Equal(t, "mirror/redis:7", c.Image, name)
		assert.Equal(t, "mirror/exporter:2", c.Exporter.Image, name)
		for _, container := range c.pod().Containers {
			id := name + " " + container.Name
			assert.Equal(t, corev1.PullIfNotPresent, container.ImagePullPolicy, id)
			assert.False(t, container.Resources.Requests.Cpu().IsZero(), id)
			assert.False(t, container.Resources.Requests.Memory().IsZero(), id)
			assert.Equal(t, container.Resources.Requests.Memory(), container.Resources.Limits.Memory(), id)
			assert.True(t, container.Resources.Limits.Cpu().IsZero(), "%s: a throttled Redis looks dead", id)
		}
	}
}

func TestPullSecrets(t *testing.T) {
	for name, c := range components(t, values{"imagePullSecrets": `[{"name": "mirror"}]`}) {
		assert.Equal(t, []corev1.LocalObjectReference{{Name: "mirror"}}, c.ImagePullSecrets, name)
	}
}

func TestServiceAccount(t *testing.T) {
	objects := chart.Objects(t, nil)
	account := objects[chart.ID("ServiceAccount")].Object
	require.NotNil(t, account)
	assert.Equal(t, false, account["automountServiceAccountToken"])
	for name, c := range components(t, nil) {
		assert.Equal(t, release, c.ServiceAccountName, name)
	}
}

func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for name, c := range components(t, nil) {
		pod := c.pod()
		if name == "sentinel" {
			pod.InitContainers = []corev1.Container{{Name: "config-copy", SecurityContext: c.ConfigCopy.ContainerSecurityContext}}
		}
		for _, result := range evaluator.EvaluatePod(restricted, &metav1.ObjectMeta{}, &pod) {
			assert.True(t, result.Allowed, "%s: %s: %s", name, result.ForbiddenReason, result.ForbiddenDetail)
		}

		// What the standard leaves open.
		assert.Greater(t, *pod.SecurityContext.RunAsUser, int64(10000), name)
		assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type, name)
		for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
			id := name + " " + container.Name
			require.NotNil(t, container.SecurityContext, id)
			assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem, id)
			require.NotNil(t, container.SecurityContext.SeccompProfile, id)
			assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, container.SecurityContext.SeccompProfile.Type, id)
		}
	}
}

// TestPlatformChoosesTheUser holds that runAsUser 0 leaves user and groups to the
// platform everywhere: OpenShift's restricted-v2 refuses any that it has not chosen.
func TestPlatformChoosesTheUser(t *testing.T) {
	chosen := values{"runAsUser": "0", "proxy.enabled": "true"}
	pods := map[string]corev1.PodSpec{
		"proxy": proxyDeployment(t, chosen).Template.Spec,
	}
	for name, c := range components(t, chosen) {
		pods[name] = c.pod()
	}
	for name, pod := range pods {
		assert.True(t, *pod.SecurityContext.RunAsNonRoot, name)
		assert.Nil(t, pod.SecurityContext.RunAsUser, name)
		assert.Nil(t, pod.SecurityContext.RunAsGroup, name)
		assert.Nil(t, pod.SecurityContext.FSGroup, name)
		assert.Empty(t, pod.SecurityContext.SupplementalGroups, name)
		for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
			assert.Nil(t, container.SecurityContext.RunAsUser, "%s %s", name, container.Name)
			assert.Nil(t, container.SecurityContext.RunAsGroup, "%s %s", name, container.Name)
		}
	}
}

// TestPlacement holds that Pods of a component are on nodes of their own and
// spread over zones, and that only Sentinel's may be two on a node while its
// Deployment changes from one revision to the next.
func TestPlacement(t *testing.T) {
	spread := func(name, topology string, otherwise corev1.UnsatisfiableConstraintAction, keys ...string) corev1.TopologySpreadConstraint {
		return corev1.TopologySpreadConstraint{
			TopologyKey:       topology,
			MaxSkew:           1,
			WhenUnsatisfiable: otherwise,
			LabelSelector:     &metav1.LabelSelector{MatchLabels: labelsOf(name)},
			MatchLabelKeys:    keys,
		}
	}
	spec := failover(t, nil).Spec
	assert.Equal(t, &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
			TopologyKey:   corev1.LabelHostname,
			LabelSelector: &metav1.LabelSelector{MatchLabels: labelsOf("redis")},
		}},
	}}, spec.Redis.Affinity)
	assert.Equal(t, []corev1.TopologySpreadConstraint{
		spread("redis", corev1.LabelTopologyZone, corev1.ScheduleAnyway),
	}, spec.Redis.TopologySpreadConstraints)

	assert.Equal(t, &corev1.Affinity{}, spec.Sentinel.Affinity, "without one the operator sets its own")
	assert.Equal(t, []corev1.TopologySpreadConstraint{
		spread("sentinel", corev1.LabelHostname, corev1.DoNotSchedule, "pod-template-hash"),
		spread("sentinel", corev1.LabelTopologyZone, corev1.ScheduleAnyway),
	}, spec.Sentinel.TopologySpreadConstraints)
}

// TestNodes holds that Pods run where they may and stay bound to a node that is
// gone: a Terminating Pod stops the operator.
func TestNodes(t *testing.T) {
	stay := []corev1.Toleration{
		{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
		{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
	}
	for name, c := range components(t, nil) {
		assert.Equal(t, stay, c.Tolerations, name)
		assert.Empty(t, c.NodeSelector, name)
		assert.Empty(t, c.PriorityClassName, name)
	}
	dedicated := corev1.Toleration{Key: "elastisys.io/node-type", Operator: corev1.TolerationOpEqual, Value: "redis", Effect: corev1.TaintEffectNoSchedule}
	for name, c := range components(t, values{
		"placement.tolerations":       `[{"key": "elastisys.io/node-type", "operator": "Equal", "value": "redis", "effect": "NoSchedule"}]`,
		"placement.nodeSelector":      `{"elastisys.io/node-type": "redis"}`,
		"placement.priorityClassName": `"high"`,
	}) {
		assert.Equal(t, append(slices.Clone(stay), dedicated), c.Tolerations, name)
		assert.Equal(t, map[string]string{"elastisys.io/node-type": "redis"}, c.NodeSelector, name)
		assert.Equal(t, "high", c.PriorityClassName, name)
	}
}

func TestLabels(t *testing.T) {
	for id, o := range awkward.Objects(t, nil) {
		for _, label := range []string{"name", "instance", "version", "managed-by"} {
			assert.Contains(t, o.GetLabels(), "app.kubernetes.io/"+label, id)
		}
		assert.Contains(t, o.GetLabels(), "helm.sh/chart", id)
		assert.Equal(t, "tenant-redis", o.GetLabels()["app.kubernetes.io/name"], "%s: the instance's name is for the operator's objects", id)
	}
}
