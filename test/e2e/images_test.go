//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/registry"
)

// TestImagesArePulled holds that a registry that has the images is all that the test cluster
// needs: IMAGES=pull takes what it has by that name, and says so. The control has no such
// image.
func TestImagesArePulled(t *testing.T) {
	mirror := registry.Serve(t)
	published, err := random.Image(1024, 1)
	require.NoError(t, err)
	reference, err := name.ParseReference(mirror + "/published/image:1.0")
	require.NoError(t, err)
	list := filepath.Join(t.TempDir(), "list")
	require.NoError(t, os.WriteFile(list, []byte("# a list\nvalkey docker.io/published/image:1.0\n"), 0o600))
	pull := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), framework.Path("scripts/images.sh"))
		cmd.Env = append(os.Environ(), "IMAGES=pull", "MIRROR="+mirror, "IMAGE_LISTS="+list, "BESIDE=1") // the tests have a phase of their own
		output, err := cmd.CombinedOutput()
		return string(output), err
	}
	const local = "tenant-redis.local/published/image:1.0"
	t.Cleanup(func() {
		_ = exec.CommandContext(framework.CleanupContext(t), "docker", "rmi", local, reference.Name()).Run()
	})

	output, err := pull()
	require.Error(t, err, output)
	require.Contains(t, output, reference.Name())

	require.NoError(t, remote.Write(reference, published))
	output, err = pull()
	require.NoError(t, err, output)
	id, err := exec.CommandContext(t.Context(), "docker", "image", "inspect", "--format", "{{.Id}}", local).Output()
	require.NoError(t, err)
	config, err := published.ConfigName()
	require.NoError(t, err)
	require.Equal(t, config.String(), strings.TrimSpace(string(id)))
}
