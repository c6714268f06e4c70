//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

const (
	admissionTenant = `apiVersion: tenant-redis.dev/v1alpha1
kind: Tenant
metadata: {name: e2e-admission}
spec:
  namespace: redis-e2e-admission
  namespaces: [e2e-admission]
`

	// unrendered is what nobody has rendered; it is never made.
	unrendered = `apiVersion: databases.spotahome.com/v1
kind: RedisFailover
metadata: {name: unrendered, namespace: redis-e2e-admission}
spec: {redis: {}, sentinel: {}}
`
	refusal = "tenant-redis.dev/rendered-by is missing"
)

// TestAdmission has the API server refuse an upgrade that forgot the
// post-renderer, in the namespace of this test alone.
func TestAdmission(t *testing.T) {
	t.Parallel()
	requireProvenance(t)

	tenantFile := filepath.Join(t.TempDir(), "tenant.yaml")
	require.NoError(t, os.WriteFile(tenantFile, []byte(admissionTenant), 0o600))
	rendered := framework.Release{Name: "e2e-admission", Namespace: framework.AdmissionNamespace, TenantFile: tenantFile}
	instance := framework.Install(t, rendered)
	require.Equal(t, "OK", instance.RedisCLI(t, masterPod(t, instance), "SET kept yes"))

	running := state(t, instance)
	forgotten := framework.Release{Values: map[string]string{"redis.cpu": `"60m"`}}
	chart := framework.Path("charts/tenant-redis")
	err := instance.TryUpgrade(t, chart, forgotten)
	require.ErrorContains(t, err, refusal)
	require.ErrorContains(t, err, "--post-renderer-args --tenant=FILE")
	require.Equal(t, running, state(t, instance))
	require.Equal(t, "yes", instance.RedisCLI(t, masterPod(t, instance), "GET kept"))

	// The operator goes on: it makes anew what somebody removed.
	framework.Output(t, framework.AdmissionNamespace, "delete", "configmap", "rfr-readiness-"+instance.Name)
	require.Eventually(t, func() bool {
		_, err := framework.Ask(t.Context(), "--namespace", framework.AdmissionNamespace, "get", "configmap", "rfr-readiness-"+instance.Name)
		return err == nil
	}, 2*time.Minute, 2*time.Second, "the operator has not made the ConfigMap anew")

	// The same change is made once the post-renderer is there.
	rendered.Values = forgotten.Values
	instance.Upgrade(t, chart, rendered)
	require.NotEqual(t, running, state(t, instance))
	require.Eventually(t, func() bool {
		cpu, err := framework.Ask(t.Context(), "--namespace", framework.AdmissionNamespace, "get", "statefulset", "rfr-"+instance.Name,
			"-o", `jsonpath={.spec.template.spec.containers[?(@.name=="redis")].resources.requests.cpu}`)
		return err == nil && cpu == "60m"
	}, 2*time.Minute, 2*time.Second, "the operator has not passed the change on")
}

// requireProvenance installs the policy of the operator chart, for the
// namespace of this test, until after the test.
func requireProvenance(t *testing.T) {
	t.Helper()
	policy, err := exec.CommandContext(t.Context(), "helm", "template", "redis-operator", framework.Path("charts/redis-operator"),
		"--set-json", "admission.requireProvenance=true", "--set-json", `admission.namespaces=["`+framework.AdmissionNamespace+`"]`,
		"--show-only", "templates/validatingadmissionpolicy.yaml", "--show-only", "templates/validatingadmissionpolicybinding.yaml").Output()
	require.NoError(t, err)
	rendered := filepath.Join(t.TempDir(), "policy.yaml")
	require.NoError(t, os.WriteFile(rendered, policy, 0o600))
	t.Cleanup(func() { framework.Delete(t, rendered) })
	framework.Apply(t, rendered)

	file := filepath.Join(t.TempDir(), "unrendered.yaml")
	require.NoError(t, os.WriteFile(file, []byte(unrendered), 0o600))
	require.Eventually(t, func() bool {
		_, err := framework.Ask(t.Context(), "create", "--dry-run=server", "--filename", file)
		return err != nil && strings.Contains(err.Error(), refusal)
	}, time.Minute, time.Second, "the API server has not taken the policy up")
}

// state is what an upgrade would change: what is asked of the operator, and the
// Pods.
func state(t *testing.T, i *framework.Instance) map[string]string {
	t.Helper()
	state := uids(t, i)
	state["generation"] = framework.Output(t, i.Namespace, "get", "redisfailover", i.Name, "-o", "jsonpath={.metadata.generation}")
	return state
}

func masterPod(t *testing.T, i *framework.Instance) string {
	t.Helper()
	master, found := i.AwaitServing(t).Master()
	require.True(t, found)
	return master.Pod
}
