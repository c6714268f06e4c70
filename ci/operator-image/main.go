// Command operator-image makes an image of the operator without a container engine.
//
//	operator-image check IMAGE               fails where IMAGE cannot be pushed
//	operator-image write LAYOUT VERSION REVISION FOLDER
//	                                         makes an OCI layout, and prints its digest
//	operator-image push LAYOUT IMAGE         pushes what is in one
//
// FOLDER has the files of each platform as OS-ARCHITECTURE.tar. The same files, version
// and revision give the same bytes.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is the one that charts/redis-operator sets. There is no /etc/passwd: Kubernetes
// takes only a number for one that is not root.
const user = "65532:65532"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "operator-image:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "check":
		return check(args[1])
	case len(args) == 5 && args[0] == "write":
		return write(args[1], args[2], args[3], args[4])
	case len(args) == 3 && args[0] == "push":
		return push(args[1], args[2])
	}
	return errors.New("want check IMAGE, write LAYOUT VERSION REVISION FOLDER, or push LAYOUT IMAGE")
}

// check asks the registry with the password that docker login or podman login keeps.
func check(image string) error {
	tag, err := name.NewTag(image, name.StrictValidation)
	if err != nil {
		return err
	}
	return remote.CheckPushPermission(tag, authn.DefaultKeychain, http.DefaultTransport)
}

func push(path, image string) error {
	tag, err := name.NewTag(image, name.StrictValidation)
	if err != nil {
		return err
	}
	root, err := layout.ImageIndexFromPath(path)
	if err != nil {
		return err
	}
	manifest, err := root.IndexManifest()
	if err != nil {
		return err
	}
	index, err := root.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		return err
	}
	return remote.WriteIndex(tag, index, remote.WithAuthFromKeychain(authn.DefaultKeychain))
}

// write makes a layout of one index, which has an image of each platform.
func write(path, version, revision, folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*-*.tar"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s has no OS-ARCHITECTURE.tar", folder)
	}
	about := labels(version, revision)
	index := mutate.Annotations(empty.Index, about).(v1.ImageIndex)
	for _, file := range files {
		system, architecture, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".tar"), "-")
		platform := v1.Platform{OS: system, Architecture: architecture}
		image, err := imageOf(file, platform, about)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	root, err := layout.Write(path, empty.Index)
	if err != nil {
		return err
	}
	if err := root.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": version})); err != nil {
		return err
	}
	digest, err := index.Digest()
	fmt.Println(digest)
	return err
}

// labels are what the image's specification has of keys that say what is in an image.
func labels(version, revision string) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "redis-operator",
		"org.opencontainers.image.description": "Spotahome's redis-operator, built with parts that have no known vulnerability",
		"org.opencontainers.image.source":      "https://github.com/tenant-redis/tenant-redis",
		"org.opencontainers.image.revision":    revision,
		"org.opencontainers.image.version":     version,
		"org.opencontainers.image.licenses":    "Apache-2.0",
	}
}

// imageOf is an image of those files and nothing else. The operator trusts the
// certificate authority of its ServiceAccount alone, and needs none of the public ones.
func imageOf(file string, platform v1.Platform, about map[string]string) (v1.Image, error) {
	layer, err := tarball.LayerFromFile(file, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.AppendLayers(image, layer)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = platform.OS, platform.Architecture
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	// As upstream's image has it.
	config.Config = v1.Config{User: user, Entrypoint: []string{"/usr/local/bin/redis-operator"}, Labels: about}
	return mutate.ConfigFile(image, config)
}
