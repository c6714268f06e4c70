//go:build e2e

package e2e

import (
	"bytes"
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
// needs: IMAGES=pull takes what it has by that name, also where the same image was built from
// today's inputs, and the tests' closing line says so. The control has no such image.
func TestImagesArePulled(t *testing.T) {
	const local, node = "tenant-redis.local/published/image:1.0", "tenant-redis.local/published/node:local"
	mirror := registry.Serve(t)
	published, err := random.Image(1024, 1)
	require.NoError(t, err)
	reference, err := name.ParseReference(mirror + "/published/image:1.0")
	require.NoError(t, err)
	list := filepath.Join(t.TempDir(), "list")
	require.NoError(t, os.WriteFile(list, []byte("# a list\nvalkey docker.io/published/image:1.0\n"), 0o600))
	run := func(command ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Dir = framework.Path(".")
		cmd.Env = append(os.Environ(), "IMAGES=pull", "MIRROR="+mirror, "IMAGE_LISTS="+list, "NODE_IMAGE="+node, "BESIDE=1") // the tests have a phase of their own
		output, err := cmd.CombinedOutput()
		return string(output), err
	}
	shell := func(command string) string {
		t.Helper()
		output, err := run("bash", "-c", ". scripts/lib.sh; . scripts/image-lib.sh; "+command)
		require.NoError(t, err, output)
		return strings.TrimSpace(output)
	}
	t.Cleanup(func() {
		_ = exec.CommandContext(framework.CleanupContext(t), "docker", "rmi", local, reference.Name()).Run()
	})
	// The node's image is there as a pulled one is: a digest pins what kind publishes.
	importEmpty(t, node)
	importEmpty(t, local, "--change", "LABEL "+shell(`echo "$INPUTS_LABEL=$(listed_inputs valkey)"`))
	require.Equal(t, "images: 0 as published, 3 built from source", shell("image_origins"), "the image, and two of programs of this repository")

	output, err := run("scripts/images.sh")
	require.Error(t, err, output)
	require.Contains(t, output, reference.Name())

	require.NoError(t, remote.Write(reference, published))
	output, err = run("scripts/images.sh")
	require.NoError(t, err, output)
	id, err := exec.CommandContext(t.Context(), "docker", "image", "inspect", "--format", "{{.Id}}", local).Output()
	require.NoError(t, err)
	config, err := published.ConfigName()
	require.NoError(t, err)
	require.Equal(t, config.String(), strings.TrimSpace(string(id)))
	require.Equal(t, "images: 1 as published, 2 built from source", shell("image_origins"))

	output, err = run("scripts/images.sh")
	require.NoError(t, err, output)
	require.NotContains(t, output, "pulling", "what was pulled stays")
}

// importEmpty makes an image of an empty archive, which is two blocks of zeros.
func importEmpty(t *testing.T, image string, flags ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "docker", append(append([]string{"import"}, flags...), "-", image)...)
	cmd.Stdin = bytes.NewReader(make([]byte, 1024))
	id, err := cmd.Output()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = exec.CommandContext(framework.CleanupContext(t), "docker", "rmi", strings.TrimSpace(string(id))).Run()
	})
}
