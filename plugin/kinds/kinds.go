// Package kinds knows the kinds of Kubernetes, of the Redis operator and of the
// Prometheus operator, and those that a tenant file declares: their scope, and
// where their objects hold Pods and images.
package kinds

import (
	"slices"

	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// Kind tells where an object of one kind holds what a tenant file is about.
// The paths are those of manifest.Node.Find.
type Kind struct {
	// Templates have metadata of their own that ends up on other objects.
	Templates []string
	// PodMetadata have metadata for Pods in a field of that name.
	PodMetadata []string
	// Selector must go on matching the labels of the template; it is never
	// edited.
	Selector string
	// Pods are the specs of Pods, or what stands for one.
	Pods []string
	// StandIn tells that Pods only stand for the specs of Pods.
	StandIn bool
	// Containers are below each of Pods; "" is the place itself.
	Containers []string
	// Images are names of images besides those of containers, below each of
	// Pods.
	Images []string
	// Others are names of images that belong to no Pod.
	Others []string
	// Annotations are those of Pods, in which whatever puts containers into Pods looks
	// for their images.
	Annotations []string
	// Attributes are what volumes tell their drivers, below each of Pods: drivers of
	// images look for theirs there.
	Attributes []string
}

// DriversTexts are the paths of all Attributes.
func (k Kind) DriversTexts() []string {
	var paths []string
	for _, pod := range k.Pods {
		for _, path := range k.Attributes {
			paths = append(paths, pod+"."+path)
		}
	}
	return paths
}

// Names are the paths of all names of images.
func (k Kind) Names() []string {
	names := slices.Clone(k.Others)
	for _, pod := range k.Pods {
		for _, path := range k.Containers {
			if path != "" {
				path += "."
			}
			names = append(names, pod+"."+path+"image")
		}
		for _, path := range k.Images {
			names = append(names, pod+"."+path)
		}
	}
	return names
}

// PodLabels are the paths of the labels that end up on Pods.
func (k Kind) PodLabels() []string {
	if len(k.Pods) > 0 && len(k.Templates)+len(k.PodMetadata) == 0 {
		return []string{"metadata.labels"}
	}
	var paths []string
	for _, path := range k.Templates {
		paths = append(paths, path+".metadata.labels")
	}
	for _, path := range k.PodMetadata {
		paths = append(paths, path+".podMetadata.labels")
	}
	return paths
}

// Failover is the kind of the Redis operator.
const Failover = "databases.spotahome.com/RedisFailover"

// known holds the kinds that have more than their own metadata, by API group
// and kind. The API version is left out: these fields are in the same place
// in all of them.
var known = map[string]Kind{
	"/Namespace":             {Annotations: []string{"metadata.annotations"}},
	"/Pod":                   {Pods: []string{"spec"}, Containers: podContainers, Images: podImages, Annotations: []string{"metadata.annotations"}, Attributes: podAttributes},
	"/PodTemplate":           templates("template"),
	"/ReplicationController": workload("spec.selector"),
	"apps/DaemonSet":         workload("spec.selector.matchLabels"),
	"apps/Deployment":        workload("spec.selector.matchLabels"),
	"apps/ReplicaSet":        workload("spec.selector.matchLabels"),
	"apps/StatefulSet":       workload("spec.selector.matchLabels"),
	"batch/Job":              workload("spec.selector.matchLabels"),
	"batch/CronJob": {
		Templates:   []string{"spec.jobTemplate", "spec.jobTemplate.spec.template"},
		Selector:    "spec.jobTemplate.spec.selector.matchLabels",
		Pods:        []string{"spec.jobTemplate.spec.template.spec"},
		Containers:  podContainers,
		Images:      podImages,
		Annotations: []string{"spec.jobTemplate.spec.template.metadata.annotations"},
		Attributes:  podAttributes,
	},
	Failover: {
		Pods:        []string{"spec.redis", "spec.sentinel"},
		StandIn:     true,
		Containers:  []string{"", "exporter", "initContainers[]", "extraContainers[]"},
		Images:      []string{"extraVolumes[].image.reference"},
		Annotations: []string{"spec.redis.podAnnotations", "spec.sentinel.podAnnotations"},
		Attributes:  []string{"extraVolumes[].csi.volumeAttributes", "extraVolumes[].flexVolume.options"},
	},
	"monitoring.coreos.com/Alertmanager":    monitor,
	"monitoring.coreos.com/Prometheus":      monitor,
	"monitoring.coreos.com/PrometheusAgent": monitor,
	"monitoring.coreos.com/ThanosRuler":     monitor,
}

var (
	podContainers = []string{"initContainers[]", "containers[]", "ephemeralContainers[]"}
	podImages     = []string{"volumes[].image.reference"}
	podAttributes = []string{"volumes[].csi.volumeAttributes", "volumes[].flexVolume.options"}
	// monitor is what the Prometheus operator makes Pods of. baseImage is the
	// older name of image.
	monitor = Kind{
		PodMetadata: []string{"spec"},
		Pods:        []string{"spec"},
		StandIn:     true,
		Containers:  []string{"", "thanos", "initContainers[]", "containers[]"},
		Images:      append([]string{"baseImage", "thanos.baseImage"}, podImages...),
		Annotations: []string{"spec.podMetadata.annotations"},
		Attributes:  podAttributes,
	}
)

func workload(selector string) Kind {
	k := templates("spec.template")
	k.Selector = selector
	return k
}

// templates is a kind with Pod templates at some paths.
func templates(paths ...string) Kind {
	k := Kind{Templates: paths, Containers: podContainers, Images: podImages, Attributes: podAttributes}
	for _, path := range paths {
		k.Pods = append(k.Pods, path+".spec")
		k.Annotations = append(k.Annotations, path+".metadata.annotations")
	}
	return k
}

// Of returns what is known of a kind, such as "apps/Deployment" or "/Service".
// What a tenant file declares comes first.
func Of(declared []tenant.ScopedKind, id string) Kind {
	d := Declared(declared, id)
	if d == nil {
		return known[id]
	}
	k := templates(d.Pods...)
	k.Others = d.Images
	return k
}

// Declared returns what a tenant file says of a kind, or nil.
func Declared(declared []tenant.ScopedKind, id string) *tenant.ScopedKind {
	for i := range declared {
		if declared[i].Group+"/"+declared[i].Kind == id {
			return &declared[i]
		}
	}
	return nil
}
