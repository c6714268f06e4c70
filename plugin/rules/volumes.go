package rules

import (
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// checkVolumes refuses a volume whose driver is told of a namespace of others, from which
// some take Secrets.
func (e *engine) checkVolumes(o *object) error {
	return o.walkTexts(o.kind.DriversTexts(), func(key, text string, place manifest.Node) error {
		if !strings.HasSuffix(strings.ToLower(key), "namespace") {
			return nil
		}
		return e.checkElsewhere(o, place, text)
	})
}

// checkElsewhere refuses what is made of what is in a namespace of others.
func (e *engine) checkElsewhere(o *object, place manifest.Node, namespace string) error {
	if namespace == "" || slices.Contains(e.namespaces(), namespace) {
		return nil
	}
	return e.refuse(o, place, "takes what is in %s, which is not the tenant's; allowed are %s; change it in the chart's values", namespace, strings.Join(e.namespaces(), ", "))
}
