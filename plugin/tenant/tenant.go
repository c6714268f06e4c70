// Package tenant holds the tenant file: its Go type, its strict reader, and
// what its fields mean.
//
// The type is the only source: the tags of its fields make the reader, the
// JSON Schema, the documentation and the example. They are
//
//	key      the key in the file; ",optional" if it may be missing
//	format   the name of a format that a string must have; for a mapping
//	         KEYS:VALUES
//	default  the value of a string that is missing
//	doc      what the field says, in a sentence
//	example  a value for the documentation
package tenant

import (
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/image"
	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
)

// APIVersion and Kind are what a tenant file must begin with.
const (
	APIVersion = "tenant-redis.dev/v1alpha1"
	Kind       = "Tenant"
)

// Label is the label that every object of a tenant carries. Its value is the
// tenant's name.
const Label = "tenant-redis.dev/tenant"

// Tenant is what a tenant file says.
type Tenant struct {
	APIVersion string   `key:"apiVersion" format:"apiVersion" doc:"The version of this format." example:"tenant-redis.dev/v1alpha1"`
	Kind       string   `key:"kind" format:"kind" doc:"The kind of this file." example:"Tenant"`
	Metadata   Metadata `key:"metadata" doc:"Whose file it is."`
	Spec       Spec     `key:"spec" doc:"What the tenant's objects must hold."`

	file   string
	nodes  map[string]*yaml.Node
	digest string
}

// Metadata says whose file it is.
type Metadata struct {
	Name string `key:"name" format:"name" doc:"The tenant's name. Every object and Pod template gets it as the label tenant-redis.dev/tenant." example:"team-a"`
}

// Spec is what the tenant's objects must hold.
type Spec struct {
	Namespace   string            `key:"namespace" format:"name" doc:"Namespace of the release. An object without a namespace gets it; one in a namespace that is neither this nor among namespaces is refused." example:"redis-system"`
	Release     string            `key:"release,optional" format:"name" doc:"Name of the release that helm tenant batch renders, with which names of hooks may begin; the tenant's name if missing." example:"team-a-cache"`
	Namespaces  []string          `key:"namespaces,optional" format:"name" doc:"The tenant's own namespaces: objects may be there, and with access its Pods get in from there and from namespace, where helm test runs." example:"team-a"`
	Labels      map[string]string `key:"labels,optional" format:"labelKey:labelValue" doc:"Labels of every object and Pod template. Selectors are never changed." example:"cost-centre=4711"`
	Annotations map[string]string `key:"annotations,optional" format:"annotationKey:" doc:"Annotations of every object and Pod template." example:"example.com/owner=team-a@example.com"`
	Images      []ImageMapping    `key:"images,optional" doc:"Where images come from instead of where the chart says."`
	OtherImages string            `key:"otherImages,optional" format:"otherImages" default:"keep" doc:"What happens to an image that no rule of images is about, or that is left to an operator. It stays, or the manifests are refused. A rule from a registry to itself lets its images stay." example:"refuse"`
	Access      *Access           `key:"access,optional" doc:"Which Pods get in, whatever the chart's NetworkPolicies say. A peer of another namespace that is not the platform's becomes Pods with these labels in namespaces and in namespace."`
	Resources   *Resources        `key:"resources,optional" doc:"Ceilings of each container's resources."`
	Alerts      *Alerts           `key:"alerts,optional" doc:"What every alert carries, for Alertmanager to route it by."`
	Placement   *Placement        `key:"placement,optional" doc:"The nodes that Pods run on."`
	Sidecars    []Sidecar         `key:"sidecars,optional" doc:"Pods that get HAProxy beside their containers, as https://github.com/tenant-redis/tenant-redis/blob/main/docs/proxy.md has it, for an application that does not know Sentinel. They get the container redis-proxy, its volume, the label that lets them in, and REDIS_HOST, REDIS_PORT and REDIS_READ_PORT in the environment of the other containers."`
	Patches     []Patch           `key:"patches,optional" doc:"JSON patches for all else. They are made before the rest, which therefore holds in spite of them."`
	Exceptions  []Target          `key:"exceptions,optional" doc:"Objects that may do what is refused otherwise, as each error of that kind says: those of the cluster, rights, and what concerns other tenants. They need not be there."`
	Kinds       []ScopedKind      `key:"kinds,optional" doc:"Kinds that Kubernetes, the Redis operator and the Prometheus operator do not have. A kind that is not known is refused, and so is one that is known and declared."`
}

