//go:build e2e

package framework

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/helm"
	"github.com/gruntwork-io/terratest/modules/k8s"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenant-redis/tenant-redis/test/topology"
)

// servingTimeout is two of the operator's passes, 30 s each, for the Pods to
// start and to be put together, and as much again for a busy machine.
const servingTimeout = 3 * time.Minute

// Instance is one tenant's Redis, installed with Helm.
type Instance struct {
	// Name is that of the release and of the RedisFailover.
	Name string
	// Tenant is the tenant's namespace.
	Tenant string

	helm *helm.Options
	// dumped is whether the test has dumped it by itself.
	dumped bool
}

// Values are the values and flags of a release.
type Values struct {
	// JSON maps a value's path to JSON.
	JSON map[string]string
	// Flags are further flags of helm install.
	Flags []string
}

// PostRendered installs as a platform does: images, labels and access come from
// the example tenant's file, with the names of this instance.
func PostRendered(t *testing.T, name string) Values {
	t.Helper()
	example, err := os.ReadFile(Path("examples/tenants/team-a/tenant.yaml"))
	require.NoError(t, err)
	text := strings.NewReplacer("team-a-cache", name, "namespaces: [team-a]", "namespaces: ["+name+"]").Replace(string(example))
	file := filepath.Join(t.TempDir(), "tenant.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return Values{Flags: []string{
		"--post-renderer", Path("bin/tenant-post"), "--post-renderer-args", "--tenant=" + file,
	}}
}

// Plain installs with Helm alone: values name the test cluster's images.
func Plain() Values {
	return Values{JSON: map[string]string{
		"image":          `"tenant-redis.local/library/redis:7.0.15"`,
		"exporter.image": `"tenant-redis.local/oliver006/redis_exporter:v1.88.0"`,
	}}
}

// Install installs the tenant chart under a name, for a tenant's namespace of
// the same name, and removes both after the test.
func Install(t *testing.T, name string, values Values) *Instance {
	t.Helper()
	Namespace(t, name)
	i := &Instance{Name: name, Tenant: name}
	i.helm = &helm.Options{
		KubectlOptions: Kubectl(SystemNamespace),
		SetJSONValues:  map[string]string{
			"tenantNamespaces": fmt.Sprintf("[%q]", name), "size": `"own"`, "redis.memory": `"128Mi"`, "redis.cpu": `"100m"`,
		},
		ExtraArgs:      map[string][]string{"install": values.Flags},
	}
	for path, value := range values.JSON {
		i.helm.SetJSONValues[path] = value
	}
	i.uninstall(t)
	t.Cleanup(func() {
		if t.Failed() && !i.dumped {
			i.Dump(t)
		}
		i.uninstall(t)
	})
	require.NoError(t, helm.InstallContextE(t, t.Context(), i.helm, Path("charts/tenant-redis"), name))
	return i
}

// Uninstall removes the release, and fails if it cannot.
func (i *Instance) Uninstall(t *testing.T) {
	t.Helper()
	require.NoError(t, helm.DeleteContextE(t, t.Context(), i.helm, i.Name, true))
}

func (i *Instance) uninstall(t *testing.T) {
	t.Helper()
	_ = helm.DeleteContextE(t, CleanupContext(t), i.helm, i.Name, true)
}

// AwaitServing waits until the instance serves and returns its topology.
func (i *Instance) AwaitServing(t *testing.T) topology.Topology {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servingTimeout)
	defer cancel()
	start := time.Now()
	serving, err := topology.Instance{Namespace: SystemNamespace, Name: i.Name}.Await(ctx, nil)
	require.NoError(t, err)
	t.Logf("%s serves after %s", i.Name, time.Since(start).Round(time.Second))
	return serving
}

// Selector selects the Pods of one component, redis or sentinel, or of both if
// it is empty.
func (i *Instance) Selector(component string) string {
	selector := "app.kubernetes.io/part-of=redis-failover,app.kubernetes.io/name=" + i.Name
	if component != "" {
		selector += ",app.kubernetes.io/component=" + component
	}
	return selector
}

// Pods are those of a component; see Selector.
func (i *Instance) Pods(t *testing.T, component string) []corev1.Pod {
	t.Helper()
	return k8s.ListPodsContext(t, t.Context(), Kubectl(SystemNamespace), metav1.ListOptions{LabelSelector: i.Selector(component)})
}

// RedisCLI asks a Redis Pod, with its password.
func RedisCLI(t *testing.T, pod, command string) string {
	t.Helper()
	return Output(t, SystemNamespace, "exec", pod, "--container=redis", "--", "sh", "-c", "REDISCLI_AUTH=$REDIS_PASSWORD redis-cli "+command)
}

// AccessLabel is the key of the label that lets a Pod in.
func (i *Instance) AccessLabel() string {
	return "elastisys.io/redis-" + i.Name + "-access"
}

// CleanupContext returns a context for what must happen even after the test: it
// outlives the test's own, which ends before its clean-up.
func CleanupContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
