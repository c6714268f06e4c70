package make

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// lists are those of all images: of each cluster, of one that is tested, and of one that is
// tested for long.
var lists = []string{"list", "list-tests", "list-full"}

// listed returns a list of ci/images: how an image is built, by its public name.
func listed(t *testing.T, name string) map[string]string {
	t.Helper()
	list, err := os.ReadFile("../../ci/images/" + name)
	require.NoError(t, err)
	images := map[string]string{}
	for line := range strings.Lines(string(list)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] != "#" {
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

	images := listed(t, "list")
	maps.Copy(images, listed(t, "list-tests"))
	require.Contains(t, images, tenant.Image)
	require.Contains(t, images, tenant.Exporter.Image)
	require.Contains(t, images, tenant.Proxy.Image)
	for _, version := range []string{"v1.3.0-rc1", "v1.2.4"} {
		require.Contains(t, images, operator.Image.Repository+":"+version)
	}
}

// TestPagesNameTheDefaultImages holds that all who say what runs by default say the same.
func TestPagesNameTheDefaultImages(t *testing.T) {
	var values struct {
		Image string
		Proxy struct{ Image string }
	}
	var chart struct {
		AppVersion  string
		Annotations map[string]string
	}
	read(t, "../../charts/tenant-redis/values.yaml", &values)
	read(t, "../../charts/tenant-redis/Chart.yaml", &chart)
	_, version, _ := strings.Cut(values.Image, ":")
	require.Equal(t, version, chart.AppVersion)

	versions, err := os.ReadFile("../../docs/versions.md")
	require.NoError(t, err)
	for _, image := range []string{values.Image, values.Proxy.Image} {
		require.Contains(t, chart.Annotations["artifacthub.io/images"], "image: "+image+"\n")
		require.Contains(t, string(versions), "the default: `"+image+"`")
	}
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	branch := version[:strings.LastIndex(version, ".")]
	require.Contains(t, string(readme), "What runs is Valkey "+branch+",")
}

// TestTagsAreTheModulesVersions holds that an image has the version in it that
// its tag says.
func TestTagsAreTheModulesVersions(t *testing.T) {
	for _, list := range lists {
		for image, source := range listed(t, list) {
			module, err := os.ReadFile("../../ci/sources/" + source + "/go.mod")
			if os.IsNotExist(err) {
				continue // made of Debian's packages
			}
			require.NoError(t, err)
			_, tag, _ := strings.Cut(image, ":")
			if source == "prometheus" {
				// Its module v0.315.0 is the release v3.15.0.
				tag = strings.Replace(tag, "v3.", "v0.3", 1)
			}
			require.Regexp(t, `github\.com/\S+ `+tag+`\b`, string(module), image)
		}
	}
}

// TestImagesHaveASource holds that each listed image can be built.
func TestImagesHaveASource(t *testing.T) {
	for _, list := range lists {
		images := listed(t, list)
		require.NotEmpty(t, images)
		for image, source := range images {
			folders, err := filepath.Glob("../../ci/*/" + source)
			require.NoError(t, err)
			require.Len(t, folders, 1, image)
		}
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}