// ImageMapping replaces the beginning of image names, such as
// "docker.io/library". What follows From in an image's name, its tag and its
// digest are kept.
type ImageMapping struct {
	From     string `key:"from" format:"imagePrefix" doc:"Beginning of an image's full name, of whole path components. The longest that fits decides. A host counts in any letters, port 443 as none, and Docker's registry by each of its names." example:"docker.io/library"`
	To       string `key:"to" format:"imagePrefix" doc:"What stands there instead. The rest of the name, tag and digest stay." example:"registry.example/mirror/library"`
	Optional bool   `key:"optional,optional" doc:"Whether no image need come from there." example:"true"`
}

// Access says which Pods get in.
type Access struct {
	PodLabels          map[string]string `key:"podLabels" format:"labelKey:labelValue" doc:"Labels that a Pod in one of namespaces, or in namespace, needs. The connection ConfigMap has them in its annotation tenant-redis.dev/access-labels." example:"elastisys.io/redis-sessions-access=allow"`
	PlatformNamespaces []string          `key:"platformNamespaces,optional" format:"name" doc:"Namespaces of the operator and of monitoring, whose peers stay as they are. A peer of another single namespace is refused." example:"redis-system"`
	Optional           bool              `key:"optional,optional" doc:"Whether the chart need have no NetworkPolicy that lets clients in, and no connection ConfigMap." example:"true"`
}

// Resources are ceilings.
type Resources struct {
	OnExcess string       `key:"onExcess" format:"onExcess" doc:"What happens to more than the ceiling, and to a limit that is missing: refuse the manifests, or clamp to the ceiling. The memory of Redis itself is never clamped, because maxmemory follows from it." example:"refuse"`
	Requests ResourceList `key:"requests,optional" format:"resourceName:quantity" doc:"The most that a container may request. One that requests nothing gets its limit as a request." example:"cpu=500m"`
	Limits   ResourceList `key:"limits,optional" format:"resourceName:quantity" doc:"The highest limit that a container may have. It must have one." example:"memory=1Gi"`
	Optional bool         `key:"optional,optional" doc:"Whether there need be no container." example:"true"`
}

// ResourceList holds quantities by the resource's name.
type ResourceList map[string]string

// Alerts are labels and annotations of alerts.
type Alerts struct {
	Labels      map[string]string `key:"labels,optional" format:"alertKey:" doc:"Labels of every alert in PrometheusRules." example:"team=team-a"`
	Annotations map[string]string `key:"annotations,optional" format:"alertKey:" doc:"Annotations of every alert." example:"contact=team-a@example.com"`
	Optional    bool              `key:"optional,optional" doc:"Whether there need be no alert." example:"true"`
}

// Placement says which nodes Pods run on.
type Placement struct {
	NodeSelector map[string]string `key:"nodeSelector,optional" format:"labelKey:labelValue" doc:"Labels that a node needs." example:"elastisys.io/node-type=redis"`
	Tolerations  []Toleration      `key:"tolerations,optional" doc:"Taints that Pods accept, besides those that the chart says."`
	Optional     bool              `key:"optional,optional" doc:"Whether there need be no Pod." example:"true"`
}

// Toleration is that of a Pod.
type Toleration struct {
	Key      string `key:"key" format:"labelKey" doc:"Key of the taint." example:"elastisys.io/node-type"`
	Operator string `key:"operator,optional" format:"tolerationOperator" default:"Equal" doc:"Whether the value counts." example:"Equal"`
	Value    string `key:"value,optional" format:"labelValue" doc:"Value of the taint." example:"redis"`
	Effect   string `key:"effect,optional" format:"taintEffect" doc:"Effect of the taint; all if missing." example:"NoSchedule"`
}

// Sidecar is HAProxy in the Pods of some workloads.
type Sidecar struct {
	Target   Target `key:"target" doc:"The workloads."`
	Instance string `key:"instance" format:"instance" doc:"Name of the instance, whose chart has proxy.sidecar and a password. Its ConfigMaps and its Secret must be in the namespace of the Pods." example:"sessions"`
	Image    string `key:"image,optional" format:"pinnedImage" default:"docker.io/library/haproxy:3.2.26" doc:"Image of HAProxy 2.6 or newer with Lua and bash. Images are mapped after that." example:"docker.io/library/haproxy:3.2.26"`
	Optional bool   `key:"optional,optional" doc:"Whether there need be no such workload." example:"true"`
}

