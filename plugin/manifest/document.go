// Package manifest reads rendered Kubernetes manifests and edits them in
// place: an edit is spliced into the original bytes, so that everything else
// stays as it was, to the byte.
//
// Split cuts a stream into pieces, Parse reads one piece, the methods of Node
// find fields and plan edits, and Document.Bytes carries the plan out. Bytes
// reads its own result back and returns it only if it holds exactly what was
// planned.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/internal/yamltext"
)

// Document is one parsed piece of a stream and the edits planned for it.
type Document struct {
	piece Piece
	// root is the document's mapping with all planned edits applied, or nil
	// if the piece holds nothing but comments.
	root  *yaml.Node
	lines []int
	edits []edit
}

// Error says what is wrong in a manifest, and where. It never holds a value
// of the manifest other than an object's kind, namespace and name, and image
// references: manifests hold Secrets.
type Error struct {
	// Line is the line of the stream, from 1.
	Line int
	// Object is the kind, namespace and name as far as the document has them.
	Object string
	// Path is the field, such as ".spec.template"; empty for the document.
	Path string
	// Problem says what is wrong and how to mend it.
	Problem string
}

// Error returns the position, the object, the path and the problem as one line.
func (e *Error) Error() string {
	where := fmt.Sprintf("line %d: %s", e.Line, e.Object)
	if e.Path != "" {
		where += ": " + e.Path
	}
	return where + ": " + e.Problem
}

// Parse reads a piece. A piece of comments only, or of null, is a Document
// without a root. The error is an *Error: for text that is not YAML in UTF-8,
// a document that is not a mapping, duplicate keys, and keys that are not
// plain words.
func Parse(piece Piece) (*Document, error) {
	d := &Document{piece: piece}
	if !utf8.Valid(piece.Text) {
		return nil, d.errorAt(1, "", "is not UTF-8; save the chart's files as UTF-8")
	}
	top, err := decodeOne(piece.Text)
	if err != nil {
		line, words := yamltext.Problem(err)
		return nil, d.errorAt(line, "", "is not valid YAML: "+words+"; look at the chart's output with helm template")
	}
	if top == nil || isNull(top) {
		return d, nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, d.errorAt(top.Line, "", "is "+describe(top)+"; each document must be a Kubernetes object")
	}
	d.root = top
	d.lines = lineStarts(piece.Text)
	return d, d.checkKeys(top, "")
}

// decodeOne returns the only value in text, or nil if there is none.
func decodeOne(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, fmt.Errorf("line %d: a second document without a separator line", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return first.Content[0], nil
}

// checkKeys refuses mappings that readers disagree about.
func (d *Document) checkKeys(n *yaml.Node, path string) error {
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			if err := d.checkKeys(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := path + "." + key.Value
		switch {
		case key.Kind != yaml.ScalarNode:
			return d.errorAt(key.Line, path, "has a key that is "+describe(key)+"; a key must be a plain word")
		case strings.HasPrefix(key.Value, "---"):
			return d.errorAt(key.Line, at, "looks like a separator glued to a key; put --- on a line of its own")
		case seen[key.Value]:
			return d.errorAt(key.Line, at, "is there twice; remove one of the two")
		}
		seen[key.Value] = true
		if err := d.checkKeys(value, at); err != nil {
			return err
		}
	}
	return nil
}

// Root returns the document's mapping. It is false for a document that holds
// nothing but comments.
func (d *Document) Root() (Node, bool) {
	return Node{doc: d, yaml: d.root}, d.root != nil
}

// Bytes returns the document with all planned edits, and the original bytes if
// there are none. The error is an *Error: the result, read back, is not what
// was planned.
func (d *Document) Bytes() ([]byte, error) {
	if len(d.edits) == 0 {
		return d.piece.Text, nil
	}
	text := splice(d.piece.Text, d.edits)
	got, err := decodeOne(text)
	if err != nil || got == nil || !equal(d.root, got) {
		return nil, d.errorAt(1, "", "cannot be edited in place: read back, the result is not what was planned; "+
			"write the object in plain block style")
	}
	return text, nil
}

func (d *Document) errorAt(line int, path, problem string) error {
	return &Error{Line: d.piece.Line + line - 1, Object: d.object(), Path: path, Problem: problem}
}

// object names the document for people: "Deployment shop/web".
func (d *Document) object() string {
	kind, metadata := scalar(d.root, "kind"), lookup(d.root, "metadata")
	name, namespace := scalar(metadata, "name"), scalar(metadata, "namespace")
	if name == "" {
		name = scalar(metadata, "generateName")
	}
	if namespace != "" {
		name = namespace + "/" + name
	}
	if kind == "" {
		kind = "document"
	}
	return strings.TrimSpace(kind + " " + name)
}

func scalar(mapping *yaml.Node, key string) string {
	if value := lookup(mapping, key); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value
	}
	return ""
}

// lookup returns the value of a key, or nil if mapping is nil, no mapping, or
// without that key.
func lookup(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(mapping.Content); i += 2 {
		if name := mapping.Content[i]; name.Kind == yaml.ScalarNode && name.Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// equal tells whether two trees mean the same and share the same anchors.
func equal(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Value != b.Value || a.Anchor != b.Anchor ||
		a.ShortTag() != b.ShortTag() || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !equal(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// describe names what a node is, for messages; it never tells a value.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case isNull(n):
		return "empty"
	default:
		return "a single value"
	}
}
