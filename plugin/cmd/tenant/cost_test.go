package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/internal/costtest"
)

// TestCostOfManyTenants holds that rendering many tenants, and comparing what was rendered
// with the operator, takes as much of each as of few.
func TestCostOfManyTenants(t *testing.T) {
	values, operator := filepath.Join(t.TempDir(), "values.yaml"), filepath.Join(t.TempDir(), "operator.yaml")
	require.NoError(t, os.WriteFile(values, []byte("size: small\nauth: {existingSecret: password}\n"), 0o600))
	chart, err := exec.CommandContext(t.Context(), repository+"/bin/helm", "template", "redis-operator", repository+"/charts/redis-operator", "--namespace", "o").Output()
	require.NoError(t, err, "run make tools")
	require.NoError(t, os.WriteFile(operator, chart, 0o600))
	costtest.Linear(t, 20, func(n int) {
		tenants, output := t.TempDir(), t.TempDir()
		for i := range n {
			folder := filepath.Join(tenants, fmt.Sprintf("t-%d", i))
			require.NoError(t, os.Mkdir(folder, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "tenant.yaml"), fmt.Appendf(nil,
				"apiVersion: tenant-redis.dev/v1alpha1\nkind: Tenant\nmetadata: {name: t-%d}\nspec: {namespace: redis-%[1]d, namespaces: [t-%[1]d]}\n", i), 0o600))
		}
		got := command("", "batch", repository+"/charts/tenant-redis", "--tenants", tenants, "--values", values, "--output", output)
		require.Zero(t, got.code, got.stderr)
		require.Equal(t, result{}, command("", "check", "--operator", operator, output))
	})
}
