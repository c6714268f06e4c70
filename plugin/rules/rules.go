// Package rules knows what a tenant file changes in which object: labels and
// annotations on metadata and on pod templates, and image references. How a
// change is written into the bytes is package manifest's job.
package rules

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// Render returns a stream of manifests as the tenant t is to have it.
// Documents that need no change keep their bytes. Rendering the result again
// changes nothing. The error is a *manifest.Error; there is no output then.
func Render(t tenant.Tenant, stream []byte) ([]byte, error) {
	var out bytes.Buffer
	for _, piece := range manifest.Split(stream) {
		doc, err := manifest.Parse(piece)
		if err != nil {
			return nil, err
		}
		if root, ok := doc.Root(); ok {
			if err := applyTo(root, t); err != nil {
				return nil, err
			}
		}
		text, err := doc.Bytes()
		if err != nil {
			return nil, err
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}

// applyTo plans the edits of one object, or of each item of a list.
func applyTo(object manifest.Node, t tenant.Tenant) error {
	apiVersion, err := required(object, "apiVersion")
	if err != nil {
		return err
	}
	name, err := required(object, "kind")
	if err != nil {
		return err
	}
	// A list is a way of writing several objects; only they reach the cluster.
	// A kind may end in List without being one.
	if strings.HasSuffix(name, "List") {
		if lists, err := object.Find("items"); err != nil || len(lists) > 0 {
			return applyToItems(object, t)
		}
	}
	group, _, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		group = ""
	}
	return applyToObject(object, kinds[group+"/"+name], t)
}

func applyToItems(list manifest.Node, t tenant.Tenant) error {
	items, err := list.Find("items[]")
	if err != nil {
		return err
	}
	for _, item := range items {
		if err := applyTo(item, t); err != nil {
			return err
		}
	}
	return nil
}

func applyToObject(object manifest.Node, k kind, t tenant.Tenant) error {
	if metadata, err := object.Find("metadata"); err != nil {
		return err
	} else if len(metadata) == 0 {
		return object.Errorf("has no metadata; an object needs metadata.name")
	}
	if err := checkSelector(object, k, t); err != nil {
		return err
	}
	want := metadataOf(t)
	if err := object.Merge(want); err != nil {
		return err
	}
	for _, path := range k.templates {
		templates, err := object.Find(path)
		if err != nil {
			return err
		}
		for _, template := range templates {
			if err := template.Merge(want); err != nil {
				return err
			}
		}
	}
	return mapImages(object, k, t.Images)
}

// metadataOf returns what the metadata of each of the tenant's objects holds.
func metadataOf(t tenant.Tenant) manifest.Fields {
	metadata := manifest.Fields{}
	metadata["labels"] = fieldsOf(t.AllLabels())
	if len(t.Annotations) > 0 {
		metadata["annotations"] = fieldsOf(t.Annotations)
	}
	return manifest.Fields{"metadata": metadata}
}

func fieldsOf(entries map[string]string) manifest.Fields {
	fields := manifest.Fields{}
	for key, value := range entries {
		fields[key] = value
	}
	return fields
}

// checkSelector refuses a label that a workload selects its own Pods by with
// another value: the API server would refuse the workload, or it would lose
// its Pods.
func checkSelector(object manifest.Node, k kind, t tenant.Tenant) error {
	if k.selector == "" {
		return nil
	}
	selectors, err := object.Find(k.selector)
	if err != nil {
		return err
	}
	labels := t.AllLabels()
	for _, selector := range selectors {
		for _, key := range slices.Sorted(maps.Keys(labels)) {
			selected, err := selector.Value(key)
			if err != nil {
				return err
			}
			if selected != "" && selected != labels[key] {
				return selector.Errorf("selects Pods by the label %s with another value than the tenant's; "+
					"remove the label from the tenant file or from the selector", key)
			}
		}
	}
	return nil
}

func required(object manifest.Node, key string) (string, error) {
	text, err := object.Value(key)
	if err == nil && text == "" {
		err = object.Errorf("is not a Kubernetes object: it has no %s; each document needs apiVersion and kind", key)
	}
	return text, err
}
