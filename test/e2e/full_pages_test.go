//go:build e2e && full

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/pages"
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

// TestPageOfTheREADME runs what the README has of installing, verifying and connecting, with
// a tenant of its own. The operator is there already.
func TestPageOfTheREADME(t *testing.T) {
	const tenant, operator = "e2e-readme", "helm install redis-operator charts/redis-operator --namespace redis-system --create-namespace --wait\n"
	remove := func(ctx context.Context) {
		_ = exec.CommandContext(ctx, "helm", "uninstall", tenant+"-cache", "--namespace", framework.SystemNamespace).Run()
		_, _ = framework.Ask(ctx, "delete", "namespace", tenant, "--ignore-not-found", "--timeout=120s")
	}
	remove(t.Context())
	t.Cleanup(func() { remove(framework.CleanupContext(t)) })
	found, err := pages.Blocks(framework.Path("."), "README.md")
	require.NoError(t, err)
	require.Greater(t, len(found), 3, "install, verify, connect, and the demonstration")
	require.Contains(t, found[0].Script, operator)
	var scripts []block
	for _, b := range found[:3] {
		scripts = append(scripts, block{script: strings.NewReplacer(operator, "", "team-a", tenant).Replace(b.Script)})
	}
	folder := t.TempDir()
	require.NoError(t, os.Symlink(framework.Path("charts"), filepath.Join(folder, "charts")))
	printed := runBlocks(t, folder, scripts)
	// Of its tries the last one: the Pod that is let in, and the stranger.
	tries := strings.Split(printed[1], "NAME: "+tenant)
	require.Len(t, regexp.MustCompile(`Phase:\s+Succeeded`).FindAllString(tries[len(tries)-1], -1), 2, printed[1])
	require.Contains(t, printed[2], `"REDIS_SENTINEL_HOST":"rfs-`+tenant+`-cache.redis-system"`)
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
