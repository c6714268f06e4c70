// Package packages tests what make package packs: the bytes, and that what the
// packages render has no field that Kubernetes does not know.
package packages

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
	"github.com/tenant-redis/tenant-redis/test/registry"
)

// operatorImage is what the operator's chart runs by default.
const operatorImage = "quay.io/spotahome/redis-operator:v1.3.0-rc1"

// pack returns a folder with the packages.
func pack(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "dist")
	out, err := exec.CommandContext(t.Context(), render.Repository+"/scripts/package.sh", folder).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return folder
}

// TestPackages packs twice the same bytes, and holds what is in them.
func TestPackages(t *testing.T) {
	one, two := pack(t), pack(t)
	files, err := os.ReadDir(one)
	require.NoError(t, err)
	require.Len(t, files, 10, "three charts, each with what it installs and licences, and SHA256SUMS")
	for _, file := range files {
		first, err := os.ReadFile(filepath.Join(one, file.Name()))
		require.NoError(t, err)
		second, err := os.ReadFile(filepath.Join(two, file.Name()))
		require.NoError(t, err)
		require.True(t, bytes.Equal(first, second), file.Name())
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = one
	out, err := check.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Run("materials", func(t *testing.T) { materials(t, one) })
	t.Run("fields", func(t *testing.T) { fieldsAreKnown(t, one) })
	t.Run("links", func(t *testing.T) { linksLeadToTheRelease(t, two) })
}

// materials holds the bill of each chart against the images of its values, and that the CRD of
// others comes with its licence; a chart with nothing of others says so.
func materials(t *testing.T, folder string) {
	t.Helper()
	const module, version = "github.com/spotahome/redis-operator", "v1.3.0-rc1"
	for chart, installs := range map[string][]string{
		"redis-operator":   {operatorImage, module + ":" + version},
		"tenant-redis":     defaultImages(t),
		"redis-dashboards": nil,
	} {
		bills, err := filepath.Glob(filepath.Join(folder, chart+"-*.cdx.json"))
		require.NoError(t, err)
		require.Len(t, bills, 1)
		text, err := os.ReadFile(bills[0])
		require.NoError(t, err)
		var bill struct {
			BOMFormat string
			Metadata  struct {
				Component struct{ Name, Version string }
			}
			Components []struct{ Name, Version, Purl string }
		}
		require.NoError(t, json.Unmarshal(text, &bill))
		require.Equal(t, "CycloneDX", bill.BOMFormat)
		require.Equal(t, chart, bill.Metadata.Component.Name)
		require.Equal(t, chart+"-"+bill.Metadata.Component.Version+".cdx.json", filepath.Base(bills[0]))
		var found []string
		for _, component := range bill.Components {
			found = append(found, component.Name+":"+component.Version)
			require.Regexp(t, `^pkg:(docker|golang)/\S+@\S+$`, component.Purl)
		}
		require.ElementsMatch(t, installs, found)

		licences, err := os.ReadFile(strings.TrimSuffix(bills[0], ".cdx.json") + ".licences.txt")
		require.NoError(t, err)
		if chart == "redis-operator" {
			require.Contains(t, string(licences), "\n==== "+module+"@"+version+"\n")
			require.Contains(t, string(licences), "Apache License")
		} else {
			require.Contains(t, string(licences), "Nothing of others is in this chart.")
			require.Contains(t, string(licences), " "+filepath.Base(bills[0])+",")
		}
	}
}

// ofTheirOwn are kinds that client-go does not know. Tests of the charts hold
// them against their schema and against upstream.
var ofTheirOwn = map[string]bool{"RedisFailover": true, "CustomResourceDefinition": true}

// decode fails on a field that the object's type does not have, on one that is
// there twice, and on a value of another type.
func decode(document []byte) error {
	var object metav1.TypeMeta
	if err := yaml.Unmarshal(document, &object); err != nil || ofTheirOwn[object.Kind] {
		return err
	}
	_, _, err := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).
		UniversalDeserializer().Decode(document, nil, nil)
	return err
}

