//go:build e2e

package framework

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenant-redis/tenant-redis/test/topology"
)

// servingTimeout is two of the operator's passes, 30 s each, for the Pods to
// start and to be put together, and as much again for a busy machine.
const servingTimeout = 3 * time.Minute

// hurry is the time between two passes of the operator that are asked for.
const hurry = 5 * time.Second

// Instance is one tenant's Redis, installed with Helm.
type Instance struct {
	// Name is that of the release and of the RedisFailover.
	Name string
	// Namespace is the release's, and Tenant the first of the tenant's own.
	Namespace, Tenant string

	// helm is the command of the release's major, and postRenderer how it is told
	// tenant-post: Helm 3 takes a path, Helm 4 a plugin's name.
	helm         []string
	postRenderer string
	// new is whether it has never served.
	new bool
	// dumped is whether the test has dumped it by itself.
	dumped bool
}

// Release is how an instance is installed.
type Release struct {
	// Name is that of the release; Tenant is the tenant's namespace, by default of
	// the same name.
	Name, Tenant string
	// Namespace is the release's, SystemNamespace by default.
	Namespace string
	// Helm4 is whether to use Helm 4 instead of Helm 3.
	Helm4 bool
	// Example is a tenant of examples/tenants, whose values and tenant file are
	// used. Its name gets the prefix "e2e-" wherever it stands in them.
	Example string
	// TenantFile is the path of a tenant file for tenant-post, where there is no
	// Example.
	TenantFile string
	// Prepare, if set, is called once the tenant's namespace is there.
	Prepare func()
	// Values maps a value's path to JSON. They add to the example's, or to those
	// of a small instance.
	Values map[string]string
	// Flags are more of Helm's own.
	Flags []string
}

// ExamplePrefix keeps the example tenants of the tests apart from those of
// `make up`.
const ExamplePrefix = "e2e-"

// small is an instance that the test cluster can have many of, with its images.
var small = map[string]string{
	"size": `"own"`, "redis.memory": `"128Mi"`, "redis.cpu": `"50m"`,
	"image":          `"tenant-redis.local/valkey/valkey:8.1.11"`,
	"exporter.image": `"tenant-redis.local/oliver006/redis_exporter:v1.88.0"`,
	"proxy.image":    `"tenant-redis.local/library/haproxy:3.2.26"`,
}

// New is an instance of which only the tenant's namespace is there, until after
// the test.
func New(t *testing.T, release Release) *Instance {
	t.Helper()
	i := &Instance{
		Name: release.Name, Namespace: cmp.Or(release.Namespace, SystemNamespace),
		Tenant: cmp.Or(release.Tenant, release.Name),
		helm:   []string{"helm"}, postRenderer: Path("bin/tenant-post"),
	}
	if release.Helm4 {
		i.helm, i.postRenderer = []string{"env", "HELM_PLUGINS=" + Path("bin/plugins/helm4"), "helm4"}, "tenant-post"
	}
	Namespace(t, i.Tenant)
	t.Cleanup(func() { i.dumpFailure(t) })
	return i
}

// Install installs the tenant chart and removes it after the test.
func Install(t *testing.T, release Release) *Instance {
	t.Helper()
	i := New(t, release)
	if release.Prepare != nil {
		release.Prepare()
	}
	_ = i.uninstall(CleanupContext(t))
	t.Cleanup(func() {
		i.dumpFailure(t)
		_ = i.uninstall(CleanupContext(t))
	})
	i.Upgrade(t, Path("charts/tenant-redis"), release)
	i.new = true
	return i
}

// Upgrade installs or upgrades the release from a chart's folder. A value that
// is not named is the default again, not the last release's.
func (i *Instance) Upgrade(t *testing.T, chart string, release Release) {
	t.Helper()
	require.NoError(t, i.TryUpgrade(t, chart, release))
}

// TryUpgrade is Upgrade where the test does not end because Helm fails.
func (i *Instance) TryUpgrade(t *testing.T, chart string, release Release) error {
	t.Helper()
	_, err := i.runHelm(t.Context(), append([]string{"upgrade", "--install", i.Name, chart}, i.flags(t, release)...)...)
	return err
}

// Template is what Helm renders of the chart without a cluster.
func (i *Instance) Template(t *testing.T, release Release) string {
	t.Helper()
	return i.Helm(t, append([]string{"template", i.Name, Path("charts/tenant-redis"), "--skip-tests"}, i.flags(t, release)...)...)
}

