package rules

// kind tells where an object of one kind holds what a tenant file is about.
// The paths are those of manifest.Node.Find.
type kind struct {
	// templates have metadata of their own that ends up on other objects.
	templates []string
	// selector must go on matching the labels of the template; it is never
	// edited.
	selector string
	// images are the fields that hold an image reference.
	images []string
}

// kinds holds the kinds that have more than their own metadata, by API group
// and kind. The API version is left out: these fields are in the same place
// in all of them.
var kinds = map[string]kind{
	"/Pod":             {images: podImages("spec")},
	"apps/DaemonSet":   workload,
	"apps/Deployment":  workload,
	"apps/ReplicaSet":  workload,
	"apps/StatefulSet": workload,
	"batch/Job":        workload,
	"batch/CronJob": {
		templates: []string{"spec.jobTemplate", "spec.jobTemplate.spec.template"},
		selector:  "spec.jobTemplate.spec.selector.matchLabels",
		images:    podImages("spec.jobTemplate.spec.template.spec"),
	},
	// The operator passes a RedisFailover's own labels on to its Pods as far
	// as spec.labelWhitelist lets them.
	"databases.spotahome.com/RedisFailover": {
		images: append(failoverImages("spec.redis"), failoverImages("spec.sentinel")...),
	},
}

var workload = kind{
	templates: []string{"spec.template"},
	selector:  "spec.selector.matchLabels",
	images:    podImages("spec.template.spec"),
}

func podImages(spec string) []string {
	return []string{
		spec + ".initContainers[].image",
		spec + ".containers[].image",
		spec + ".ephemeralContainers[].image",
	}
}

func failoverImages(spec string) []string {
	return []string{
		spec + ".image",
		spec + ".exporter.image",
		spec + ".initContainers[].image",
		spec + ".extraContainers[].image",
	}
}
