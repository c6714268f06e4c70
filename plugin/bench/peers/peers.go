// Package peers makes the same edits as tenant-post with the tools that
// platforms use for them, for comparison: labels, namespace and one image.
package peers

import (
	"bytes"
	"io"
	"os"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const kustomization = `resources: [manifests.yaml]
namespace: redis-system
labels:
  - pairs: {team: a, tenant-redis.dev/tenant: team-a}
    includeTemplates: true
images:
  - name: docker.io/library/nginx
    newName: registry.example/mirror/nginx
`

// Krusty renders as kustomize build does.
func Krusty(stream []byte) ([]byte, error) {
	files := filesys.MakeFsInMemory()
	if err := files.WriteFile("kustomization.yaml", []byte(kustomization)); err != nil {
		return nil, err
	}
	if err := files.WriteFile("manifests.yaml", stream); err != nil {
		return nil, err
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, ".")
	if err != nil {
		return nil, err
	}
	return built.AsYaml()
}

// Kio reads the objects with kyaml, sets the same fields and prints them.
func Kio(stream []byte) ([]byte, error) {
	objects, err := kio.ParseAll(string(stream))
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if err := edit(object); err != nil {
			return nil, err
		}
	}
	text, err := kio.StringAll(objects)
	return []byte(text), err
}

func edit(object *yaml.RNode) error {
	if err := object.SetNamespace("redis-system"); err != nil {
		return err
	}
	for _, path := range [][]string{{}, {"spec", "template"}} {
		place, err := object.Pipe(yaml.Lookup(path...))
		if err != nil || place == nil {
			return err
		}
		for key, value := range map[string]string{"team": "a", "tenant-redis.dev/tenant": "team-a"} {
			if err := place.PipeE(yaml.SetLabel(key, value)); err != nil {
				return err
			}
		}
	}
	containers, err := object.Pipe(yaml.Lookup("spec", "template", "spec", "containers"))
	if err != nil || containers == nil {
		return err
	}
	return containers.VisitElements(func(container *yaml.RNode) error {
		image := yaml.GetValue(container.Field("image").Value)
		image = strings.Replace(image, "docker.io/library/nginx", "registry.example/mirror/nginx", 1)
		return container.PipeE(yaml.SetField("image", yaml.NewStringRNode(image)))
	})
}

// Run is a program around one of them: from stdin to stdout.
func Run(render func([]byte) ([]byte, error)) {
	stream, err := io.ReadAll(os.Stdin)
	if err == nil {
		stream, err = render(stream)
	}
	if err == nil {
		_, err = io.Copy(os.Stdout, bytes.NewReader(stream))
	}
	if err != nil {
		panic(err)
	}
}