// flags are Helm's for a release.
func (i *Instance) flags(t *testing.T, release Release) []string {
	t.Helper()
	var flags []string
	values := map[string]string{}
	if release.Example != "" {
		flags = []string{
			"--values", exampleFile(t, release.Example, "values.yaml"),
		}
		release.TenantFile = exampleFile(t, release.Example, "tenant.yaml")
	} else {
		maps.Copy(values, small)
		values["tenantNamespaces"] = fmt.Sprintf("[%q]", i.Tenant)
	}
	if release.TenantFile != "" {
		flags = append(flags, "--post-renderer", i.postRenderer, "--post-renderer-args", "--tenant="+release.TenantFile)
	}
	maps.Copy(values, release.Values)
	for _, path := range slices.Sorted(maps.Keys(values)) {
		flags = append(flags, "--set-json", path+"="+values[path])
	}
	return append(flags, release.Flags...)
}

// exampleFile is a file of an example tenant with the tests' names in it.
func exampleFile(t *testing.T, tenant, name string) string {
	t.Helper()
	content, err := os.ReadFile(Path(filepath.Join("examples/tenants", tenant, name)))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(content), tenant, ExamplePrefix+tenant)), 0o600))
	return file
}

// Helm runs the release's helm in its namespace and returns what it prints.
func (i *Instance) Helm(t *testing.T, args ...string) string {
	t.Helper()
	out, err := i.runHelm(t.Context(), args...)
	require.NoError(t, err)
	return out
}

// Uninstall removes the release, and fails if it cannot.
func (i *Instance) Uninstall(t *testing.T) {
	t.Helper()
	require.NoError(t, i.uninstall(t.Context()))
}

func (i *Instance) uninstall(ctx context.Context) error {
	_, err := i.runHelm(ctx, "uninstall", i.Name)
	return err
}

func (i *Instance) runHelm(ctx context.Context, args ...string) (string, error) {
	command := slices.Concat(i.helm, []string{"--namespace", i.Namespace}, args)
	return run(ctx, command[0], command[1:]...)
}

// Topology is how to ask the instance what it is.
func (i *Instance) Topology() topology.Instance {
	return topology.Instance{Namespace: i.Namespace, Name: i.Name}
}

// AwaitServing waits until the instance serves and returns its topology. A new one
// need not wait for the operator's passes, 30 s apart.
func (i *Instance) AwaitServing(t *testing.T) topology.Topology {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servingTimeout)
	defer cancel()
	if i.new {
		go i.Hurry(ctx)
		i.new = false
	}
	start := time.Now()
	serving, err := i.Topology().Await(ctx, nil)
	require.NoError(t, err)
	t.Logf("%s serves after %s", i.Name, time.Since(start).Round(time.Second))
	return serving
}

// Hurry has the operator look at the instance every few seconds until ctx ends: it
// does whenever a RedisFailover changes.
func (i *Instance) Hurry(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		// One that is missed is followed by another.
		_, _ = Ask(ctx, "--namespace", i.Namespace, "annotate", "redisfailover", i.Name, "--overwrite", fmt.Sprintf("e2e/hurry=%d", n))
		select {
		case <-time.After(hurry):
		case <-ctx.Done():
		}
	}
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
	return ListPods(t, i.Namespace, i.Selector(component))
}

// RedisCLI asks a Redis Pod of the instance, with the password.
func (i *Instance) RedisCLI(t *testing.T, pod, command string) string {
	t.Helper()
	return Output(t, i.Namespace, "exec", pod, "--container=redis", "--", "sh", "-c", "REDISCLI_AUTH=$REDIS_PASSWORD redis-cli "+command)
}

// Sentinel is a field of what a Sentinel of the instance says of its master.
func (i *Instance) Sentinel(t *testing.T, field string) string {
	t.Helper()
	answer := Output(t, i.Namespace, "exec", i.Pods(t, "sentinel")[0].Name, "--container=sentinel", "--",
		"redis-cli", "-p", "26379", "--json", "SENTINEL", "MASTER", "mymaster")
	var fields map[string]string
	require.NoError(t, json.Unmarshal([]byte(answer), &fields), answer)
	return fields[field]
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

// ListPods are the Pods of a namespace that a selector selects.
func ListPods(t *testing.T, namespace, selector string) []corev1.Pod {
	t.Helper()
	pods, err := Client(t).CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
	require.NoError(t, err)
	return pods.Items
}
