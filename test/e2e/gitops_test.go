//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// passwords are what a platform puts beside a release whose password it makes:
// the operator's Secret and the tenant's.
const passwords = `
apiVersion: v1
kind: Secret
metadata: {name: e2e-gitops-password, namespace: redis-system}
stringData: {password: made-by-the-platform}
---
apiVersion: v1
kind: Secret
metadata: {name: e2e-gitops, namespace: e2e-gitops}
stringData: {REDIS_PASSWORD: made-by-the-platform}
---
`

// TestGitOps applies what helm template renders, as it is, with a password that
// the chart does not make.
func TestGitOps(t *testing.T) {
	t.Parallel()
	release := framework.Release{Name: "e2e-gitops", Values: map[string]string{"auth.existingSecret": `"e2e-gitops-password"`}}
	instance := framework.New(t, release)
	file := filepath.Join(t.TempDir(), "rendered.yaml")
	require.NoError(t, os.WriteFile(file, []byte(passwords+instance.Template(t, release)), 0o600))
	t.Cleanup(func() { framework.Delete(t, file) })
	framework.Apply(t, file)

	instance.AwaitServing(t)
	client := instance.RunClient(t, instance.Tenant, "client", map[string]string{instance.AccessLabel(): "allow"})
	require.True(t, client.Succeeded, client.Output)
}
