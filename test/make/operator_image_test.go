package make

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/registry"
)

// operatorImage has scripts/operator-image.sh make an image of the platforms, and returns
// its digest and its layout's folder.
func operatorImage(t *testing.T, env []string, platforms ...string) (digest, folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "image")
	script := exec.CommandContext(t.Context(), "../../scripts/operator-image.sh", append([]string{folder}, platforms...)...)
	script.Env = append(os.Environ(), env...)
	output, err := script.CombinedOutput()
	require.NoError(t, err, "%s", output)
	text, err := os.ReadFile(folder + ".digest")
	require.NoError(t, err)
	return strings.TrimSpace(string(text)), folder
}

// pulled returns the images in a registry by platform, under that digest.
func pulled(t *testing.T, image, digest string) map[string]v1.Image {
	t.Helper()
	reference, err := name.ParseReference(image)
	require.NoError(t, err)
	index, err := remote.Index(reference)
	require.NoError(t, err)
	have, err := index.Digest()
	require.NoError(t, err)
	require.Equal(t, digest, have.String())
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	images := map[string]v1.Image{}
	for _, descriptor := range manifest.Manifests {
		images[descriptor.Platform.String()], err = index.Image(descriptor.Digest)
		require.NoError(t, err)
	}
	return images
}

// files unpacks an image, checks whose its files are, and returns the folder.
func files(t *testing.T, image v1.Image) string {
	t.Helper()
	folder := t.TempDir()
	content := mutate.Extract(image)
	defer func() { require.NoError(t, content.Close()) }()
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return folder
		}
		require.NoError(t, err)
		require.Zero(t, header.Uid+header.Gid, header.Name)
		require.Zero(t, header.Mode&0o022, "%s can be written to", header.Name)
		path := filepath.Join(folder, header.Name)
		if header.Typeflag == tar.TypeDir {
			require.NoError(t, os.MkdirAll(path, 0o700))
			continue
		}
		text, err := io.ReadAll(reader)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, text, os.FileMode(header.Mode)))
	}
}

