package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Node is a place in a document.
type Node struct {
	doc  *Document
	yaml *yaml.Node
	path string
	// limit is the offset at which what follows the place begins.
	limit int
	// keyColumn is the column of the place's key, 0 if it has none.
	keyColumn int
	// shared says why the place may be seen from elsewhere in the document,
	// so that an edit here would show there; empty if it is not.
	shared string
	// at tells whether the place may hold values of a Secret.
	at place
}

// Fields is what a mapping is to hold. A value of Fields is merged; a string
// or any other value is set as it is.
type Fields map[string]any

// Errorf returns an *Error about this place.
func (n Node) Errorf(format string, args ...any) error {
	line := 1
	if n.yaml != nil {
		line = max(n.yaml.Line, 1)
	}
	return n.doc.errorAt(line, n.path, fmt.Sprintf(format, args...))
}

// Path is the field, such as ".spec.template"; empty for the document.
func (n Node) Path() string { return n.path }

// Find returns the places that a path names below this one, in their order.
// The path holds the names of fields joined by dots; one that ends in "[]" stands
// for each item of its list: "spec.containers[].image". An empty path is this
// place. Missing and null fields are left out, but not items that are null: for
// Kubernetes they are as good as empty ones. It is an error if the path meets a
// value of another form, or a field in other letters.
func (n Node) Find(path string) ([]Node, error) {
	found := []Node{n}
	if path == "" {
		return found, nil
	}
	for step := range strings.SplitSeq(path, ".") {
		key, each := strings.CutSuffix(step, "[]")
		var next []Node
		for _, parent := range found {
			child, err := parent.named(key)
			if err != nil {
				return nil, err
			}
			if child.absent() {
				continue
			}
			if !each {
				next = append(next, child)
				continue
			}
			items, err := child.Items()
			if err != nil {
				return nil, err
			}
			next = append(next, items...)
		}
		found = next
	}
	return found, nil
}

// Text returns the string that this place holds. It is an error if Kubernetes
// reads something else.
func (n Node) Text() (string, error) {
	if n.yaml.Kind != yaml.ScalarNode || tagOf(n.yaml) != "!!str" {
		return "", n.Errorf("must be a string; put it in quotes")
	}
	return n.yaml.Value, nil
}

// Value returns the string of one field of this place, which must be a mapping.
// It is empty if there is none.
func (n Node) Value(field string) (string, error) {
	child, err := n.named(field)
	if err != nil || child.absent() {
		return "", err
	}
	return child.Text()
}

// Entry is Value for a mapping whose keys people choose, such as labels.
func (n Node) Entry(key string) (string, error) {
	child, err := n.field(key)
	if err != nil || child.absent() {
		return "", err
	}
	return child.Text()
}

// Entries is Entry for each key of this place, at the cost of one.
func (n Node) Entries() (map[string]string, error) {
	if n.yaml.Kind != yaml.MappingNode {
		return nil, n.Errorf("is %s; must be a mapping", describe(n.yaml))
	}
	texts := map[string]string{}
	err := n.Walk(func(key string, value Node) (bool, error) {
		if value.absent() {
			return false, nil
		}
		var err error
		texts[key], err = value.Text()
		return false, err
	})
	return texts, err
}

// Bool returns the boolean of one field of this place as Kubernetes reads it:
// yes is true. It is false if there is none, and an error if it is none.
func (n Node) Bool(field string) (bool, error) {
	child, err := n.named(field)
	if err != nil || child.absent() {
		return false, err
	}
	if child.yaml.Kind != yaml.ScalarNode || tagOf(child.yaml) != "!!bool" {
		return false, child.Errorf("must be true or false, without quotes")
	}
	return slices.Contains([]string{"y", "yes", "on", "true"}, strings.ToLower(child.yaml.Value)), nil
}

// Number returns the whole number of one field of this place, or 0 if there is
// none. It is an error if it is not written in plain decimal digits, as 0x10 is.
func (n Node) Number(field string) (int, error) {
	child, err := n.named(field)
	if err != nil || child.absent() {
		return 0, err
	}
	number, err := strconv.Atoi(child.yaml.Value)
	if err != nil || tagOf(child.yaml) != "!!int" || strconv.Itoa(number) != child.yaml.Value {
		return 0, child.Errorf("must be a whole number in decimal digits, without quotes")
	}
	return number, nil
}

