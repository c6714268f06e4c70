package check

import (
	// A digest is only read if its algorithm is linked in.
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	images "github.com/tenant-redis/tenant-redis/plugin/image"
	"github.com/tenant-redis/tenant-redis/plugin/kinds"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// evictableVolumes is the annotation that lists the emptyDirs that may be lost.
const evictableVolumes = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"

// restricted judges by the newest version of the standard.
var restricted = func() func(workload) []policy.CheckResult {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	return func(w workload) []policy.CheckResult {
		return evaluator.EvaluatePod(level, &w.template.ObjectMeta, &w.template.Spec)
	}
}()

func (w *world) checkPods(made workload) {
	for _, result := range restricted(made) {
		if !result.Allowed {
			w.report("pod-security", Deny, made.id, made.specField, result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
	}
	for _, container := range made.template.Spec.Containers {
		for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if container.Resources.Requests.Name(resource, "").IsZero() {
				w.report("resource-requests", Deny, made.id, made.specField,
					fmt.Sprintf("container %s requests no %s: set resources.requests.%s", container.Name, resource, resource))
			}
		}
	}
	evictable := strings.Split(made.template.Annotations[evictableVolumes], ",")
	for _, volume := range made.template.Spec.Volumes {
		if volume.EmptyDir != nil && !slices.Contains(evictable, volume.Name) {
			w.report("empty-dir", Note, made.id, made.specField,
				fmt.Sprintf("emptyDir %s keeps the cluster autoscaler from removing a node: name it in the Pod's annotation %s", volume.Name, evictableVolumes))
		}
	}
}

func (w *world) checkImages(made workload, registries []string) {
	for _, image := range made.images() {
		w.checkImage(image, registries)
	}
}

// images returns all images that a workload's Pods name.
func (made workload) images() []image {
	spec := made.template.Spec
	var all []image
	add := func(holder, name string) {
		all = append(all, image{id: made.id, field: made.specField, name: name, holder: holder})
	}
	addNamed := func(holder string, texts map[string]string) {
		for _, key := range slices.Sorted(maps.Keys(texts)) {
			if kinds.IsImage(key, texts[key]) {
				add(holder+" "+key, texts[key])
			}
		}
	}
	for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
		add("container "+container.Name, container.Image)
	}
	for _, container := range spec.EphemeralContainers {
		add("container "+container.Name, container.Image)
	}
	for _, volume := range spec.Volumes {
		if volume.Image != nil {
			add("volume "+volume.Name, volume.Image.Reference)
		}
		for _, attributes := range driversTexts(volume) {
			addNamed("volume "+volume.Name, attributes)
		}
	}
	addNamed("annotation", made.template.Annotations)
	return all
}

// driversTexts are what a volume tells its driver.
func driversTexts(volume corev1.Volume) []map[string]string {
	var all []map[string]string
	if volume.CSI != nil {
		all = append(all, volume.CSI.VolumeAttributes)
	}
	if volume.FlexVolume != nil {
		all = append(all, volume.FlexVolume.Options)
	}
	return all
}

func (w *world) checkImage(i image, registries []string) {
	what := strings.TrimPrefix(i.holder+" has image", " ")
	if !pinned(i.name) {
		w.report("image-tag", Deny, i.id, i.field, fmt.Sprintf("%s %q: give it a tag other than latest", what, i.name))
	}
	allowed := func(prefix string) bool { return strings.HasPrefix(i.name, prefix) && isBelow(i.name, prefix) }
	if len(registries) > 0 && !slices.ContainsFunc(registries, allowed) {
		w.report("image-registry", Warn, i.id, i.field, fmt.Sprintf("%s %q: it must start with %s", what, i.name, strings.Join(registries, " or ")))
	}
}

// isBelow tells whether an image is from a registry or a path in it: registry.example.evil
// only begins like registry.example. What is no reference is reported for itself.
func isBelow(name, prefix string) bool {
	read, ok := images.Parse(name)
	return !ok || tenant.Within(read.Repository(), strings.TrimSuffix(images.Canonical(prefix), "/"))
}

// pinned tells whether an image has a tag other than latest, or a digest alone.
func pinned(image string) bool {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return false
	}
	if tagged, ok := named.(reference.Tagged); ok {
		return tagged.Tag() != "latest"
	}
	_, digested := named.(reference.Digested)
	return digested
}
