//go:build e2e && full

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// TestPageForAdministrators runs the administrators' page, block by block, with
// a tenant of its own. The page makes all that it needs, and removes it.
func TestPageForAdministrators(t *testing.T) {
	const tenant = "e2e-admin"
	remove := func(ctx context.Context) {
		for _, release := range []string{tenant + "-cache", "redis-dashboards"} {
			_ = exec.CommandContext(ctx, "helm", "uninstall", release, "--namespace", framework.SystemNamespace).Run()
		}
		_, _ = framework.Ask(ctx, "delete", "namespace", tenant, "--ignore-not-found", "--timeout=120s")
	}
	remove(t.Context())
	t.Cleanup(func() { remove(framework.CleanupContext(t)) })
	folder, blocks := pageFor(t, tenant, "docs/for-administrators.md")
	require.Greater(t, len(blocks), 5, "the page's blocks are found")
	checkBlocks(t, folder, blocks)
}

// pageFor returns the blocks of an administrators' page with a tenant in the place
// of team-a, and a copy of the repository in which to run them.
func pageFor(t *testing.T, tenant, file string) (folder string, found []block) {
	t.Helper()
	names := strings.NewReplacer("team-a", tenant)
	folder = t.TempDir()
	for _, shared := range []string{"bin", "charts"} {
		require.NoError(t, os.Symlink(framework.Path(shared), filepath.Join(folder, shared)))
	}
	example := filepath.Join(folder, "examples/tenants", tenant)
	require.NoError(t, os.MkdirAll(example, 0o755))
	for _, file := range []string{"tenant.yaml", "values.yaml"} {
		content, err := os.ReadFile(framework.Path("examples/tenants/team-a/" + file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(example, file), []byte(names.Replace(string(content))), 0o600))
	}
	page, err := os.ReadFile(framework.Path(file))
	require.NoError(t, err)
	return folder, blocks(names.Replace(string(page)))
}
