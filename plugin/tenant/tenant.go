// Package tenant holds the tenant file: its Go type, its strict reader, and
// what its fields mean.
package tenant

import (
	"maps"
	"strings"
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
	// Name is the tenant's name, a DNS label.
	Name string
	// Labels are set on every object and pod template, besides Label.
	Labels map[string]string
	// Annotations are set on every object and pod template.
	Annotations map[string]string
	// Images say where images come from instead of where the charts say.
	Images []ImageMapping
}

// AllLabels returns Labels and Label.
func (t Tenant) AllLabels() map[string]string {
	labels := map[string]string{Label: t.Name}
	maps.Copy(labels, t.Labels)
	return labels
}

// ImageMapping replaces the beginning of image names, such as
// "docker.io/library". Both ends begin with a registry's host and hold whole
// path components, no tag and no digest. What follows From in an image's
// name, its tag and its digest are kept.
type ImageMapping struct {
	From, To string
}

// MapRepository returns the repository that an image is to come from. The
// repository is a full name, such as "docker.io/library/redis", without tag
// and digest. The mapping with the longest From decides; it is false if there
// is none.
func MapRepository(mappings []ImageMapping, repository string) (string, bool) {
	longest := ImageMapping{}
	for _, m := range mappings {
		if within(repository, m.From) && len(m.From) > len(longest.From) {
			longest = m
		}
	}
	return longest.To + repository[len(longest.From):], longest.From != ""
}

// within tells whether name is prefix, or goes on with a path below it.
func within(name, prefix string) bool {
	rest, found := strings.CutPrefix(name, prefix)
	return found && (rest == "" || rest[0] == '/')
}
