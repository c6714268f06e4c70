// Command artifacts makes OCI artifacts of archives, with the provenance beside each, from
// which Helm installs and verifies them.
//
//	artifacts charts LAYOUT ARCHIVE...   adds charts to an OCI layout
//	artifacts plugins LAYOUT ARCHIVE...  adds plugins, NAME-VERSION-OS-ARCHITECTURE.tgz
//	artifacts push LAYOUT REPOSITORY     pushes all that is in one
//
// A chart becomes REPOSITORY/NAME:VERSION, and a plugin
// REPOSITORY/plugins/NAME:VERSION-OS-ARCHITECTURE. The registry is asked with the password
// that docker login or podman login keeps. The same archives give the same bytes.
package main

import (
	"bytes"
	"encoding/json"
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
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// kind is what Helm looks for in the manifest of a chart (pkg/registry/constants.go) or of a
// plugin (pkg/registry/plugin.go).
type kind struct{ config, archive, provenance types.MediaType }

var (
	chartKind = kind{
		"application/vnd.cncf.helm.config.v1+json",
		"application/vnd.cncf.helm.chart.content.v1.tar+gzip",
		"application/vnd.cncf.helm.chart.provenance.v1.prov",
	}
	pluginKind = kind{
		"application/vnd.helm.plugin.v1+json",
		"application/vnd.oci.image.layer.v1.tar+gzip",
		"application/vnd.oci.image.layer.v1.tar",
	}
)

const (
	title     = "org.opencontainers.image.title"
	reference = "org.opencontainers.image.ref.name"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "artifacts:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) > 2 && args[0] == "charts":
		return write(args[1], args[2:], chart)
	case len(args) > 2 && args[0] == "plugins":
		return write(args[1], args[2:], plugin)
	case len(args) == 3 && args[0] == "push":
		return push(args[1], args[2])
	}
	return errors.New("want charts LAYOUT ARCHIVE..., plugins LAYOUT ARCHIVE..., or push LAYOUT REPOSITORY")
}

// write adds what archives become to a layout, which it makes if there is none.
func write(path string, archives []string, become func(string) (string, *artifact, error)) error {
	root, err := layout.FromPath(path)
	if errors.Is(err, fs.ErrNotExist) {
		root, err = layout.Write(path, empty.Index)
	}
	if err != nil {
		return err
	}
	for _, archive := range archives {
		named, made, err := become(archive)
		if err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		image, err := partial.CompressedToImage(made)
		if err != nil {
			return err
		}
		if err := root.AppendImage(image, layout.WithAnnotations(map[string]string{reference: named})); err != nil {
			return err
		}
	}
	return nil
}

// chart is what an archive of a chart becomes: its configuration is the chart's metadata.
func chart(archive string) (named string, made *artifact, err error) {
	loaded, err := loader.LoadFile(archive)
	if err != nil {
		return "", nil, err
	}
	config, err := json.Marshal(loaded.Metadata)
	if err != nil {
		return "", nil, err
	}
	about := map[string]string{
		title:                                  loaded.Name(),
		"org.opencontainers.image.version":     loaded.Metadata.Version,
		"org.opencontainers.image.description": loaded.Metadata.Description,
	}
	made, err = newArtifact(chartKind, config, about, archive, filepath.Base(archive))
	return loaded.Name() + ":" + loaded.Metadata.Version, made, err
}

// plugin is what an archive of a plugin becomes. Helm knows its files by names without a
// platform.
func plugin(archive string) (named string, made *artifact, err error) {
	words := strings.Split(strings.TrimSuffix(filepath.Base(archive), ".tgz"), "-")
	n := len(words) - 3
	if n < 1 {
		return "", nil, errors.New("must be NAME-VERSION-OS-ARCHITECTURE.tgz")
	}
	own, version := strings.Join(words[:n], "-"), words[n]
	made, err = newArtifact(pluginKind, []byte("{}"), nil, archive, own+"-"+version+".tgz")
	return "plugins/" + own + ":" + strings.Join(words[n:], "-"), made, err
}

func push(path, repository string) error {
	root, err := layout.ImageIndexFromPath(path)
	if err != nil {
		return err
	}
	index, err := root.IndexManifest()
	if err != nil {
		return err
	}
	for _, one := range index.Manifests {
		tag, err := name.NewTag(repository+"/"+one.Annotations[reference], name.StrictValidation)
		if err != nil {
			return err
		}
		image, err := root.Image(one.Digest)
		if err != nil {
			return err
		}
		if err := remote.Write(tag, image, remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return err
		}
		fmt.Println("Pushed:", tag)
	}
	return nil
}

// artifact has what no image has: a configuration that says nothing of a root file system.
type artifact struct {
	config, manifest []byte
	layers           map[v1.Hash]v1.Layer
}

func (a *artifact) RawConfigFile() ([]byte, error)      { return a.config, nil }
func (a *artifact) RawManifest() ([]byte, error)        { return a.manifest, nil }
func (a *artifact) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (a *artifact) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	return a.layers[h], nil
}

// newArtifact has an archive, and the provenance beside it if there is any, by the name that
// Helm knows the archive by.
func newArtifact(k kind, config []byte, about map[string]string, archive, known string) (*artifact, error) {
	made := &artifact{config: config, layers: map[v1.Hash]v1.Layer{}}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Annotations: about}
	digest, size, err := v1.SHA256(bytes.NewReader(config))
	if err != nil {
		return nil, err
	}
	manifest.Config = v1.Descriptor{MediaType: k.config, Digest: digest, Size: size}
	for _, part := range []struct {
		suffix string
		media  types.MediaType
	}{{"", k.archive}, {".prov", k.provenance}} {
		content, err := os.ReadFile(archive + part.suffix)
		if part.suffix != "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		layer := static.NewLayer(content, part.media)
		descriptor, err := partial.Descriptor(layer)
		if err != nil {
			return nil, err
		}
		descriptor.Annotations = map[string]string{title: known + part.suffix}
		made.layers[descriptor.Digest] = layer
		manifest.Layers = append(manifest.Layers, *descriptor)
	}
	made.manifest, err = json.Marshal(manifest)
	return made, err
}
