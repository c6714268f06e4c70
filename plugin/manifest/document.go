package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/internal/printable"
	"github.com/tenant-redis/tenant-redis/plugin/internal/yamltext"
)

// maxDepth is how deep mappings and lists may stand in one another.
const maxDepth = 200

// Document is one parsed piece of a stream and the edits planned for it.
type Document struct {
	piece Piece
	// text is that of the piece as a document of its own, with all edits that have been
	// carried out.
	text []byte
	// name is what the object is called before any edit: "Deployment shop/web".
	name string
	// root is the document's mapping with all planned edits applied, or nil
	// if the piece holds nothing but comments.
	root  *yaml.Node
	lines []int
	// columns are offsets in lines, as columnOffset keeps them.
	columns map[int][]int
	// isJSON tells whether what is added must be JSON, isASCII whether a column is
	// a byte.
	isJSON, isASCII bool
	// touched holds the values that have changed as they were, order their
	// order.
	touched map[*yaml.Node]touched
	order   []*yaml.Node
	// edits are planned besides what was touched.
	edits   []edit
	changes []Change
}

// Error says what is wrong in a manifest, and where. It holds an object's kind,
// namespace and name, image references and quantities, but no other value of
// the manifest: manifests hold Secrets.
type Error struct {
	// Line is the line of the stream, from 1, and Column the one of what is no YAML,
	// from 1 in characters; 0 for all else.
	Line, Column int
	// Source is the chart's template, if Helm tells.
	Source string
	// Object is the kind, namespace and name as far as the document has them.
	Object string
	// Path is the field, such as ".spec.template"; empty for the document.
	Path string
	// list leads to an item from its List.
	list string
	// Problem says what is wrong and how to mend it.
	Problem string
}

// Error returns the position, the object, the path and the problem as one line.
func (e *Error) Error() string {
	where := fmt.Sprintf("manifests: line %d", e.Line)
	if e.Column > 0 {
		where += fmt.Sprintf(", column %d", e.Column)
	}
	if e.Source != "" {
		where += ": " + e.Source
	}
	where += ": " + e.Object
	if path := e.list + e.Path; path != "" {
		where += ": " + path
	}
	return printable.Text(where + ": " + e.Problem)
}

