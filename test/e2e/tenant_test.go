//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/k8s"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

func TestTenantThroughPostRenderer(t *testing.T) {
	t.Parallel()
	instance := framework.Install(t, "e2e-rendered", framework.PostRendered(t, "e2e-rendered"))
	instance.AwaitServing(t)

	t.Run("contract", func(t *testing.T) { checkContract(t, instance) })
	t.Run("access", func(t *testing.T) { checkAccess(t, instance) })
	t.Run("password", func(t *testing.T) { checkPassword(t, instance) })
	t.Run("identity", func(t *testing.T) { checkIdentity(t, instance) })
	t.Run("uninstall", func(t *testing.T) { checkUninstall(t, instance) })
}

func TestTenantWithPlainHelm(t *testing.T) {
	t.Parallel()
	instance := framework.Install(t, "e2e-plain", framework.Plain())
	instance.AwaitServing(t)

	checkContract(t, instance)
	client := instance.RunClient(t, instance.Tenant, "client", map[string]string{instance.AccessLabel(): "allow"})
	require.True(t, client.Succeeded, client.Output)
}

// checkContract reads the ConfigMap with the commands that tenants are given.
func checkContract(t *testing.T, i *framework.Instance) {
	t.Helper()
	want := map[string]string{
		"REDIS_CLUSTER_NAME":    i.Name,
		"REDIS_SENTINEL_HOST":   "rfs-" + i.Name + "." + framework.SystemNamespace,
		"REDIS_SENTINEL_PORT":   "26379",
		"REDIS_SENTINEL_MASTER": "mymaster",
	}
	for _, namespace := range []string{i.Tenant, framework.SystemNamespace} {
		for key, value := range want {
			require.Equal(t, value, framework.Output(t, namespace, "get", "configmap", i.Name, "-o", "jsonpath={.data."+key+"}"))
		}
		require.Len(t, k8s.GetConfigMapContext(t, t.Context(), framework.Kubectl(namespace), i.Name).Data, len(want))
	}
}

// checkAccess lets one client in, as the control for those that must be
// refused.
func checkAccess(t *testing.T, i *framework.Instance) {
	t.Helper()
	allowed := map[string]string{i.AccessLabel(): "allow"}

	client := i.RunClient(t, i.Tenant, "client", allowed)
	require.True(t, client.Succeeded, client.Output)
	require.Contains(t, client.Output, `GET greeting: "hello from client-`)

	strangers := i.Name + "-strangers"
	framework.Namespace(t, strangers)
	copyContract(t, i, strangers)
	for _, stranger := range []struct {
		name, namespace string
		labels          map[string]string
	}{
		{"unlabelled", i.Tenant, nil},
		{"denied", i.Tenant, map[string]string{i.AccessLabel(): "deny"}},
		{"other-instance", i.Tenant, map[string]string{"elastisys.io/redis-other-access": "allow"}},
		{"foreign", strangers, allowed},
	} {
		t.Run(stranger.name, func(t *testing.T) {
			t.Parallel()
			refused := i.RunClient(t, stranger.namespace, stranger.name, stranger.labels)
			require.False(t, refused.Succeeded, refused.Output)
			require.Contains(t, refused.Output, "sentinel refuses this Pod")
		})
	}
}

// copyContract gives another namespace all that the tenant knows, so that only
// the network can refuse it.
func copyContract(t *testing.T, i *framework.Instance, namespace string) {
	t.Helper()
	configMap := k8s.GetConfigMapContext(t, t.Context(), framework.Kubectl(i.Tenant), i.Name)
	secret := k8s.GetSecretContext(t, t.Context(), framework.Kubectl(i.Tenant), i.Name)
	framework.CopyInto(t, namespace, configMap, secret)
}

func checkPassword(t *testing.T, i *framework.Instance) {
	t.Helper()
	pod := "rfr-" + i.Name + "-0"
	ask := func(command string) string {
		return framework.Output(t, framework.SystemNamespace, "exec", pod, "--container", "redis", "--", "sh", "-c", command)
	}
	require.Contains(t, ask("redis-cli GET greeting 2>&1 || true"), "NOAUTH")
	require.Contains(t, ask("REDISCLI_AUTH=wrong redis-cli --no-auth-warning GET greeting 2>&1 || true"), "NOAUTH")
	require.Equal(t, "PONG", ask("REDISCLI_AUTH=$REDIS_PASSWORD redis-cli PING"))

	tenant := k8s.GetSecretContext(t, t.Context(), framework.Kubectl(i.Tenant), i.Name)
	system := k8s.GetSecretContext(t, t.Context(), framework.Kubectl(framework.SystemNamespace), i.Name)
	require.Len(t, tenant.Data, 1)
	require.Equal(t, system.Data["password"], tenant.Data["REDIS_PASSWORD"])
}

// checkIdentity finds the tenant's label on the objects and on the Pods that
// the operator made of them.
func checkIdentity(t *testing.T, i *framework.Instance) {
	t.Helper()
	const label = "tenant-redis.dev/tenant=team-a"
	pods := framework.Output(t, framework.SystemNamespace, "get", "pods", "-o", "name",
		"--selector", label+",app.kubernetes.io/name="+i.Name)
	require.Len(t, strings.Fields(pods), 6)
	configMap := framework.Output(t, i.Tenant, "get", "configmap", "-o", "name", "--selector", label)
	require.Contains(t, configMap, i.Name)
}

// checkUninstall removes the release: of the instance nothing is left, the CRD
// and the namespaces stay.
func checkUninstall(t *testing.T, i *framework.Instance) {
	t.Helper()
	kinds := strings.Fields(framework.Output(t, "", "api-resources", "--namespaced", "--verbs=list", "-o", "name"))
	left := func() []string {
		var found []string
		for _, namespace := range []string{framework.SystemNamespace, i.Tenant} {
			objects := framework.Output(t, namespace, "get", strings.Join(kinds, ","), "-o", "name", "--ignore-not-found")
			for _, object := range strings.Fields(objects) {
				isEvent := strings.HasPrefix(object, "event")
				isJob := strings.Contains(object, "/client") || strings.Contains(object, "job.batch/")
				if strings.Contains(object, i.Name) && !isEvent && !isJob {
					found = append(found, object)
				}
			}
		}
		return found
	}
	require.NotEmpty(t, left(), "the search finds the instance while it is there")

	i.Uninstall(t)
	require.Eventually(t, func() bool { return len(left()) == 0 }, 2*time.Minute, 2*time.Second, "left: %v", left())
	framework.Output(t, "", "get", "crd", "redisfailovers.databases.spotahome.com")
	framework.Output(t, "", "get", "namespace", i.Tenant)
}
