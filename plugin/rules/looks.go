package rules

import (
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// freeForm is a kind of Kubernetes that may hold anything, such as a Pod template.
const freeForm = "apps/ControllerRevision"

// checkLooks refuses an object in which something looks like a Pod or an image
// that no path names, if its kind is not Kubernetes' own: no rule would be about
// it. images are the places that are known to name one.
func (e *engine) checkLooks(o *object, images []manifest.Node) error {
	declared := kinds.Declared(e.tenant.Spec.Kinds, o.id)
	if declared == nil && o.id != freeForm {
		return nil
	}
	known, err := o.knownPlaces(images)
	if err != nil {
		return err
	}
	isPod := declared == nil || declared.Pods == nil || len(declared.Pods) > 0
	isImage := declared == nil || declared.Images == nil || len(declared.Images) > 0
	return kinds.Walk(o.node, func(key string, value manifest.Node) (bool, error) {
		if known[value.Path()] {
			return false, nil
		}
		if isPod && (kinds.LooksLikeContainers(key, value) || kinds.LooksLikeContainer(key, value)) {
			if declared == nil {
				return false, e.refuse(o, value, "looks like a container of a Pod, which no rule is about; let a workload make its revisions")
			}
			return false, value.Errorf("looks like a container of a Pod, which no rule is about; " +
				"name the Pod template in pods of the kind in spec.kinds, or write pods: [] if there is none")
		}
		if text, err := value.Text(); err == nil && (isPod || isImage) && kinds.Injects(text) {
			return false, e.refuse(o, value, "is a text that holds what looks like a container or an image, which no rule is about; write it out as fields")
		}
		if !isImage {
			return true, nil
		}
		for _, name := range kinds.ImagesIn(key, value) {
			if !known[name.Path()] {
				return false, name.Errorf("looks like an image, which no rule is about; " +
					"name the field in images of the kind in spec.kinds, or write images: [] if there is none")
			}
		}
		return true, nil
	})
}

// knownPlaces are the paths of what rules are about.
func (o *object) knownPlaces(images []manifest.Node) (map[string]bool, error) {
	known := map[string]bool{}
	for _, place := range images {
		known[place.Path()] = true
	}
	for _, path := range o.kind.Pods {
		pods, err := o.node.Find(path)
		if err != nil {
			return nil, err
		}
		for _, pod := range pods {
			known[pod.Path()] = true
		}
	}
	return known, nil
}

// checkInjected refuses Pods with an annotation in which something looks like a container or
// an image: what puts it into the Pods does so after all rules.
func (e *engine) checkInjected(o *object) error {
	return o.walkTexts(o.kind.Annotations, func(key, text string, place manifest.Node) error {
		_, isSet := e.tenant.Spec.Annotations[key]
		// What is called an image is under the rules for images, but for blanks around it.
		name := strings.TrimSpace(text)
		isImage := (kinds.IsTagged(name) || kinds.IsImage(key, name)) && !kinds.IsImage(key, text)
		holds := isImage || kinds.Injects(text)
		if isSet || isDeployers(key) || !holds {
			return nil
		}
		return e.refuse(o, place, "holds what looks like a container or an image, which may be put into the Pods and no rule is about; remove the annotation, set it in spec.annotations")
	})
}
