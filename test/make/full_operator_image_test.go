//go:build full

package make

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/registry"
)

// TestOperatorImageOfAll makes both versions for both platforms, twice.
func TestOperatorImageOfAll(t *testing.T) {
	for flavour, version := range map[string]string{"spotahome-1.3": "v1.3.0-rc1", "spotahome-1.2": "v1.2.4"} {
		t.Run(flavour, func(t *testing.T) {
			to := registry.Serve(t) + "/redis"
			digest, _ := operatorImage(t, []string{"FLAVOUR=" + flavour, "REGISTRY=" + to})
			again, _ := operatorImage(t, []string{"FLAVOUR=" + flavour})
			require.Equal(t, digest, again)
			images := pulled(t, to+"/redis-operator:"+version, digest)
			require.Len(t, images, 2)
			for platform, image := range images {
				program := assertOperator(t, image, platform, version)
				built, err := exec.CommandContext(t.Context(), "go", "version", "-m", program).Output()
				require.NoError(t, err)
				require.NotContains(t, string(built), "\t/", "a path of this machine is in it")
			}
		})
	}
}