// Parse reads a piece. A piece of comments only, or of null, is a Document
// without a root. The error is an *Error: for text that is not YAML in UTF-8,
// a document that is not a mapping, and what readers of YAML disagree about,
// such as duplicate keys, merge keys and tags. An item of a List that is null is an
// object, which has nothing.
func Parse(piece Piece) (*Document, error) {
	d := &Document{piece: piece, text: piece.Alone(), name: nameOf(nil)}
	if !utf8.Valid(d.text) {
		return nil, d.syntaxError(yamltext.NotUTF8(d.text), "is not UTF-8; save the chart's files as UTF-8")
	}
	if err := d.checkCount(); err != nil {
		return nil, err
	}
	top, err := decodeOne(d.text)
	if err != nil {
		at, words := yamltext.Problem(d.text, err)
		return nil, d.syntaxError(at, "is not valid YAML: "+words+"; look at the chart's output with helm template")
	}
	if top == nil || isNull(top) {
		if piece.list != nil {
			d.hold(d.text, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"})
		}
		return d, nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, d.errorAt(top.Line, "", "is "+describe(top)+"; each document must be a Kubernetes object")
	}
	d.name = nameOf(top)
	d.hold(d.text, top)
	if deep := below(top, maxDepth); deep != nil {
		return d, d.errorAt(deep.Line, "", fmt.Sprintf("is nested deeper than %d levels; no Kubernetes object is", maxDepth))
	}
	if err := d.checkStrict(top); err != nil {
		return d, err
	}
	return d, nil
}

// hold makes a text the document's, root being what it says.
func (d *Document) hold(text []byte, root *yaml.Node) {
	d.text, d.root, d.lines, d.columns = text, root, lineStarts(text), map[int][]int{}
	d.isASCII = bytes.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
	// Whoever writes an object on one line with quoted keys writes JSON.
	d.isJSON = root.Style&yaml.FlowStyle != 0 && len(root.Content) > 0 && root.Content[0].Style == yaml.DoubleQuotedStyle
}

// flow writes a value on one line, in the language of the document.
func (d *Document) flow(n *yaml.Node) string { return flow(n, d.isJSON) }

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

// below returns the first value that stands deeper than some levels, or nil.
func below(n *yaml.Node, levels int) *yaml.Node {
	if levels < 0 {
		return n
	}
	for _, child := range n.Content {
		if deep := below(child, levels-1); deep != nil {
			return deep
		}
	}
	return nil
}

// Name is the document's kind, namespace and name before any edit, such as
// "Deployment shop/web".
func (d *Document) Name() string { return d.name }

// Root returns the document's mapping. It is false for a document that holds
// nothing but comments.
func (d *Document) Root() (Node, bool) {
	return Node{doc: d, yaml: d.root, limit: len(d.text)}, d.root != nil
}

// Objects returns the document's objects: the document itself, or the items of
// a list, which is a way of writing several objects.
func (d *Document) Objects() ([]Node, error) {
	root, ok := d.Root()
	if !ok {
		return nil, nil
	}
	return root.objects()
}

func (n Node) objects() ([]Node, error) {
	if n.isSingle() {
		return []Node{n}, nil
	}
	// Helm and kubectl take whatever has items for a list.
	if !strings.HasSuffix(scalar(n.yaml, "kind"), "List") {
		return nil, n.Errorf("has items, but is no list: its kind does not end in List; remove items")
	}
	items, err := n.Find("items[]")
	if err != nil {
		return nil, err
	}
	var all []Node
	for _, item := range items {
		objects, err := item.objects()
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}
	return all, nil
}

// isSingle tells whether an object has no items. A kind may end in List without
// being one.
func (n Node) isSingle() bool {
	return !slices.ContainsFunc(n.Keys(), func(key string) bool { return strings.EqualFold(key, "items") })
}

// Bytes returns the document with all planned edits, and the original bytes if
// there are none. The error is an *Error: the result, read back, is not what
// was planned.
func (d *Document) Bytes() ([]byte, error) {
	if err := d.Commit(); err != nil {
		return nil, err
	}
	text := d.text[d.piece.Indent:]
	if bytes.Equal(text, d.piece.Text) {
		// What others hold takes no memory of its own.
		return d.piece.Text, nil
	}
	return text, nil
}

// Commit carries the planned edits out, so that what they made can be edited
// too. Nodes from before are of no use any more. The error is that of Bytes.
func (d *Document) Commit() error {
	for _, n := range d.order {
		planned, ok := d.editOf(n)
		if !ok {
			return d.errorAt(max(n.Line, 1), d.touched[n].path, "cannot be edited in place; write it in plain block style, one key or value a line")
		}
		d.edits = append(d.edits, planned)
	}
	if len(d.edits) == 0 {
		return nil
	}
	text, ok := splice(d.text, d.edits)
	var got *yaml.Node
	if ok {
		var err error
		got, err = decodeOne(text)
		ok = err == nil && got != nil && equal(d.root, got)
	}
	if !ok {
		return d.errorAt(1, "", "cannot be edited in place: read back, the result is not what was planned; "+
			"write the object in plain block style")
	}
	d.hold(text, got)
	d.touched, d.order, d.edits = nil, nil, nil
	return nil
}

// editOf returns the edit that makes a touched value what it is planned to be.
func (d *Document) editOf(now *yaml.Node) (edit, bool) {
	t := d.touched[now]
	switch {
	case isNull(&t.was):
		return d.replaceScalar(&t.was, d.flow(now))
	case t.was.Kind == yaml.ScalarNode && now.Kind == yaml.ScalarNode && tagOf(now) == "!!str":
		text := quoteLike(t.was.Style, now.Value)
		if d.isJSON {
			text = d.flow(now)
		}
		if planned, ok := d.replaceScalar(&t.was, text); ok {
			return planned, true
		}
	case t.was.Kind == yaml.MappingNode && len(now.Content) > len(t.was.Content) && keeps(now, &t.was):
		added := *now
		added.Content = now.Content[:len(now.Content)-len(t.was.Content)]
		return d.insertEntries(&t.was, &added)
	}
	return d.replaceValue(&t.was, now, t.limit, t.keyColumn)
}

// keeps tells whether a mapping ends with the entries that it had.
func keeps(now, was *yaml.Node) bool {
	return slices.Equal(now.Content[len(now.Content)-len(was.Content):], was.Content)
}

func (d *Document) errorAt(line int, path, problem string) error {
	return d.newError(line, path, problem)
}

func (d *Document) newError(line int, path, problem string) *Error {
	return &Error{Line: d.piece.Line + line - 1, Source: d.source(), Object: d.name, list: d.piece.path(), Path: path, Problem: problem}
}

// syntaxError says where the parser stopped. It names no column in an item of JSON,
// whose line begins with others.
func (d *Document) syntaxError(at yamltext.Position, problem string) error {
	err := d.newError(at.Line, "", problem)
	if d.piece.list == nil || d.piece.Indent > 0 {
		err.Column = at.Column
	}
	return err
}

// fileAnnotation is where Helm 4 writes the template that an object is from.
const fileAnnotation = "postrenderer.helm.sh/postrender-filename"

// source returns the template that the document is from: Helm 3 says it in a
// comment above the object.
func (d *Document) source() string {
	for line := range bytes.Lines(d.text) {
		comment, isComment := bytes.CutPrefix(line, []byte("#"))
		if source, found := bytes.CutPrefix(comment, []byte(" Source: ")); isComment && found {
			return string(bytes.TrimSpace(source))
		}
		if !isComment && !isSeparator(line) && line[0] != '%' && len(bytes.TrimSpace(line)) > 0 {
			break
		}
	}
	return cmp.Or(scalar(lookup(lookup(d.root, "metadata"), "annotations"), fileAnnotation), d.piece.source())
}

// under puts a step in front of the error's path.
func (e *Error) under(step string) *Error {
	e.Path = step + e.Path
	return e
}

// nameOf names an object for people.
func nameOf(object *yaml.Node) string {
	kind, metadata := scalar(object, "kind"), lookup(object, "metadata")
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
	return printable.Text(strings.TrimSpace(kind + " " + name))
}

func scalar(mapping *yaml.Node, key string) string {
	value := lookup(mapping, key)
	if value != nil && value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if value != nil && value.Kind == yaml.ScalarNode {
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

// equal tells whether two trees mean the same and share the same anchors. The
// order of keys does not count.
func equal(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Value != b.Value || a.Anchor != b.Anchor ||
		tagOf(a) != tagOf(b) || len(a.Content) != len(b.Content) {
		return false
	}
	if a.Kind != yaml.MappingNode {
		return slices.EqualFunc(a.Content, b.Content, equal)
	}
	inOrder := true
	for i := 0; i < len(a.Content) && inOrder; i += 2 {
		inOrder = a.Content[i].Value == b.Content[i].Value
	}
	if !inOrder {
		a, b = sorted(a), sorted(b)
	}
	return slices.EqualFunc(a.Content, b.Content, equal)
}

// sorted returns a mapping with its entries by key.
func sorted(mapping *yaml.Node) *yaml.Node {
	ordered := &yaml.Node{Kind: yaml.MappingNode}
	for _, e := range entries(mapping) {
		ordered.Content = append(ordered.Content, e.key, e.value)
	}
	return ordered
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
