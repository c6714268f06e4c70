package rules

import (
	"fmt"
	"slices"

	"github.com/tenant-redis/tenant-redis/plugin/image"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// mapImage plans the new image reference at a place.
func (e *engine) mapImage(o *object, place manifest.Node) error {
	mappings := e.tenant.Spec.Images
	if len(mappings) == 0 {
		return nil
	}
	text, err := place.Text()
	if err != nil || text == "" {
		return err
	}
	read, ok := image.Parse(text)
	if !ok {
		return place.Errorf("holds %q, which is not an image reference; write [registry/]repository[:tag][@digest]", text)
	}
	for i, m := range mappings {
		if tenant.Within(read.Name, m.To) {
			o.matched[imageRule(i)] = true
		}
	}
	mapped, i := tenant.MapRepository(mappings, read.Name)
	if i < 0 {
		return nil
	}
	o.matched[imageRule(i)] = true
	if again, ok := image.Parse(mapped + read.Rest); !ok || again.Name != mapped {
		return place.Errorf("would become %q, which names no repository; change the mapping of %s", mapped+read.Rest, read.Name)
	}
	return place.SetText(mapped+read.Rest, e.cause(imageRule(i)))
}

func imageRule(i int) string { return fmt.Sprintf("spec.images[%d]", i) }

// container is a container, or what stands for one.
type container struct {
	node manifest.Node
	// path is that of the kind's containers, pod that of the Pod's spec.
	path, pod string
}

// containers returns the containers of an object's Pods.
func (o *object) containers() ([]container, error) {
	var all []container
	for _, pod := range o.kind.Pods {
		for _, path := range o.kind.Containers {
			full := pod
			if path != "" {
				full += "." + path
			}
			nodes, err := o.node.Find(full)
			if err != nil {
				return nil, err
			}
			for _, node := range nodes {
				all = append(all, container{node: node, path: path, pod: pod})
			}
		}
	}
	return all, nil
}

// images returns the places of all names of images in an object.
func (o *object) images(containers []container) ([]manifest.Node, error) {
	var all []manifest.Node
	for _, c := range containers {
		images, err := c.node.Find("image")
		if err != nil {
			return nil, err
		}
		all = append(all, images...)
	}
	paths := slices.Clone(o.kind.Others)
	for _, pod := range o.kind.Pods {
		for _, path := range o.kind.Images {
			paths = append(paths, pod+"."+path)
		}
	}
	for _, path := range paths {
		images, err := o.node.Find(path)
		if err != nil {
			return nil, err
		}
		all = append(all, images...)
	}
	return all, nil
}
