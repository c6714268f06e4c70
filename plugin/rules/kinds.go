package rules

// kind tells where an object of one kind holds what a tenant file is about.
// The paths are those of manifest.Node.Find.
type kind struct {
	// templates have metadata of their own that ends up on other objects.
	templates []string
	// selector must go on matching the labels of the template; it is never
	// edited.
	selector string
	// pods are the specs of Pods, or what stands for one.
	pods []string
	// containers are below each of pods; "" is the place itself.
	containers []string
}

const failoverKind = "databases.spotahome.com/RedisFailover"

// kinds holds the kinds that have more than their own metadata, by API group
// and kind. The API version is left out: these fields are in the same place
// in all of them.
var kinds = map[string]kind{
	"/Pod":                   {pods: []string{"spec"}, containers: podContainers},
	"/PodTemplate":           {templates: []string{"template"}, pods: []string{"template.spec"}, containers: podContainers},
	"/ReplicationController": workload("spec.selector"),
	"apps/DaemonSet":         workload("spec.selector.matchLabels"),
	"apps/Deployment":        workload("spec.selector.matchLabels"),
	"apps/ReplicaSet":        workload("spec.selector.matchLabels"),
	"apps/StatefulSet":       workload("spec.selector.matchLabels"),
	"batch/Job":              workload("spec.selector.matchLabels"),
	"batch/CronJob": {
		templates:  []string{"spec.jobTemplate", "spec.jobTemplate.spec.template"},
		selector:   "spec.jobTemplate.spec.selector.matchLabels",
		pods:       []string{"spec.jobTemplate.spec.template.spec"},
		containers: podContainers,
	},
	failoverKind: {
		pods:       []string{"spec.redis", "spec.sentinel"},
		containers: []string{"", "exporter", "initContainers[]", "extraContainers[]"},
	},
}

var podContainers = []string{"initContainers[]", "containers[]", "ephemeralContainers[]"}

func workload(selector string) kind {
	return kind{templates: []string{"spec.template"}, selector: selector, pods: []string{"spec.template.spec"}, containers: podContainers}
}
