package make

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// listed returns ci/images/list: how an image is built, by its public name.
func listed(t *testing.T) map[string]string {
	t.Helper()
	list, err := os.ReadFile("../../ci/images/list")
	require.NoError(t, err)
	images := map[string]string{}
	for line := range strings.Lines(string(list)) {
		if fields := strings.Fields(line); len(fields) == 2 {
			images[fields[1]] = fields[0]
		}
	}
	return images
}

func TestChartsDefaultImagesAreBuilt(t *testing.T) {
	var tenant struct {
		Image    string
		Exporter struct{ Image string }
		Proxy    struct{ Image string }
	}
	var operator struct{ Image struct{ Repository string } }
	read(t, "../../charts/tenant-redis/values.yaml", &tenant)
	read(t, "../../charts/redis-operator/values.yaml", &operator)

	images := listed(t)
	require.Contains(t, images, tenant.Image)
	require.Contains(t, images, tenant.Exporter.Image)
	require.Contains(t, images, tenant.Proxy.Image)
	for _, version := range []string{"v1.3.0-rc1", "v1.2.4"} {
		require.Contains(t, images, operator.Image.Repository+":"+version)
	}
}

// TestTagsAreTheModulesVersions holds that an image has the version in it that
// its tag says.
func TestTagsAreTheModulesVersions(t *testing.T) {
	for image, source := range listed(t) {
		module, err := os.ReadFile("../../ci/sources/" + source + "/go.mod")
		if os.IsNotExist(err) {
			continue // made of Debian's packages
		}
		require.NoError(t, err)
		_, tag, _ := strings.Cut(image, ":")
		require.Regexp(t, `github\.com/\S+ `+tag+`\b`, string(module), image)
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}
