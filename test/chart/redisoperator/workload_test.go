package redisoperator

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// flavours maps each flavour to the tag that upstream published it under.
var flavours = map[string]string{
	"spotahome-1.3": "v1.3.0-rc1",
	"spotahome-1.2": "v1.2.4",
}

func deployment(t *testing.T, v values) appsv1.Deployment {
	t.Helper()
	return render.Get[appsv1.Deployment](t, chart.Objects(t, v), chart.ID("Deployment"))
}

func TestImage(t *testing.T) {
	for flavour, tag := range flavours {
		t.Run(flavour, func(t *testing.T) {
			container := deployment(t, values{"flavour": `"` + flavour + `"`}).Spec.Template.Spec.Containers[0]
			assert.Equal(t, "quay.io/spotahome/redis-operator:"+tag, container.Image)
			assert.Equal(t, corev1.PullIfNotPresent, container.ImagePullPolicy)
			for _, arg := range container.Args {
				flag, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
				assert.Contains(t, operatorFlags(t, flavour), flag, "it exits on flags that it does not know")
			}
		})
	}
	own := deployment(t, values{"image": `{"repository": "mirror.example:5000/redis-operator", "tag": "v1.3.0-own"}`})
	assert.Equal(t, "mirror.example:5000/redis-operator:v1.3.0-own", own.Spec.Template.Spec.Containers[0].Image)
	assert.Empty(t, own.Spec.Template.Spec.ImagePullSecrets)
}

// fork are the least values with which the living fork runs.
var fork = values{"flavour": `"freshworks"`, "group": `"blue"`, "image.repository": `"mirror.example/redis-operator"`}

// TestFork holds what the fork needs and others have not: the group, without which it exits,
// and the right to hold that group's lock.
func TestFork(t *testing.T) {
	objects := chart.Objects(t, fork)
	container := render.Get[appsv1.Deployment](t, objects, chart.ID("Deployment")).Spec.Template.Spec.Containers[0]
	assert.Equal(t, "mirror.example/redis-operator:v3.3.5", container.Image)
	assert.Equal(t, []corev1.EnvVar{{Name: "OPERATOR_GROUP_ID", Value: "blue"}}, container.Env)
	granted := grants(t, objects)
	assert.ElementsMatch(t, slices.Concat(discovery, workload), granted[""])
	var locks []string
	for _, grant := range election {
		locks = append(locks, strings.Replace(grant, "redis-failover-lease", "redis-failover-lease-blue", 1))
	}
	assert.ElementsMatch(t, locks, granted[namespace])
	for flavour := range flavours {
		assert.Empty(t, deployment(t, values{"flavour": `"` + flavour + `"`}).Spec.Template.Spec.Containers[0].Env)
	}
}

func TestImageByDigest(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0a", 32)
	pod := deployment(t, values{
		"image":            `{"repository": "mirror.example:5000/redis-operator", "digest": "` + digest + `"}`,
		"imagePullSecrets": `[{"name": "mirror"}]`,
	}).Spec.Template.Spec
	assert.Equal(t, "mirror.example:5000/redis-operator:v1.3.0-rc1@"+digest, pod.Containers[0].Image)
	assert.Equal(t, []corev1.LocalObjectReference{{Name: "mirror"}}, pod.ImagePullSecrets)
}

// operatorFlags are the names of the flags that a flavour's source registers.
func operatorFlags(t *testing.T, flavour string) []string {
	t.Helper()
	source := "redis-operator-" + strings.TrimPrefix(flavour, "spotahome-")
	data := render.ModuleFile(t, source, "github.com/spotahome/redis-operator", "cmd/utils/flags.go")
	var flags []string
	for _, match := range regexp.MustCompile(`flag\.\w+Var\(&[\w.]+, "([^"]+)"`).FindAllSubmatch(data, -1) {
		flags = append(flags, string(match[1]))
	}
	require.NotEmpty(t, flags)
	return flags
}

func TestPodIsRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	pod := deployment(t, nil).Spec.Template
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
		assert.True(t, result.Allowed, "%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
	}

	// What the standard leaves open.
	assert.Greater(t, *pod.Spec.SecurityContext.RunAsUser, int64(10000))
	for _, container := range pod.Spec.Containers {
		assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
	}
}

// TestPlatformChoosesTheUser holds that runAsUser 0 leaves it to the platform.
func TestPlatformChoosesTheUser(t *testing.T) {
	pod := deployment(t, values{"runAsUser": "0"}).Spec.Template.Spec
	assert.True(t, *pod.SecurityContext.RunAsNonRoot)
	assert.Nil(t, pod.SecurityContext.RunAsUser)
	assert.Nil(t, pod.SecurityContext.RunAsGroup)
	for _, container := range pod.Containers {
		assert.Nil(t, container.SecurityContext.RunAsUser)
	}
}

func TestContainersHaveResources(t *testing.T) {
	pod := deployment(t, nil).Spec.Template.Spec
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		for _, list := range []corev1.ResourceList{container.Resources.Requests, container.Resources.Limits} {
			assert.False(t, list.Cpu().IsZero(), container.Name)
			assert.False(t, list.Memory().IsZero(), container.Name)
		}
		// A node that runs full evicts others first, and no log of kubelet's reaches the limit.
		assert.GreaterOrEqual(t, container.Resources.Requests.StorageEphemeral().Value(), int64(64<<20), container.Name)
		assert.GreaterOrEqual(t, container.Resources.Limits.StorageEphemeral().Value(), int64(1<<30), container.Name)
	}
}

