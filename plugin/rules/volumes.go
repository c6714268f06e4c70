package rules

import (
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// checkVolumes refuses a volume that is made of what is in a namespace of others, and one
// whose driver is given such a namespace: some take Secrets from there.
func (e *engine) checkVolumes(o *object) error {
	if err := e.checkSources(o); err != nil {
		return err
	}
	return o.walkTexts(o.kind.DriversTexts(), func(key, text string, place manifest.Node) error {
		if !strings.HasSuffix(strings.ToLower(key), "namespace") {
			return nil
		}
		return e.checkElsewhere(o, place, text)
	})
}

// checkSources refuses a claim, whatever object asks for it, that copies from a namespace of
// others.
func (e *engine) checkSources(o *object) error {
	// What a Secret holds is no claim, and must not be told.
	if o.id == "/Secret" {
		return nil
	}
	for _, source := range o.node.Below("dataSourceRef") {
		if len(source.Keys()) == 0 {
			continue
		}
		namespace, err := source.Value("namespace")
		if err != nil {
			return err
		}
		if err := e.checkElsewhere(o, source, namespace); err != nil {
			return err
		}
	}
	return nil
}

// checkElsewhere refuses what is made of what is in a namespace of others.
func (e *engine) checkElsewhere(o *object, place manifest.Node, namespace string) error {
	if namespace == "" || slices.Contains(e.namespaces(), namespace) {
		return nil
	}
	return e.refuse(o, place, "takes what is in %s, which is not the tenant's; allowed are %s; change it in the chart's values", namespace, strings.Join(e.namespaces(), ", "))
}