// ScalarAt returns the text of the string, number or boolean at one key of this
// place, whose keys people choose; it is empty if there is none.
func (n Node) ScalarAt(key string) (string, error) {
	child, err := n.field(key)
	if err != nil || child.absent() {
		return "", err
	}
	if child.yaml.Kind != yaml.ScalarNode {
		return "", child.Errorf("is %s; must be a single value", describe(child.yaml))
	}
	return child.yaml.Value, nil
}

// HasItems tells whether this place holds a list that is not empty.
func (n Node) HasItems() bool {
	return n.yaml.Kind == yaml.SequenceNode && len(n.yaml.Content) > 0
}

// Keys returns the keys of the mapping at this place, in their order.
func (n Node) Keys() []string {
	var keys []string
	if !n.absent() && n.yaml.Kind == yaml.MappingNode {
		for i := 0; i < len(n.yaml.Content); i += 2 {
			keys = append(keys, n.yaml.Content[i].Value)
		}
	}
	return keys
}

// Walk visits the values below this place with their keys, in their order; an
// item has the key of its list. It goes below those for which visit is true, and
// ends at an error.
func (n Node) Walk(visit func(key string, value Node) (bool, error)) error {
	return n.walk("", visit)
}

func (n Node) walk(own string, visit func(key string, value Node) (bool, error)) error {
	each := func(key string, value Node) error {
		below, err := visit(key, value)
		if err == nil && below {
			err = value.walk(key, visit)
		}
		return err
	}
	if n.yaml.Kind == yaml.SequenceNode {
		for i := range n.yaml.Content {
			if err := each(own, n.item(i)); err != nil {
				return err
			}
		}
		return nil
	}
	if n.yaml.Kind != yaml.MappingNode {
		return nil
	}
	at := n.at.of(n.yaml)
	for i := 0; i < len(n.yaml.Content); i += 2 {
		if err := each(n.yaml.Content[i].Value, n.fieldAt(i, at)); err != nil {
			return err
		}
	}
	return nil
}

// Below returns the places below this one, at any depth, whose key is one of
// keys. They are to be read, not edited.
func (n Node) Below(keys ...string) []Node {
	var found []Node
	n.search(n.yaml, nil, keys, func(value *yaml.Node, steps []step) {
		place := n
		if place.yaml = value; value.Kind == yaml.AliasNode {
			place.yaml = value.Alias
		}
		for _, s := range steps {
			place.path += s.String()
		}
		found = append(found, place)
	})
	return found
}

// step leads from a value to one of its fields or, if it has no key, items.
type step struct {
	key  string
	item int
}

func (s step) String() string {
	if s.key == "" {
		return fmt.Sprintf("[%d]", s.item)
	}
	return "." + s.key
}

// search visits the values of some keys. Paths are only made for what is found:
// this goes over whole documents.
func (n Node) search(value *yaml.Node, steps []step, keys []string, visit func(*yaml.Node, []step)) {
	depth := len(steps)
	switch value.Kind {
	case yaml.AliasNode:
		n.search(value.Alias, steps, keys, visit)
	case yaml.SequenceNode:
		for i, item := range value.Content {
			steps = append(steps[:depth], step{item: i})
			n.search(item, steps, keys, visit)
		}
	case yaml.MappingNode:
		for i := 0; i < len(value.Content); i += 2 {
			steps = append(steps[:depth], step{key: value.Content[i].Value})
			if slices.Contains(keys, value.Content[i].Value) {
				visit(value.Content[i+1], steps)
			}
			n.search(value.Content[i+1], steps, keys, visit)
		}
	}
}

// SetText plans that this place, which must hold a single value, holds the
// string text. It plans nothing if that is so already.
func (n Node) SetText(text string, cause Cause) error {
	switch {
	case n.yaml.Kind != yaml.ScalarNode:
		return n.Errorf("is %s; must be a string", describe(n.yaml))
	case n.yaml.Value == text && readsAsString(n.yaml):
		return nil
	}
	return n.set(scalarNode(text), cause)
}

