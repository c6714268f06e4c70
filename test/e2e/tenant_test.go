//go:build e2e

package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// TestTenants installs the example tenants side by side, as their platform team
// does, through the post-renderer: two of them in one namespace, one with Helm 4.
func TestTenants(t *testing.T) {
	releases := []framework.Release{
		{
			Name: "e2e-team-a-cache", Tenant: "e2e-team-a", Example: "team-a",
			Values: map[string]string{"tenantSubjects": `[{"kind": "User", "name": "` + developer + `"}]`},
		},
		{
			Name: "e2e-team-b-sessions", Tenant: "e2e-team-b", Example: "team-b",
		},
		{
			Name: "e2e-team-c-cache", Tenant: "e2e-team-c", Namespace: framework.TeamCNamespace, Example: "team-c",
			Helm4: true, Values: bounded,
		},
	}
	framework.Namespace(t, "e2e-team-c-jobs")
	var instances []*framework.Instance
	for _, release := range releases {
		instances = append(instances, framework.Install(t, release))
	}
	for _, i := range instances {
		i.AwaitServing(t)
	}

	checks := map[string]func(*testing.T){
		"contract":     func(t *testing.T) { t.Helper(); checkContract(t, instances[0]) },
		"rights":       func(t *testing.T) { t.Helper(); checkRights(t, instances[0]) },
		"port-forward": func(t *testing.T) { t.Helper(); checkPortForward(t, instances[0]) },
		"password":     func(t *testing.T) { t.Helper(); checkPassword(t, instances[0]) },
		"budgets":      func(t *testing.T) { t.Helper(); checkBudgets(t, instances[0]) },
		"hostile":      func(t *testing.T) { t.Helper(); checkHostile(t, instances[2]) },
		"quota":        func(t *testing.T) { t.Helper(); checkQuota(t, instances[0]) },
		"access":       func(t *testing.T) { t.Helper(); checkAccess(t, instances[0], instances[1:]) },
	}
	for n, i := range instances {
		checks["go-live "+i.Name] = func(t *testing.T) { t.Helper(); checkGoLive(t, i) }
		checks["identity "+i.Name] = func(t *testing.T) {
			t.Helper()
			checkIdentity(t, i, framework.ExamplePrefix+releases[n].Example)
		}
	}
	atOnce(t, checks)
	t.Run("uninstall", func(t *testing.T) { checkUninstall(t, instances[0]) })
}

// checkGoLive runs helm test, whose Jobs walk the go-live checklist.
func checkGoLive(t *testing.T, i *framework.Instance) {
	t.Helper()
	i.Helm(t, "test", i.Name, "--timeout", "3m")
	log := framework.Output(t, i.Namespace, "logs", "job/"+i.Name+"-golive")
	t.Log(log)
	require.NotContains(t, log, "FAILED")
	require.Contains(t, framework.Output(t, i.Namespace, "logs", "job/"+i.Name+"-stranger"), "ok ")
}

// checkBudgets finds the chart's own budgets, no others, and room for a drain.
func checkBudgets(t *testing.T, i *framework.Instance) {
	t.Helper()
	require.Equal(t, "rfr-"+i.Name+"=1 rfs-"+i.Name+"=1 ", framework.Output(t, i.Namespace, "get", "poddisruptionbudgets",
		"-o", `jsonpath={range .items[?(@.spec.selector.matchLabels.app\.kubernetes\.io/name=="`+i.Name+`")]}{.metadata.name}={.status.disruptionsAllowed} {end}`))
}

// checkContract reads the ConfigMap with the commands that tenants are given.
func checkContract(t *testing.T, i *framework.Instance) {
	t.Helper()
	want := map[string]string{
		"REDIS_CLUSTER_NAME":    i.Name,
		"REDIS_SENTINEL_HOST":   "rfs-" + i.Name + "." + i.Namespace,
		"REDIS_SENTINEL_PORT":   "26379",
		"REDIS_SENTINEL_MASTER": "mymaster",
	}
	for _, namespace := range []string{i.Tenant, i.Namespace} {
		for key, value := range want {
			require.Equal(t, value, framework.Output(t, namespace, "get", "configmap", i.Name, "-o", "jsonpath={.data."+key+"}"))
		}
		require.Len(t, framework.ConfigMap(t, namespace, i.Name).Data, len(want))
	}
}

// checkAccess lets one client in, as the control for those that must be refused:
// without the label, in a strange namespace, and those of the other tenants.
func checkAccess(t *testing.T, i *framework.Instance, others []*framework.Instance) {
	t.Helper()
	allowed := map[string]string{i.AccessLabel(): "allow"}

	client := i.RunClient(t, i.Tenant, "client", allowed)
	require.True(t, client.Succeeded, client.Output)
	require.Contains(t, client.Output, `GET greeting: "hello from client-`)

	strangers := i.Name + "-strangers"
	framework.Namespace(t, strangers)
	type attempt struct {
		name, namespace string
		labels          map[string]string
	}
	attempts := []attempt{
		{"unlabelled", i.Tenant, nil},
		{"denied", i.Tenant, map[string]string{i.AccessLabel(): "deny"}},
		{"foreign", strangers, allowed},
	}
	copyContract(t, i, strangers)
	for _, other := range others {
		copyContract(t, i, other.Tenant)
		attempts = append(attempts, attempt{"of-" + other.Name, other.Tenant, map[string]string{other.AccessLabel(): "allow"}})
	}
	for _, stranger := range attempts {
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
	configMap := framework.ConfigMap(t, i.Tenant, i.Name)
	secret := framework.Secret(t, i.Tenant, i.Name)
	framework.CopyInto(t, namespace, configMap, secret)
}

func checkPassword(t *testing.T, i *framework.Instance) {
	t.Helper()
	pod := "rfr-" + i.Name + "-0"
	ask := func(command string) string {
		return framework.Output(t, i.Namespace, "exec", pod, "--container", "redis", "--", "sh", "-c", command)
	}
	require.Contains(t, ask("redis-cli GET greeting 2>&1 || true"), "NOAUTH")
	require.Contains(t, ask("REDISCLI_AUTH=wrong redis-cli --no-auth-warning GET greeting 2>&1 || true"), "NOAUTH")
	require.Equal(t, "PONG", i.RedisCLI(t, pod, "PING"))

	tenant := framework.Secret(t, i.Tenant, i.Name)
	system := framework.Secret(t, i.Namespace, i.Name)
	require.Len(t, tenant.Data, 1)
	require.Equal(t, system.Data["password"], tenant.Data["REDIS_PASSWORD"])
}

// checkIdentity finds the tenant's label on the objects and on the Pods that
// the operator made of them.
func checkIdentity(t *testing.T, i *framework.Instance, tenant string) {
	t.Helper()
	label := "tenant-redis.dev/tenant=" + tenant
	pods := framework.Output(t, i.Namespace, "get", "pods", "-o", "name",
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
		for _, namespace := range []string{i.Namespace, i.Tenant} {
			objects := framework.Output(t, namespace, "get", strings.Join(kinds, ","), "-o", "name", "--ignore-not-found")
			for _, object := range strings.Fields(objects) {
				isEvent := strings.HasPrefix(object, "event")
				isJob := regexp.MustCompile(`^job|/client|-golive-|-stranger-`).MatchString(object)
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
