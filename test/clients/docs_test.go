package clients

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// writeTable writes what the examples saw of each fault into docs/clients.md.
func writeTable(t *testing.T, examples []Client, cells map[string][]string) {
	t.Helper()
	head, line := "| library | version |", "|---|---|"
	for _, f := range faults {
		head, line = head+fmt.Sprintf(" %s: gap, s | errors | lost |", f.name), line+"---|---|---|"
	}
	rows := []string{head, line}
	for _, example := range examples {
		rows = append(rows, fmt.Sprintf("| %s | %s | %s |", example.Name, example.Version, strings.Join(cells[example.Name], " | ")))
	}
	require.NoError(t, Replace(repository+"/docs/clients.md", "lab", strings.Join(rows, "\n")+"\n"))
}

// TestExamplesSendTheUser holds that each example which sends the password sends the name
// too: without it an instance with auth.tenantUser refuses the password.
func TestExamplesSendTheUser(t *testing.T) {
	count := 0
	err := filepath.WalkDir(repository+"/examples", func(path string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "REDIS_PASSWORD") {
			count++
			assert.Contains(t, string(text), "REDIS_USERNAME", path)
		}
		return err
	})
	require.NoError(t, err)
	require.Greater(t, count, 10, "the examples are found")
}

// tenantsCheck is the Pod of the tenants' page: the JSON that completes it, and what it
// runs, as the shell of a reader hands them on.
func tenantsCheck(t *testing.T) (overrides, script string) {
	t.Helper()
	page, err := os.ReadFile(repository + "/docs/for-tenants.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(page), "--overrides='")
	overrides, rest, _ = strings.Cut(rest, "' \\\n  --command -- sh -c '")
	script, _, found := strings.Cut(rest, "'\n")
	require.True(t, found, "docs/for-tenants.md has a Pod that checks the connection")
	return strings.ReplaceAll(overrides, "'$CONFIG_MAP'", Instance), script
}

// TestTenantsCheckIsAdmitted holds the Pod of the tenants' page to what the platform asks
// of a tenant.
func TestTenantsCheckIsAdmitted(t *testing.T) {
	overrides, _ := tenantsCheck(t)
	// What kubectl run makes of its flags.
	made, err := json.Marshal(corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: "redis-check", Labels: map[string]string{"elastisys.io/redis-" + Instance + "-access": "allow"}},
		Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{
			{Name: "redis-check", Image: "docker.io/valkey/valkey:8.1.11", Command: []string{"sh"}},
		}},
	})
	require.NoError(t, err)
	merged, err := strategicpatch.StrategicMergePatch(made, []byte(overrides), corev1.Pod{})
	require.NoError(t, err)
	var pod corev1.Pod
	require.NoError(t, yaml.UnmarshalStrict(merged, &pod))
	require.Len(t, pod.Spec.Containers, 1)
	require.NotEmpty(t, pod.Spec.Containers[0].Image)
	require.Len(t, pod.Spec.Containers[0].EnvFrom, 2)
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	restricted := policy.AggregateCheckResults(evaluator.EvaluatePod(
		api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec))
	require.True(t, restricted.Allowed, restricted.ForbiddenDetail())
	for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		require.Contains(t, pod.Spec.Containers[0].Resources.Requests, resource)
	}
}

// TestTenantsCheckWritesAndReads runs what that Pod runs, with nothing but the keys of the
// ConfigMap and the Secret: it prints what the page says, and ends in an error where
// Redis takes no write.
func TestTenantsCheckWritesAndReads(t *testing.T) {
	_, script := tenantsCheck(t)
	i := lab.New(t)
	i.Password = "secret-of-the-lab"
	i.Serve()
	check := func(password string) (string, error) {
		command := exec.CommandContext(t.Context(), "sh", "-c", script)
		command.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOSTNAME=redis-check", "REDIS_SENTINEL_HOST=" + i.Service.IP,
			"REDIS_SENTINEL_PORT=" + lab.SentinelPort, "REDIS_SENTINEL_MASTER=" + lab.MasterName, "REDIS_PASSWORD=" + password,
		}
		out, err := command.Output()
		return string(out), err
	}
	out, err := check(i.Password)
	require.NoError(t, err)
	require.Equal(t, "OK\nhello from redis-check\n", out)
	_, err = check("wrong")
	require.Error(t, err)
}
