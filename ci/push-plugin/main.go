// Command push-plugin pushes an archive of a plugin, with the provenance beside it, as an
// OCI artifact from which Helm 4 installs and verifies it.
//
//	push-plugin ARCHIVE REPOSITORY
//
// The archive NAME-TAG.tgz becomes REPOSITORY/NAME:TAG. The registry is asked with the
// password that docker login or podman login keeps.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// What Helm 4 looks for in a plugin's manifest (pkg/registry/plugin.go).
const (
	pluginType     types.MediaType = "application/vnd.helm.plugin.v1+json"
	archiveType    types.MediaType = "application/vnd.oci.image.layer.v1.tar+gzip"
	provenanceType types.MediaType = "application/vnd.oci.image.layer.v1.tar"
	title                          = "org.opencontainers.image.title"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "push-plugin: want ARCHIVE REPOSITORY")
		os.Exit(2)
	}
	pushed, err := push(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "push-plugin:", err)
		os.Exit(1)
	}
	fmt.Println("Pushed:", pushed)
}

func push(archive, repository string) (string, error) {
	plugin, version, platform, err := parts(archive)
	if err != nil {
		return "", err
	}
	tag, err := name.NewTag(repository+"/"+plugin+":"+version+"-"+platform, name.StrictValidation)
	if err != nil {
		return "", err
	}
	// Helm knows both by names without a platform.
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), pluginType)
	if image, err = with(image, archive, plugin+"-"+version+".tgz", archiveType); err != nil {
		return "", err
	}
	withProvenance, err := with(image, archive+".prov", plugin+"-"+version+".tgz.prov", provenanceType)
	switch {
	case err == nil:
		image = withProvenance
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	return tag.String(), remote.Write(tag, image, remote.WithAuthFromKeychain(authn.DefaultKeychain))
}

// parts are of NAME-VERSION-OS-ARCHITECTURE.tgz.
func parts(archive string) (plugin, version, platform string, err error) {
	words := strings.Split(strings.TrimSuffix(filepath.Base(archive), ".tgz"), "-")
	n := len(words) - 3
	if n < 1 {
		return "", "", "", fmt.Errorf("%s: must be NAME-VERSION-OS-ARCHITECTURE.tgz", archive)
	}
	return strings.Join(words[:n], "-"), words[n], strings.Join(words[n+1:], "-"), nil
}

// with adds a file to an image, by the name that Helm knows it by.
func with(image v1.Image, file, named string, media types.MediaType) (v1.Image, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return mutate.Append(image, mutate.Addendum{
		Layer: static.NewLayer(content, media), Annotations: map[string]string{title: named},
	})
}