// Merge plans that the mapping at this place holds the fields wanted: a field
// that is missing is added, one with another value is replaced, all others
// stay. A null counts as an empty mapping.
func (n Node) Merge(want Fields, cause Cause) error {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		child, err := n.field(key)
		if err != nil {
			return err
		}
		switch value := want[key].(type) {
		case Fields:
			// What has fields is one; what has none may be a label.
			if _, err := n.named(key); err != nil {
				return err
			}
			if child.yaml == nil {
				err = n.add(child, toNode(value), cause)
			} else {
				err = child.Merge(value, cause)
			}
		case string:
			if child.yaml == nil {
				err = n.add(child, scalarNode(value), cause)
			} else {
				err = child.SetText(value, cause)
			}
		default:
			err = n.setField(child, toNode(value), cause)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// setField plans that child, a field of this mapping, holds exactly want.
func (n Node) setField(child Node, want *yaml.Node, cause Cause) error {
	switch {
	case child.yaml == nil:
		return n.add(child, want, cause)
	case sameValue(child.yaml, want):
		return nil
	default:
		return child.set(want, cause)
	}
}

// Contains tells whether the list at this place has an item with that value.
// A missing list has none.
func (n Node) Contains(value any) bool {
	want := toNode(value)
	return !n.absent() && slices.ContainsFunc(n.yaml.Content, func(item *yaml.Node) bool { return sameValue(item, want) })
}

// Equals tells whether this place holds that value. The order of keys does not
// count.
func (n Node) Equals(value any) bool { return !n.absent() && sameValue(n.yaml, toNode(value)) }

// set plans that this place holds a new value.
func (n Node) set(want *yaml.Node, cause Cause) error {
	if err := n.editable("value"); err != nil {
		return err
	}
	n.record(n.yaml, want, cause)
	n.touch()
	line, column := n.yaml.Line, n.yaml.Column
	*n.yaml = *want
	n.yaml.Line, n.yaml.Column = line, column
	return nil
}

// add plans a new entry at the head of this mapping.
func (n Node) add(child Node, value *yaml.Node, cause Cause) error {
	if err := n.editable("mapping"); err != nil {
		return err
	}
	for _, leaf := range child.leaves(value) {
		leaf.record(nil, leaf.yaml, cause)
	}
	n.touch()
	if isNull(n.yaml) {
		line, column := n.yaml.Line, n.yaml.Column
		*n.yaml = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: line, Column: column}
	}
	key := child.path[len(n.path)+1:]
	n.yaml.Content = append([]*yaml.Node{scalarNode(key), value}, n.yaml.Content...)
	return nil
}

// leaves returns the places of the values below a new mapping.
func (n Node) leaves(value *yaml.Node) []Node {
	n.yaml = value
	if value.Kind != yaml.MappingNode || len(value.Content) == 0 {
		return []Node{n}
	}
	var all []Node
	for _, e := range entries(value) {
		child := n
		child.path += "." + e.key.Value
		child.at = n.at.of(value).child(e.key.Value)
		all = append(all, child.leaves(e.value)...)
	}
	return all
}

func (n Node) editable(what string) error {
	if n.shared != "" {
		return n.Errorf("cannot be edited: it %s; write the %s out", n.shared, what)
	}
	return nil
}

// absent tells whether there is nothing, or null, at this place.
func (n Node) absent() bool {
	return n.yaml == nil || isNull(n.yaml)
}

// named is field for the name of a field of Kubernetes. It is an error if the
// name stands there in other letters: some readers take it for the same.
func (n Node) named(name string) (Node, error) {
	child, err := n.field(name)
	if err != nil {
		return child, err
	}
	for _, key := range n.Keys() {
		if key != name && strings.EqualFold(key, name) {
			return child, n.Errorf("has a key that some readers take for %s; write it in these letters, or remove it", name)
		}
	}
	return child, nil
}

// field returns the place of a key, where there may be nothing yet.
func (n Node) field(key string) (Node, error) {
	child := Node{doc: n.doc, path: n.path + "." + key, shared: n.shared, limit: n.limit, at: n.at}
	if n.absent() {
		return child, nil
	}
	if n.yaml.Kind != yaml.MappingNode {
		return child, n.Errorf("is %s; must be a mapping", describe(n.yaml))
	}
	own := n.at.of(n.yaml)
	for i := 0; i < len(n.yaml.Content); i += 2 {
		if n.yaml.Content[i].Value == key {
			return n.fieldAt(i, own), nil
		}
	}
	child.at = own.child(key)
	return child, nil
}

// fieldAt returns the place of the field whose key is at an index, own being the place of
// this mapping with regard to a Secret.
func (n Node) fieldAt(i int, own place) Node {
	key := n.yaml.Content[i]
	child := Node{doc: n.doc, path: n.path + "." + key.Value, shared: n.shared, limit: n.limit, at: own.child(key.Value), keyColumn: key.Column}
	return child.holding(n.yaml.Content, i+1, i+2)
}

// Items returns the places of the items of the list at this place; a missing list
// has none.
func (n Node) Items() ([]Node, error) {
	if n.absent() {
		return nil, nil
	}
	if n.yaml.Kind != yaml.SequenceNode {
		return nil, n.Errorf("is %s; must be a list", describe(n.yaml))
	}
	items := make([]Node, len(n.yaml.Content))
	for i := range n.yaml.Content {
		items[i] = n.item(i)
	}
	return items, nil
}

func (n Node) item(i int) Node {
	item := n
	item.path = fmt.Sprintf("%s[%d]", n.path, i)
	item.keyColumn = 0
	return item.holding(n.yaml.Content, i, i+1)
}

// holding returns the place with its value, the one at index, following an alias.
// What follows it is at index next, if there is anything.
func (n Node) holding(siblings []*yaml.Node, index, next int) Node {
	value := siblings[index]
	if value.Kind == yaml.AliasNode {
		n.shared = "is an alias"
		value = value.Alias
	} else if value.Anchor != "" {
		n.shared = "carries an anchor"
	}
	if next < len(siblings) && siblings[next].Line > value.Line && siblings[next].Line <= len(n.doc.lines) {
		n.limit = n.doc.lines[siblings[next].Line-1]
	}
	n.yaml = value
	return n
}

// touched is a value of the document that is planned to change.
type touched struct {
	was              yaml.Node
	path             string
	limit, keyColumn int
}

// touch keeps how the value at this place was, so that what becomes of it can
// be written in its place. What an edit has added is written with what it was
// added to.
func (n Node) touch() {
	if _, known := n.doc.touched[n.yaml]; known || n.yaml.Line == 0 {
		return
	}
	if n.doc.touched == nil {
		n.doc.touched = map[*yaml.Node]touched{}
	}
	n.doc.touched[n.yaml] = touched{was: *n.yaml, path: n.path, limit: n.limit, keyColumn: n.keyColumn}
	n.doc.order = append(n.doc.order, n.yaml)
}

func scalarNode(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if isBoolean(text) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// toNode returns a value as a tree without positions: a string, a boolean, a number,
// a list or a mapping of values, or a tree.
func toNode(value any) *yaml.Node {
	switch v := value.(type) {
	case *yaml.Node:
		return withoutPositions(v)
	case string:
		return scalarNode(v)
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(v)}
	case []string:
		return listNode(v)
	case []any:
		return listNode(v)
	case Fields:
		return mappingNode(v)
	case map[string]any:
		return mappingNode(v)
	case map[string]string:
		return mappingNode(v)
	default:
		panic(fmt.Sprintf("manifest: a value of the type %T", value))
	}
}

func listNode[V any](items []V) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, item := range items {
		list.Content = append(list.Content, toNode(item))
	}
	return list
}