func TestLabels(t *testing.T) {
	objects := chart.Objects(t, values{"watchedNamespaces": `["tenant-a", "tenant-b"]`})
	for id, o := range objects {
		for _, label := range []string{"name", "instance", "version", "managed-by"} {
			assert.Contains(t, o.GetLabels(), "app.kubernetes.io/"+label, id)
		}
		assert.Contains(t, o.GetLabels(), "helm.sh/chart", id)
	}
}

func TestSelectorsMatchThePods(t *testing.T) {
	objects := chart.Objects(t, nil)
	d := render.Get[appsv1.Deployment](t, objects, chart.ID("Deployment"))
	pods := labels.Set(d.Spec.Template.Labels)
	assert.Equal(t, "redis-operator", pods["app.kubernetes.io/name"], "tenants' NetworkPolicies admit this label")

	spread := d.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector
	apart := d.Spec.Template.Spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm.LabelSelector
	np := render.Get[networkingv1.NetworkPolicy](t, objects, chart.ID("NetworkPolicy"))
	pdb := render.Get[policyv1.PodDisruptionBudget](t, objects, chart.ID("PodDisruptionBudget"))
	service := render.Get[corev1.Service](t, objects, chart.ID("Service"))
	for name, selector := range map[string]*metav1.LabelSelector{
		"Deployment":          d.Spec.Selector,
		"spread":              spread,
		"anti-affinity":       apart,
		"NetworkPolicy":       &np.Spec.PodSelector,
		"PodDisruptionBudget": pdb.Spec.Selector,
		"Service":             {MatchLabels: service.Spec.Selector},
	} {
		parsed, err := metav1.LabelSelectorAsSelector(selector)
		require.NoError(t, err, name)
		assert.True(t, parsed.Matches(pods), name)
		assert.Len(t, selector.MatchLabels, 2, "%s selects by name and instance alone", name)
	}
	assert.Equal(t, d.Spec.Template.Spec.Containers[0].Ports[0].Name, service.Spec.Ports[0].TargetPort.String())
}

func TestBudgetNeedsTwoPods(t *testing.T) {
	pdb := render.Get[policyv1.PodDisruptionBudget](t, chart.Objects(t, nil), chart.ID("PodDisruptionBudget"))
	assert.Equal(t, 1, pdb.Spec.MaxUnavailable.IntValue())
	assert.NotContains(t, chart.Objects(t, values{"replicas": "1"}), chart.ID("PodDisruptionBudget"))
}

func TestNetworkPolicy(t *testing.T) {
	v := values{"monitoring": `{"namespace": "metrics", "podLabels": {"app.kubernetes.io/name": null, "app": "vmagent"}}`}
	np := render.Get[networkingv1.NetworkPolicy](t, chart.Objects(t, v), chart.ID("NetworkPolicy"))
	assert.ElementsMatch(t, []networkingv1.PolicyType{"Ingress", "Egress"}, np.Spec.PolicyTypes)

	require.Len(t, np.Spec.Ingress, 1)
	assert.Equal(t, []string{"9710/TCP"}, ports(np.Spec.Ingress[0].Ports))
	assert.Equal(t, []networkingv1.NetworkPolicyPeer{{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "metrics"}},
		PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"app": "vmagent"}},
	}}, np.Spec.Ingress[0].From)

	redis := map[string]string{"app.kubernetes.io/part-of": "redis-failover"}
	require.Len(t, np.Spec.Egress, 3)
	assert.Equal(t, []string{"53/UDP", "53/TCP"}, ports(np.Spec.Egress[0].Ports))
	assert.Equal(t, []string{"443/TCP", "6443/TCP"}, ports(np.Spec.Egress[1].Ports))
	assert.Equal(t, []string{"6379/TCP", "26379/TCP"}, ports(np.Spec.Egress[2].Ports))
	assert.Equal(t, []networkingv1.NetworkPolicyPeer{{
		NamespaceSelector: &metav1.LabelSelector{},
		PodSelector:       &metav1.LabelSelector{MatchLabels: redis},
	}}, np.Spec.Egress[2].To)

	np = render.Get[networkingv1.NetworkPolicy](t, chart.Objects(t, values{"watchedNamespaces": `["tenant-a"]`}), chart.ID("NetworkPolicy"))
	selector, err := metav1.LabelSelectorAsSelector(np.Spec.Egress[2].To[0].NamespaceSelector)
	require.NoError(t, err)
	assert.True(t, selector.Matches(labels.Set{"kubernetes.io/metadata.name": "tenant-a"}))
	assert.False(t, selector.Matches(labels.Set{"kubernetes.io/metadata.name": "tenant-b"}))
}

func ports(list []networkingv1.NetworkPolicyPort) []string {
	var names []string
	for _, port := range list {
		names = append(names, port.Port.String()+"/"+string(*port.Protocol))
	}
	return names
}
