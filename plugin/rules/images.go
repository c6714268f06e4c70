package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/image"
	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// refuseOthers is what a tenant file says to have images refused that no rule is
// about.
const refuseOthers = "refuse"

// mapImage plans the new image reference at a place.
func (e *engine) mapImage(o *object, place manifest.Node) error {
	mappings := e.tenant.Spec.Images
	refuses := e.tenant.Spec.OtherImages == refuseOthers
	if len(mappings) == 0 && !refuses {
		return nil
	}
	text, err := place.Text()
	if err != nil || text == "" {
		return err
	}
	scheme, name := image.CutScheme(text)
	read, ok := image.Parse(name)
	if !ok {
		return place.Errorf("holds %q, which is not an image reference; write [registry/]repository[:tag][@digest]", text)
	}
	repository, isMapped := read.Repository(), false
	for i, m := range mappings {
		if tenant.Within(repository, image.Canonical(m.To)) {
			o.matched.noteRule(imageRule(i))
			isMapped = true
		}
	}
	mapped, i := tenant.MapRepository(mappings, repository)
	switch {
	case i < 0 && !isMapped && refuses:
		return place.Errorf("holds %q, whose registry no rule of spec.images names, and spec.otherImages is refuse; "+
			"change the image in the chart's values, or add a rule for it", text)
	case i < 0 || mapped == repository:
		return nil
	}
	o.matched.noteRule(imageRule(i))
	if again, ok := image.Parse(mapped + read.Rest); !ok || again.Name != mapped {
		return place.Errorf("would become %q, which names no repository; change the mapping of %s", mapped+read.Rest, repository)
	}
	return place.SetText(scheme+mapped+read.Rest, e.cause(imageRule(i)))
}

// checkDefaults refuses what leaves an image to an operator, if images that no
// rule is about are refused.
func (e *engine) checkDefaults(o *object, containers []container) error {
	if e.tenant.Spec.OtherImages != refuseOthers || !o.kind.StandIn {
		return nil
	}
	for _, path := range o.kind.Pods {
		if pods, err := o.node.Find(path); err != nil {
			return err
		} else if len(pods) == 0 {
			return o.node.Errorf("has no %s, whose image the operator would choose; name one in the chart's values", path)
		}
	}
	for _, c := range containers {
		if strings.HasSuffix(c.path, "[]") {
			continue
		}
		runs, err := c.runs()
		if err != nil {
			return err
		}
		if !runs {
			continue
		}
		name, err := c.node.Value("image")
		if err != nil {
			return err
		}
		if name == "" {
			return c.node.Errorf("names no image, which the operator would choose; name one in the chart's values")
		}
	}
	return nil
}

func imageRule(i int) string { return fmt.Sprintf("spec.images[%d]", i) }

// container is a container, or what stands for one.
type container struct {
	node manifest.Node
	// path is that of the kind's containers, pod that of the Pod's spec.
	path, pod string
}

// runs tells whether a container is not switched off, as an exporter may be.
func (c container) runs() (bool, error) {
	if c.path != "exporter" {
		return true, nil
	}
	return c.node.Bool("enabled")
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
func (o *object) images() ([]manifest.Node, error) {
	var all []manifest.Node
	for _, path := range o.kind.Names() {
		images, err := o.node.Find(path)
		if err != nil {
			return nil, err
		}
		all = append(all, images...)
	}
	named, err := o.namedImages()
	return append(all, named...), err
}

// namedImages returns those that annotations of Pods name, for containers that are put
// into them later, and volumes to their drivers.
func (o *object) namedImages() ([]manifest.Node, error) {
	var all []manifest.Node
	err := o.walkTexts(slices.Concat(o.kind.Annotations, o.kind.DriversTexts()), func(key, text string, place manifest.Node) error {
		if kinds.IsImage(key, text) {
			all = append(all, place)
		}
		return nil
	})
	return all, err
}

// walkTexts visits the texts in mappings of keys that people choose.
func (o *object) walkTexts(paths []string, visit func(key, text string, place manifest.Node) error) error {
	for _, path := range paths {
		places, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, place := range places {
			err := place.Walk(func(key string, value manifest.Node) (bool, error) {
				if text, err := value.Text(); err == nil {
					return false, visit(key, text, value)
				}
				return false, nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