func mappingNode[M ~map[string]V, V any](fields M) *yaml.Node {
	mapping := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		mapping.Content = append(mapping.Content, scalarNode(key), toNode(fields[key]))
	}
	return mapping
}

func withoutPositions(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		return scalarNode(n.Value)
	}
	bare := &yaml.Node{Kind: n.Kind, Tag: n.ShortTag(), Value: n.Value}
	for _, child := range n.Content {
		bare.Content = append(bare.Content, withoutPositions(child))
	}
	return bare
}

// sameValue tells whether two values mean the same; the order of keys does not
// count.
func sameValue(a, b *yaml.Node) bool {
	if a.Kind == yaml.AliasNode {
		a = a.Alias
	}
	if b.Kind == yaml.AliasNode {
		b = b.Alias
	}
	if a.Kind != b.Kind || a.Value != b.Value || tagOf(a) != tagOf(b) || len(a.Content) != len(b.Content) {
		return false
	}
	if a.Kind == yaml.MappingNode {
		others := valuesOf(b)
		for i := 0; i < len(a.Content); i += 2 {
			other := others[a.Content[i].Value]
			if other == nil || !sameValue(a.Content[i+1], other) {
				return false
			}
		}
		return true
	}
	for i := range a.Content {
		if !sameValue(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}
