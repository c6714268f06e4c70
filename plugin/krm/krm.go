// Package krm reads and writes the ResourceList of KRM functions, through which
// kustomize and kpt hand objects to a program and take them back.
package krm

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

const (
	apiVersion = "config.kubernetes.io/v1"
	kind       = "ResourceList"
	// configName stands for the tenant file in messages.
	configName = "functionConfig"
)

// List is a ResourceList. What is not about items stays as it is.
type List struct {
	document yaml.Node
	items    *yaml.Node
	config   *yaml.Node
	// lines are where the items begin in the stream that is rendered, and where the
	// last one ends.
	lines []int
}

// Read reads a ResourceList. It is false if the text is something else.
func Read(text []byte) (*List, bool) {
	var l List
	if err := yaml.Unmarshal(text, &l.document); err != nil || len(l.document.Content) != 1 {
		return nil, false
	}
	root := l.document.Content[0]
	if value(root, "kind") != kind || value(root, "apiVersion") != apiVersion {
		return nil, false
	}
	l.items, l.config = field(root, "items"), field(root, configName)
	return &l, true
}

// Render returns the ResourceList with its items as the Tenant in its
// functionConfig is to have them, and with results that tell what has changed. With
// an error the items are as they were, and the results tell what is wrong.
func (l *List) Render() ([]byte, error) {
	results, err := l.render()
	if err != nil {
		results = l.failures(err)
	}
	if failed := l.setResults(results); failed != nil {
		return nil, errors.Join(err, failed)
	}
	text, failed := encode(&l.document)
	return text, errors.Join(err, failed)
}

func (l *List) render() ([]result, error) {
	t, err := l.tenant()
	if err != nil || l.items == nil {
		return nil, err
	}
	return l.renderItems(t)
}

// tenant reads the functionConfig as strictly as a file, but for the annotations
// by which kustomize and kpt find the function.
func (l *List) tenant() (*tenant.Tenant, error) {
	if l.config == nil {
		return nil, errors.New("the ResourceList has no functionConfig; give it the Tenant")
	}
	text, err := encode(without(l.config, "metadata", "annotations"))
	if err != nil {
		return nil, err
	}
	return tenant.Read(configName, text)
}

func (l *List) renderItems(t *tenant.Tenant) ([]result, error) {
	if l.items.Kind != yaml.SequenceNode {
		return nil, errors.New("items of the ResourceList is not a list")
	}
	var stream bytes.Buffer
	l.lines = []int{1}
	for i, item := range l.items.Content {
		text, err := encode(item)
		if err != nil {
			return nil, err
		}
		stream.WriteString("---\n")
		stream.Write(text)
		l.lines = append(l.lines, l.lines[i]+1+bytes.Count(text, []byte("\n")))
	}
	rendered, err := rules.Render(t, stream.Bytes())
	if err != nil {
		return nil, err
	}
	if len(rendered.Documents) != len(l.items.Content) {
		return nil, fmt.Errorf("%d items became %d", len(l.items.Content), len(rendered.Documents))
	}
	var results []result
	items := make([]*yaml.Node, len(rendered.Documents))
	for i, doc := range rendered.Documents {
		var document yaml.Node
		if err := yaml.Unmarshal(doc.After, &document); err != nil {
			return nil, err
		}
		items[i] = document.Content[0]
		results = append(results, changes(doc, items[i])...)
	}
	l.items.Content = items
	return results, nil
}

func encode(node *yaml.Node) ([]byte, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return nil, err
	}
	return text.Bytes(), encoder.Close()
}

// field is the value of a mapping's key, or nil.
func field(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; mapping != nil && mapping.Kind == yaml.MappingNode && i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func value(mapping *yaml.Node, key string) string {
	if node := field(mapping, key); node != nil {
		return node.Value
	}
	return ""
}

// without returns a copy of a mapping without one key of the mapping at another.
func without(mapping *yaml.Node, at, key string) *yaml.Node {
	changed := *mapping
	changed.Content = slices.Clone(mapping.Content)
	for i := 0; i+1 < len(changed.Content); i += 2 {
		inner := changed.Content[i+1]
		if changed.Content[i].Value != at || inner.Kind != yaml.MappingNode {
			continue
		}
		left := *inner
		left.Content = nil
		for j := 0; j < len(inner.Content); j += 2 {
			if inner.Content[j].Value != key {
				left.Content = append(left.Content, inner.Content[j], inner.Content[j+1])
			}
		}
		changed.Content[i+1] = &left
	}
	return &changed
}