func fieldsAreKnown(t *testing.T, folder string) {
	t.Helper()
	for _, helm := range []string{"helm", "helm4"} {
		for chart, flags := range map[string][][]string{
			"redis-operator":   {nil, {"--set", "watchedNamespaces={redis-system}"}},
			"redis-dashboards": {{"--set", "folders.tenants=Redis"}},
			"tenant-redis": {
				{"--set", "auth.existingSecret=mine,tenantNamespaces={team-a}"},
				{"--set", "auth.enabled=false,purpose=session"},
				{"--set", "auth.existingSecret=mine,proxy.enabled=true,proxy.sidecar=true"},
			},
		} {
			archives, err := filepath.Glob(filepath.Join(folder, chart+"-*.tgz"))
			require.NoError(t, err)
			require.Len(t, archives, 1)
			for _, set := range flags {
				assertKnown(t, helm, append([]string{"template", "cache", archives[0], "--namespace", "redis-system"}, set...))
			}
		}
	}
}

func assertKnown(t *testing.T, helm string, arguments []string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), render.Built(t, helm), arguments...).Output()
	require.NoError(t, err, "%s", out)
	documents := 0
	for document := range bytes.SplitSeq(out, []byte("\n---\n")) {
		if !bytes.Contains(document, []byte("\nkind: ")) {
			continue
		}
		documents++
		require.NoError(t, decode(document), "%s %v\n%s", helm, arguments, document)
	}
	require.GreaterOrEqual(t, documents, 4)
}

// linksLeadToTheRelease holds that a packed chart links to no page that goes on changing, and
// to no file that only the repository has, in which each of its pages is.
func linksLeadToTheRelease(t *testing.T, folder string) {
	t.Helper()
	relative := regexp.MustCompile(`\]\([^)#:][^):]*\)`)
	address := regexp.MustCompile(`https://github\.com/tenant-redis/tenant-redis/blob/v0\.1\.0/([\w./-]*\w)`)
	for chart, least := range map[string]int{"redis-operator": 10, "tenant-redis": 25, "redis-dashboards": 5} {
		unpacked := func(files ...string) string {
			out, err := exec.CommandContext(t.Context(), "tar", append([]string{"-xzOf", filepath.Join(folder, chart+"-0.1.0.tgz")}, files...)...).Output()
			require.NoError(t, err)
			return string(out)
		}
		require.Empty(t, relative.FindAllString(unpacked(chart+"/README.md"), -1), chart)
		all := unpacked()
		require.NotContains(t, all, "/blob/main/", chart)
		pages := address.FindAllStringSubmatch(all, -1)
		require.GreaterOrEqual(t, len(pages), least, chart)
		for _, page := range pages {
			_, err := os.Stat(filepath.Join(render.Repository, page[1]))
			require.NoError(t, err, "%s links to %s", chart, page[0])
		}
	}
}

func TestMistakesAreFound(t *testing.T) {
	const head = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
	require.NoError(t, decode([]byte(head+"spec: {ports: [{port: 1}]}")))
	for name, document := range map[string]string{
		"unknown field": head + "spec: {port: [{port: 1}]}",
		"wrong type":    head + "spec: {ports: [{port: [1]}]}",
		"said twice":    head + "spec: {}\nspec: {}",
		"unknown kind":  "apiVersion: v1\nkind: Servicee\nmetadata: {name: s}\n",
	} {
		require.Error(t, decode([]byte(document)), name)
	}
}

// TestAnnotations holds what Artifact Hub shows against what it is made from.
func TestAnnotations(t *testing.T) {
	icon, err := os.ReadFile(render.Repository + "/docs/images/icon.svg")
	require.NoError(t, err)
	for chart, images := range map[string][]string{
		"redis-operator":   {operatorImage},
		"tenant-redis":     defaultImages(t),
		"redis-dashboards": nil,
	} {
		text, err := os.ReadFile(render.Repository + "/charts/" + chart + "/Chart.yaml")
		require.NoError(t, err)
		var metadata struct {
			Icon        string
			Annotations map[string]string
		}
		require.NoError(t, yaml.Unmarshal(text, &metadata))
		require.Equal(t, "data:image/svg+xml;base64,"+base64.StdEncoding.EncodeToString(icon), metadata.Icon, chart)
		var listed []struct{ Name, Image string }
		require.NoError(t, yaml.UnmarshalStrict([]byte(metadata.Annotations["artifacthub.io/images"]), &listed))
		require.Len(t, listed, len(images), chart)
		for _, image := range listed {
			require.Contains(t, images, image.Image, chart)
		}
		for _, key := range []string{"links", "changes"} {
			var entries []map[string]string
			require.NoError(t, yaml.UnmarshalStrict([]byte(metadata.Annotations["artifacthub.io/"+key]), &entries))
			require.NotEmpty(t, entries, chart)
		}
	}
}

