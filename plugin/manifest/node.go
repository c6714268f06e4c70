package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Node is a place in a document.
type Node struct {
	doc  *Document
	yaml *yaml.Node
	path string
	// shared says why the place may be seen from elsewhere in the document,
	// so that an edit here would show there; empty if it is not.
	shared string
}

// Fields is what a mapping is to hold: each value is a string or Fields.
type Fields map[string]any

// Errorf returns an *Error about this place.
func (n Node) Errorf(format string, args ...any) error {
	line := 1
	if n.yaml != nil {
		line = n.yaml.Line
	}
	return n.doc.errorAt(line, n.path, fmt.Sprintf(format, args...))
}

// Find returns the places that a path names below this one, in their order.
// The path holds keys joined by dots; a key that ends in "[]" stands for each
// item of its list: "spec.containers[].image". Missing and null fields are
// left out. It is an error if the path meets a value of another form, or a
// merge key that might bring the field in.
func (n Node) Find(path string) ([]Node, error) {
	found := []Node{n}
	for step := range strings.SplitSeq(path, ".") {
		key, each := strings.CutSuffix(step, "[]")
		var next []Node
		for _, parent := range found {
			child, err := parent.field(key)
			if err != nil {
				return nil, err
			}
			children := []Node{child}
			if each {
				if children, err = child.items(); err != nil {
					return nil, err
				}
			}
			next = append(next, slices.DeleteFunc(children, Node.absent)...)
		}
		found = next
	}
	return found, nil
}

// Text returns the string that this place holds. It is an error if it holds
// something else.
func (n Node) Text() (string, error) {
	if n.yaml.Kind != yaml.ScalarNode || n.yaml.ShortTag() != "!!str" {
		return "", n.Errorf("must be a string; put it in quotes")
	}
	return n.yaml.Value, nil
}

// Value returns the string at one key below this place, which must be a
// mapping; the key may hold dots. It is empty if there is none.
func (n Node) Value(key string) (string, error) {
	child, err := n.field(key)
	if err != nil || child.absent() {
		return "", err
	}
	return child.Text()
}

// SetText plans that this place, which must hold a single value, holds the
// string text. It plans nothing if that is so already.
func (n Node) SetText(text string) error {
	switch {
	case n.yaml.Kind != yaml.ScalarNode:
		return n.Errorf("is %s; must be a string", describe(n.yaml))
	case n.yaml.Value == text && readsAsString(n.yaml):
		return nil
	case n.shared != "":
		return n.Errorf("cannot be edited: it %s; write the value out", n.shared)
	}
	planned, ok := n.doc.replaceScalar(n.yaml, quoteLike(n.yaml.Style, text))
	if !ok {
		return n.Errorf("cannot be edited in place; write it as a value on one line, without a tag")
	}
	n.doc.edits = append(n.doc.edits, planned)
	setScalar(n.yaml, text)
	return nil
}

// Merge plans that the mapping at this place holds the fields wanted: a field
// that is missing is added, one with another value is replaced, all others
// stay. A null counts as an empty mapping. Each mapping can be merged into
// once.
func (n Node) Merge(want Fields) error {
	missing := Fields{}
	for _, key := range want.keys() {
		child, err := n.field(key)
		switch value := want[key].(type) {
		case string:
			if err == nil && child.yaml != nil {
				err = child.SetText(value)
			}
		case Fields:
			if err == nil && child.yaml != nil {
				err = child.Merge(value)
			}
		}
		if err != nil {
			return err
		}
		if child.yaml == nil {
			missing[key] = want[key]
		}
	}
	return n.insert(missing)
}

// insert plans new entries at the head of the mapping.
func (n Node) insert(fields Fields) error {
	if len(fields) == 0 {
		return nil
	}
	if n.shared != "" {
		return n.Errorf("cannot be edited: it %s; write the mapping out", n.shared)
	}
	planned, ok := n.doc.insertFields(n.yaml, fields)
	if !ok {
		return n.Errorf("cannot be edited in place; write it in plain block style, one key a line")
	}
	n.doc.edits = append(n.doc.edits, planned)
	addFields(n.yaml, fields)
	return nil
}

// absent tells whether there is nothing, or null, at this place.
func (n Node) absent() bool {
	return n.yaml == nil || isNull(n.yaml)
}

// field returns the place of a key, where there may be nothing yet.
func (n Node) field(key string) (Node, error) {
	child := Node{doc: n.doc, path: n.path + "." + key, shared: n.shared}
	if n.absent() {
		return child, nil
	}
	if n.yaml.Kind != yaml.MappingNode {
		return child, n.Errorf("is %s; must be a mapping", describe(n.yaml))
	}
	if value := lookup(n.yaml, key); value != nil {
		return child.at(value), nil
	}
	if lookup(n.yaml, "<<") != nil {
		return child, n.Errorf("has a merge key (<<) that might bring %s in; write the mapping out", key)
	}
	return child, nil
}

// items returns the places of a list's items.
func (n Node) items() ([]Node, error) {
	if n.absent() {
		return nil, nil
	}
	if n.yaml.Kind != yaml.SequenceNode {
		return nil, n.Errorf("is %s; must be a list", describe(n.yaml))
	}
	items := make([]Node, len(n.yaml.Content))
	for i, item := range n.yaml.Content {
		items[i] = Node{doc: n.doc, path: fmt.Sprintf("%s[%d]", n.path, i), shared: n.shared}.at(item)
	}
	return items, nil
}

// at returns the place with its value, following an alias.
func (n Node) at(value *yaml.Node) Node {
	if value.Kind == yaml.AliasNode {
		n.shared = "is the alias *" + value.Value
		value = value.Alias
	} else if value.Anchor != "" {
		n.shared = "carries the anchor &" + value.Anchor
	}
	n.yaml = value
	return n
}

func (f Fields) keys() []string {
	return slices.Sorted(maps.Keys(f))
}

// setScalar and addFields apply an edit to the tree, which the result is then
// compared with.
func setScalar(n *yaml.Node, text string) {
	*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Line: n.Line, Column: n.Column}
}

func addFields(n *yaml.Node, fields Fields) {
	var added []*yaml.Node
	for _, key := range fields.keys() {
		name, value := &yaml.Node{}, &yaml.Node{}
		setScalar(name, key)
		switch v := fields[key].(type) {
		case string:
			setScalar(value, v)
		case Fields:
			addFields(value, v)
		}
		added = append(added, name, value)
	}
	n.Kind, n.Tag, n.Value = yaml.MappingNode, "!!map", ""
	n.Content = append(added, n.Content...)
}
