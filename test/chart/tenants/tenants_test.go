// Package tenants tests that the example tenants fit side by side into one
// cluster.
package tenants

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// releases says for each tenant what its values.yaml says in words.
var releases = map[string]struct{ name, namespace string }{
	"team-a": {"team-a-cache", "redis-system"},
	"team-b": {"team-b-sessions", "redis-system"},
	"team-c": {"team-c-cache", "redis-team-c"},
}

// objects renders a tenant's release through the post-renderer.
func objects(t *testing.T, tenant string) []unstructured.Unstructured {
	t.Helper()
	folder := render.Repository + "/examples/tenants/" + tenant
	release := releases[tenant]
	out, err := exec.CommandContext(t.Context(), render.Built(t, "helm"),
		"template", release.name, render.Repository+"/charts/tenant-redis", "--namespace", release.namespace, "--skip-tests",
		"--values", folder+"/values.yaml", "--set", "auth.existingSecret="+release.name+"-password",
		"--post-renderer", render.Built(t, "tenant-post"), "--post-renderer-args", "--tenant="+folder+"/tenant.yaml",
	).CombinedOutput()
	require.NoError(t, err, "%s", out)
	var found []unstructured.Unstructured
	for document := range bytes.SplitSeq(out, []byte("\n---\n")) {
		var o unstructured.Unstructured
		require.NoError(t, yaml.UnmarshalStrict(document, &o.Object))
		if len(o.Object) > 0 {
			found = append(found, o)
		}
	}
	return found
}

func TestEachTenantHasARelease(t *testing.T) {
	folders, err := filepath.Glob(render.Repository + "/examples/tenants/*")
	require.NoError(t, err)
	require.Len(t, folders, len(releases))
	for _, folder := range folders {
		require.Contains(t, releases, filepath.Base(folder))
	}
}

func TestSideBySide(t *testing.T) {
	owner := map[string]string{}
	for tenant, release := range releases {
		failovers := 0
		for _, o := range objects(t, tenant) {
			id := strings.Join([]string{o.GetKind(), o.GetNamespace(), o.GetName()}, "/")
			require.NotContains(t, owner, id, "of %s, too", tenant)
			owner[id] = tenant
			require.Equal(t, tenant, o.GetLabels()["tenant-redis.dev/tenant"], id)
			if o.GetKind() == "RedisFailover" {
				failovers++
				require.Equal(t, release.namespace+"/"+release.name, o.GetNamespace()+"/"+o.GetName())
				image, _, _ := unstructured.NestedString(o.Object, "spec", "redis", "image")
				require.True(t, strings.HasPrefix(image, "docker.io/"), image)
			}
		}
		require.Equal(t, 1, failovers, tenant)
	}
}