// TestImagesToMirror holds the list that docs/versions.md makes against what is rendered
// with all that is optional, and has its commands copy such images.
func TestImagesToMirror(t *testing.T) {
	page, err := os.ReadFile(render.Repository + "/docs/versions.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## Mirror the images\n")
	require.True(t, found)
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	require.Len(t, blocks, 3)
	folder := t.TempDir()
	repository, err := filepath.Abs(render.Repository)
	require.NoError(t, err)
	require.NoError(t, os.Symlink(repository+"/charts", filepath.Join(folder, "charts")))

	tenants := imagesOf(t, "tenant-redis", "auth.existingSecret=mine,proxy.enabled=true,proxy.sidecar=true,monitoring.enabled=true")
	require.Len(t, tenants, 3)
	newer := imagesOf(t, "redis-operator", "crds.create=false")
	require.ElementsMatch(t, slices.Concat(newer, tenants), listedBy(t, folder, blocks[0][1]))
	// The text before the second block names the flavour that it is for.
	require.Contains(t, section, "`flavour: spotahome-1.2` of the operator has another image, its v1.2.4. Add that if you use it:\n\n```sh\n"+blocks[1][1])
	older := imagesOf(t, "redis-operator", "crds.create=false,flavour=spotahome-1.2")
	require.NotEqual(t, newer, older)
	listed := listedBy(t, folder, blocks[1][1])
	require.ElementsMatch(t, slices.Concat(newer, older, tenants), listed)
	t.Run("copied", func(t *testing.T) { copies(t, blocks[2][1], folder, listed) })
}

// listedBy runs commands of the page in a folder, and returns what is in images.txt then.
func listedBy(t *testing.T, folder, commands string) []string {
	t.Helper()
	repository, err := filepath.Abs(render.Repository)
	require.NoError(t, err)
	script := exec.CommandContext(t.Context(), "bash", "-euc", commands)
	script.Dir = folder
	script.Env = append(os.Environ(), "PATH="+repository+"/bin:"+os.Getenv("PATH"))
	out, err := script.CombinedOutput()
	require.NoError(t, err, "%s", out)
	text, err := os.ReadFile(filepath.Join(folder, "images.txt"))
	require.NoError(t, err)
	return strings.Fields(string(text))
}

// imagesOf are all that a chart renders with some values, each once.
func imagesOf(t *testing.T, chart, set string) []string {
	t.Helper()
	manifests, err := exec.CommandContext(t.Context(), render.Built(t, "helm"), "template", "cache", render.Repository+"/charts/"+chart, "--namespace", "redis-system", "--set", set).Output()
	require.NoError(t, err)
	var images []string
	for _, match := range regexp.MustCompile(`(?m)^[ -]*image: "?([^"\s]+)"?$`).FindAllSubmatch(manifests, -1) {
		images = append(images, string(match[1]))
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// copies has commands copy images of these names, which a registry on loopback has instead of
// their own, to another one, and holds that these are the same there, with all platforms.
func copies(t *testing.T, commands, folder string, images []string) {
	t.Helper()
	published, mirror := registry.Serve(t), registry.Serve(t)
	var list strings.Builder
	digests := map[string]v1.Hash{}
	for _, image := range images {
		_, path, _ := strings.Cut(image, "/")
		list.WriteString(published + "/" + path + "\n")
		index, err := random.Index(64, 1, 2)
		require.NoError(t, err)
		digests[path], err = index.Digest()
		require.NoError(t, err)
		tag, err := name.NewTag(published + "/" + path)
		require.NoError(t, err)
		require.NoError(t, remote.WriteIndex(tag, index))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "images.txt"), []byte(list.String()), 0o600))
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", folder+"/crane", "github.com/google/go-containerregistry/cmd/crane").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, commands, "registry.example/mirror")
	script := exec.CommandContext(t.Context(), "bash", "-euc", strings.ReplaceAll(commands, "registry.example", mirror))
	script.Dir = folder
	script.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"))
	out, err = script.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for path, digest := range digests {
		tag, err := name.NewTag(mirror + "/mirror/" + path)
		require.NoError(t, err)
		copied, err := remote.Head(tag)
		require.NoError(t, err)
		require.Equal(t, digest, copied.Digest, path)
	}
}

// defaultImages are those of the tenant chart.
func defaultImages(t *testing.T) []string {
	t.Helper()
	var values struct {
		Image    string
		Exporter struct{ Image string }
		Proxy    struct{ Image string }
	}
	text, err := os.ReadFile(render.Repository + "/charts/tenant-redis/values.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &values))
	return []string{values.Image, values.Exporter.Image, values.Proxy.Image}
}