// Patch is a JSON patch (RFC 6902) of some objects.
type Patch struct {
	Target     Target      `key:"target" doc:"The objects."`
	Operations []Operation `key:"operations" doc:"What is done to each, in this order. If all of it is so already, nothing is done."`
	Optional   bool        `key:"optional,optional" doc:"Whether there need be no such object." example:"true"`
}

// Target names objects. What is empty fits all.
type Target struct {
	Group     string `key:"group,optional" format:"group" doc:"API group; empty for the core's." example:"apps"`
	Kind      string `key:"kind" format:"kindName" doc:"Kind." example:"Deployment"`
	Namespace string `key:"namespace,optional" format:"name" doc:"Namespace; any if missing." example:"redis-system"`
	Name      string `key:"name,optional" format:"objectName" doc:"Name; any if missing." example:"sessions"`
}

// Operation is an operation of a JSON patch.
type Operation struct {
	Op    string     `key:"op" format:"op" doc:"What is done. RFC 6902's move and copy are left out: they cannot be repeated without harm." example:"add"`
	Path  string     `key:"path" format:"pointer" doc:"The field, as a JSON pointer." example:"/spec/template/spec/priorityClassName"`
	Value *yaml.Node `key:"value,optional" doc:"What to set, or to test for." example:"tenant-high"`
}

// ScopedKind is a kind that is declared.
type ScopedKind struct {
	Group  string   `key:"group" format:"group" doc:"API group." example:"example.com"`
	Kind   string   `key:"kind" format:"kindName" doc:"Kind." example:"Widget"`
	Scope  string   `key:"scope" format:"scope" doc:"Whether its objects are in a namespace." example:"Namespaced"`
	Pods   []string `key:"pods,optional" format:"fieldPath" doc:"Where its objects hold Pod templates, which the rules for Pods are about. What looks like a Pod elsewhere is refused; with an empty list it is taken for none." example:"spec.template"`
	Images []string `key:"images,optional" format:"fieldPath" doc:"Where its objects hold names of images besides those of Pods. What looks like an image elsewhere is refused; with an empty list it is taken for none." example:"spec.agent.image"`
}

// Line returns the line of a key in the file, such as "spec.labels.team". It
// is 0 for a key that is not there.
func (t *Tenant) Line(key string) int {
	if n := t.nodes[key]; n != nil {
		return n.Line
	}
	return 0
}

// Problem returns an error about a key of the file that was read.
func (t *Tenant) Problem(key, wrong, allowed, fix string) error {
	r := reader{file: t.file}
	n := t.nodes[key]
	if n == nil {
		n = &yaml.Node{}
	}
	r.report(n, key, wrong, allowed, fix)
	return r.problems
}

// Provenance is the annotation of every rendered object. It names the version
// of the renderer, the tenant, and the SHA-256 of the tenant file.
const Provenance = "tenant-redis.dev/rendered-by"

// RenderedBy returns the value of Provenance.
func (t *Tenant) RenderedBy() string {
	return fmt.Sprintf("tenant-post/%s %s sha256:%s", version.Version, t.Metadata.Name, t.digest)
}

// AllLabels returns the labels of the file and Label.
func (t *Tenant) AllLabels() map[string]string {
	labels := map[string]string{Label: t.Metadata.Name}
	maps.Copy(labels, t.Spec.Labels)
	return labels
}

// MapRepository returns the repository that an image is to come from, and the
// index of the mapping that says so, which is the one with the longest From.
// The repository is a canonical name, such as "docker.io/library/redis", without
// tag and digest. The index is -1 if there is none.
func MapRepository(mappings []ImageMapping, repository string) (string, int) {
	found, longest := -1, ""
	for i, m := range mappings {
		if from := image.Canonical(m.From); Within(repository, from) && len(from) > len(longest) {
			found, longest = i, from
		}
	}
	if found < 0 {
		return repository, found
	}
	return mappings[found].To + repository[len(longest):], found
}

// Within tells whether name is prefix, or goes on with a path below it.
func Within(name, prefix string) bool {
	rest, found := strings.CutPrefix(name, prefix)
	return found && (rest == "" || rest[0] == '/')
}