// assertOperator holds what an image of the operator must be: its configuration, the
// program with repaired parts, their bill of materials and their licences.
func assertOperator(t *testing.T, image v1.Image, platform, version string) (program string) {
	t.Helper()
	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, platform, config.OS+"/"+config.Architecture)
	require.Equal(t, "65532:65532", config.Config.User)
	require.Equal(t, []string{"/usr/local/bin/redis-operator"}, config.Config.Entrypoint)
	labels := config.Config.Labels
	require.Equal(t, "https://github.com/tenant-redis/tenant-redis", labels["org.opencontainers.image.source"])
	require.Equal(t, version, labels["org.opencontainers.image.version"])
	require.Equal(t, "Apache-2.0", labels["org.opencontainers.image.licenses"])
	require.Regexp(t, `^([0-9a-f]{40}(-dirty)?|unknown)$`, labels["org.opencontainers.image.revision"])

	folder := files(t, image)
	program = filepath.Join(folder, "usr/local/bin/redis-operator")
	built, err := exec.CommandContext(t.Context(), "go", "version", "-m", program).Output()
	require.NoError(t, err)
	require.Contains(t, string(built), "\tmod\tgithub.com/spotahome/redis-operator\t"+version)
	require.Contains(t, string(built), "\tbuild\tCGO_ENABLED=0\n")
	require.Contains(t, string(built), "\tbuild\tGOARCH="+config.Architecture+"\n")
	require.Contains(t, string(built), ": "+requiredToolchain(t)+"\n")

	var bill struct {
		Metadata struct {
			Component struct{ Name, Version string }
		}
		Components []struct{ Name, Version string }
	}
	text, err := os.ReadFile(filepath.Join(folder, "usr/share/doc/redis-operator/redis-operator.cdx.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &bill))
	require.Equal(t, "github.com/spotahome/redis-operator", bill.Metadata.Component.Name)
	require.Equal(t, version, bill.Metadata.Component.Version)
	licences, err := os.ReadFile(filepath.Join(folder, "usr/share/doc/redis-operator/licences.txt"))
	require.NoError(t, err)
	require.Contains(t, string(licences), "\n==== github.com/spotahome/redis-operator@"+version+"\n")
	parts := regexp.MustCompile(`(?m)^\tdep\t(\S+)\t(\S+)`).FindAllStringSubmatch(string(built), -1)
	require.Greater(t, len(parts), 20)
	for _, part := range parts {
		require.Contains(t, bill.Components, struct{ Name, Version string }{part[1], part[2]})
		require.Contains(t, string(licences), "\n==== "+part[1]+"@"+part[2]+"\n")
	}
	require.FileExists(t, filepath.Join(folder, "usr/share/doc/redis-operator/patches/stale-metrics.patch"))
	return program
}

// requiredToolchain is the Go that what ships is built with.
func requiredToolchain(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	return regexp.MustCompile(`(?m)^toolchain (.*)$`).FindStringSubmatch(string(text))[1]
}

// TestOperatorImage runs the commands of docs/operator.md against a registry of its own.
func TestOperatorImage(t *testing.T) {
	page, err := os.ReadFile("../../docs/operator.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```sh\n(REGISTRY=.*?)```").FindStringSubmatch(string(page))
	require.NotNil(t, block)
	to, folder := registry.Serve(t), filepath.Join(t.TempDir(), "image")
	commands := block[1]
	for _, change := range [][2]string{
		{"registry.example", to},
		// One platform is enough here, and dist/ is the user's.
		{"make operator-image", "PLATFORMS=linux/amd64 operator_image"},
		{"dist/operator-image", folder},
		{"helm upgrade", "helm template"},
	} {
		require.Contains(t, commands, change[0])
		commands = strings.ReplaceAll(commands, change[0], change[1])
	}
	// As the target in the Makefile does.
	commands = "operator_image() { env \"$1\" scripts/operator-image.sh " + folder + " $PLATFORMS; }\n" + commands
	shell := exec.CommandContext(t.Context(), "bash", "-euc", commands)
	shell.Dir = "../.."
	shell.Env = append(os.Environ(), "PATH=bin:"+os.Getenv("PATH"))
	output, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", output)
	digest, again := operatorImage(t, nil, "linux/amd64")
	require.Contains(t, string(output), "image: "+to+"/redis/redis-operator:v1.3.0-rc1@"+digest+"\n", "what the chart runs, and a second build")
	_, err = layout.FromPath(again)
	require.NoError(t, err)

	images := pulled(t, to+"/redis/redis-operator:v1.3.0-rc1", digest)
	require.Len(t, images, 1)
	program := assertOperator(t, images["linux/amd64"], "linux/amd64", "v1.3.0-rc1")
	same := filepath.Join(t.TempDir(), "redis-operator")
	build := exec.CommandContext(t.Context(), "go", "-C", patched(t, "redis-operator-1.3"), "build", "-trimpath", "-ldflags", "-s -w", "-o", same, "tool")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTOOLCHAIN="+requiredToolchain(t))
	output, err = build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	run(t, "cmp", same, program)
	help, _ := exec.CommandContext(t.Context(), program, "--help").CombinedOutput()
	require.Contains(t, string(help), "-supported-namespaces-regex", "the program starts")
}

func TestOperatorImageTarget(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "make", "--dry-run", "--directory", "../..", "operator-image", "PLATFORMS=linux/arm64").CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "scripts/operator-image.sh dist/operator-image linux/arm64\n")
}

// TestOperatorImageIsRefused holds that what cannot end well ends before anything is compiled.
func TestOperatorImageIsRefused(t *testing.T) {
	for _, test := range []struct{ env, platform, says string }{
		{"FLAVOUR=freshworks", "linux/amd64", "FLAVOUR=freshworks: must be spotahome-1.3 or spotahome-1.2"},
		{"FLAVOUR=", "windows/amd64", "PLATFORMS has windows/amd64: must be linux/amd64 or linux/arm64"},
		{"REGISTRY=registry.example/Upper", "linux/amd64", "repository can only contain the characters"},
		{"REGISTRY=redis", "linux/amd64", "REGISTRY=redis: must begin with the registry's host, such as registry.example/redis"},
		{"REGISTRY=127.0.0.1:1/redis", "linux/amd64", "connection refused"},
	} {
		folder := filepath.Join(t.TempDir(), "image")
		script := exec.CommandContext(t.Context(), "../../scripts/operator-image.sh", folder, test.platform)
		script.Env = append(os.Environ(), test.env)
		output, err := script.CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(output), test.says)
		require.NotContains(t, string(output), "compiling")
		require.NoDirExists(t, folder)
	}
}
