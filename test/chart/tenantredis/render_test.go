// Package tenantredis tests the chart charts/tenant-redis as Helm renders it,
// without a cluster.
package tenantredis

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const (
	release   = "cache"
	namespace = "redis-system"
)

var chart = render.Chart{
	Dir:       render.Repository + "/charts/tenant-redis",
	Release:   release,
	Namespace: namespace,
	// Without a cluster the chart makes no password.
	Values: values{"auth.existingSecret": `"mine"`},
}

// awkward is a release whose name YAML takes for a truth value.
var awkward = render.Chart{Dir: chart.Dir, Release: "no", Namespace: namespace, Values: chart.Values}

// withoutPassword are the values of an instance that asks for none.
var withoutPassword = values{"auth.enabled": "false", "auth.existingSecret": `""`}

type values = render.Values

func TestMain(m *testing.M) {
	render.UsePinnedHelm()
	m.Run()
}

// redisFailover has the fields that the chart sets and no others, so that each
// new one is looked at here. That the operator knows them is for its CRD to say.
type redisFailover struct {
	metav1.TypeMeta
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		LabelWhitelist  []string
		Auth            struct{ SecretPath string }
		BootstrapNode   *bootstrapNode
		Redis, Sentinel component
	}
}

type bootstrapNode struct{ Host, Port string }

type component struct {
	Enabled                                   bool
	Replicas                                  int32
	Image                                     string
	ImagePullPolicy                           corev1.PullPolicy
	ImagePullSecrets                          []corev1.LocalObjectReference
	ServiceAccountName                        string
	TerminationGracePeriod                    int64
	ShutdownConfigMap                         string
	Command, CustomConfig                     []string
	Resources                                 corev1.ResourceRequirements
	Storage                                   struct{ EmptyDir *corev1.EmptyDirVolumeSource }
	SecurityContext                           *corev1.PodSecurityContext
	ContainerSecurityContext                  *corev1.SecurityContext
	ConfigCopy                                struct{ ContainerSecurityContext *corev1.SecurityContext }
	Affinity                                  *corev1.Affinity
	TopologySpreadConstraints                 []corev1.TopologySpreadConstraint
	PodAnnotations                            map[string]string
	NodeSelector                              map[string]string
	Tolerations                               []corev1.Toleration
	PriorityClassName                         string
	DisablePodDisruptionBudget                bool
	CustomLivenessProbe, CustomReadinessProbe *corev1.Probe
	ExtraVolumes                              []corev1.Volume
	ExtraVolumeMounts                         []corev1.VolumeMount
	Exporter                                  struct {
		Enabled                  bool
		Image                    string
		ImagePullPolicy          corev1.PullPolicy
		Env                      []corev1.EnvVar
		Resources                corev1.ResourceRequirements
		ContainerSecurityContext *corev1.SecurityContext
	}
}

// pod is what the operator makes of a component, as far as the tests look.
func (c component) pod() corev1.PodSpec {
	return corev1.PodSpec{
		SecurityContext: c.SecurityContext,
		Containers: []corev1.Container{
			{
				Name: "main", Image: c.Image, ImagePullPolicy: c.ImagePullPolicy,
				Resources: c.Resources, SecurityContext: c.ContainerSecurityContext,
			},
			{
				Name: "exporter", Image: c.Exporter.Image, ImagePullPolicy: c.Exporter.ImagePullPolicy,
				Resources: c.Exporter.Resources, SecurityContext: c.Exporter.ContainerSecurityContext,
			},
		},
	}
}

func failover(t *testing.T, v values) redisFailover {
	t.Helper()
	return render.Get[redisFailover](t, chart.Objects(t, v), chart.ID("RedisFailover"))
}

// components returns Redis and Sentinel by the name that the operator gives to
// them in labels.
func components(t *testing.T, v values) map[string]component {
	t.Helper()
	spec := failover(t, v).Spec
	return map[string]component{"redis": spec.Redis, "sentinel": spec.Sentinel}
}

// labelsOf returns the labels by which the operator selects the Pods of one
// component.
func labelsOf(component string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":      release,
		"app.kubernetes.io/component": component,
		"app.kubernetes.io/part-of":   "redis-failover",
	}
}

// changed returns the chart from a copy in which change has been at work.
func changed(t *testing.T, change func(dir string)) render.Chart {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tenant-redis")
	require.NoError(t, os.CopyFS(dir, os.DirFS(chart.Dir)))
	change(dir)
	own := chart
	own.Dir = dir
	return own
}
