// Package krm reads and writes the ResourceList of KRM functions, through which
// kustomize and kpt hand objects to a program and take them back.
package krm

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

const (
	group      = "config.kubernetes.io/"
	apiVersion = group + "v1"
	kind       = "ResourceList"
	// configName stands for the tenant file in messages.
	configName = "functionConfig"
)

// List is a ResourceList. What is not changed keeps its bytes.
type List struct {
	// lines are those of the text, with their ends.
	lines       []string
	root, items *yaml.Node
	config      *yaml.Node
	// rendered are the items that are rendered.
	rendered []item
}

// item is one of the items, and where it stands in the text.
type item struct {
	node *yaml.Node
	// first and end are its first line and the one after its last, from 0.
	first, end int
}

// Read reads a ResourceList, of whatever version. It is false if the text is
// something else.
func Read(text []byte) (*List, bool) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil || len(document.Content) != 1 {
		return nil, false
	}
	root := document.Content[0]
	if value(root, "kind") != kind || !strings.HasPrefix(value(root, "apiVersion"), group) {
		return nil, false
	}
	lines := slices.Collect(strings.Lines(string(text)))
	if last := len(lines) - 1; !strings.HasSuffix(lines[last], "\n") {
		lines[last] += "\n"
	}
	return &List{lines: lines, root: root, items: field(root, "items"), config: field(root, configName)}, true
}

// Render returns the ResourceList with its items as the Tenant in its
// functionConfig is to have them, and with results that tell what has changed. With
// an error the items are as they were, and the results tell what is wrong.
func (l *List) Render() ([]byte, error) {
	documents, err := l.render()
	if err != nil {
		text, failed := l.write(nil, l.failures(err))
		return text, errors.Join(err, failed)
	}
	var results []result
	for _, doc := range documents {
		if len(doc.Changes) == 0 {
			continue
		}
		var object yaml.Node
		if err := yaml.Unmarshal(doc.After, &object); err != nil {
			return nil, err
		}
		results = append(results, changes(doc, object.Content[0])...)
	}
	return l.write(documents, results)
}

// render returns the items that are rendered, each as a document.
func (l *List) render() ([]rules.Document, error) {
	if version := value(l.root, "apiVersion"); version != apiVersion {
		return nil, fmt.Errorf("the ResourceList has the version %q; allowed is %s; use a newer kustomize or kpt", version, apiVersion)
	}
	t, err := l.tenant()
	if err != nil || l.items == nil {
		return nil, err
	}
	if l.items.Kind != yaml.SequenceNode {
		return nil, errors.New("items of the ResourceList is not a list")
	}
	if l.items.Style&yaml.FlowStyle != 0 && len(l.items.Content) > 0 {
		return nil, errors.New("items of the ResourceList is a list on one line; write - and an object below it for each")
	}
	var pieces []manifest.Piece
	for i, node := range l.items.Content {
		next := item{node: node, first: node.Line - 1, end: l.lineAfterItem(i)}
		piece := manifest.Piece{Text: []byte(l.outdented(next)), Line: node.Line}
		if isLeftAlone(node) && isUnambiguous(piece) {
			continue
		}
		pieces = append(pieces, piece)
		l.rendered = append(l.rendered, next)
	}
	result, err := rules.Pieces(t, pieces)
	return result.Documents, err
}

// isLeftAlone tells whether an item is never applied to a cluster: what is about
// the package itself.
func isLeftAlone(node *yaml.Node) bool {
	return value(field(field(node, "metadata"), "annotations"), group+"local-config") == "true" ||
		strings.HasPrefix(value(node, "apiVersion"), "kpt.dev/") ||
		value(node, "apiVersion") == tenant.APIVersion && value(node, "kind") == tenant.Kind
}

// isUnambiguous tells whether all readers take an item for the same: one with two
// kinds may be a Kptfile to this one and a Pod to another.
func isUnambiguous(piece manifest.Piece) bool {
	_, err := manifest.Parse(piece)
	return err == nil
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

func encode(node any) ([]byte, error) {
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
