package manifest

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Operation is one operation of a JSON patch (RFC 6902): add, replace, remove
// or test. The others cannot be repeated without harm.
type Operation struct {
	Op string
	// Path is a JSON pointer (RFC 6901) below the object, such as
	// "/spec/template/spec/priorityClassName".
	Path string
	// Value is what add and replace set, and test expects.
	Value *yaml.Node
	Cause Cause
}

// Patch carries the operations out on some of a document's objects, which are the
// indexes of what Objects returns, and commits each operation on all of them at
// once. Where all that they ask for is so already, it changes nothing: patching
// twice is patching once. Tests alone are made each time. The error is an *Error: a
// path that is not there, a test that fails, or operations that would not be done after
// they are carried out.
func Patch(doc *Document, indexes []int, operations []Operation) error {
	objects, err := doc.these(indexes)
	if err != nil {
		return err
	}
	if doc.isJSON {
		operations = inJSON(operations)
	}
	onlyTests := !slices.ContainsFunc(operations, func(op Operation) bool { return op.Op != "test" })
	var undone []int
	for i, object := range objects {
		if done, err := satisfied(object, operations); err != nil {
			return err
		} else if !done || onlyTests {
			undone = append(undone, indexes[i])
		}
	}
	for _, op := range operations {
		if objects, err = doc.these(undone); err != nil {
			return err
		}
		for _, object := range objects {
			if err := object.carryOut(op); err != nil {
				return err
			}
		}
		if err := doc.Commit(); err != nil {
			return err
		}
	}
	if objects, err = doc.these(undone); err != nil {
		return err
	}
	for _, object := range objects {
		if done, err := satisfied(object, operations); err != nil || !done {
			return object.Errorf("cannot be patched by %s: a second run would change it again; "+
				"write operations that hold together after they are carried out", operations[0].Cause.Rule)
		}
	}
	return nil
}

// inJSON returns operations with values that JSON can hold.
func inJSON(operations []Operation) []Operation {
	operations = slices.Clone(operations)
	for i, op := range operations {
		if op.Value != nil {
			operations[i].Value = forJSON(op.Value)
		}
	}
	return operations
}

// these returns objects by their indexes. It is an error if an edit made the
// document another list of objects.
func (d *Document) these(indexes []int) ([]Node, error) {
	if len(indexes) == 0 {
		return nil, nil
	}
	objects, err := d.Objects()
	if err == nil && slices.Max(indexes) >= len(objects) {
		err = d.errorAt(1, "", "is not the same list of objects any more; a patch must not change what an object is")
	}
	if err != nil {
		return nil, err
	}
	these := make([]Node, len(indexes))
	for i, index := range indexes {
		these[i] = objects[index]
	}
	return these, nil
}

// satisfied tells whether all that the operations ask for is so. A path that
// is not there yet is no error: another operation may add it.
func satisfied(object Node, operations []Operation) (bool, error) {
	for _, op := range operations {
		if op.Op == "test" {
			continue
		}
		parent, key, err := object.target(op)
		if err != nil {
			return false, nil //nolint:nilerr // carryOut reports it, where it is one
		}
		holds, err := parent.holds(key, op)
		if err != nil || !holds {
			return false, err
		}
	}
	return true, nil
}

// holds tells whether an operation on a field or item has nothing to do.
func (n Node) holds(key string, op Operation) (bool, error) {
	if n.yaml.Kind == yaml.SequenceNode {
		if op.Op == "add" {
			return n.Contains(op.Value), nil
		}
		i, err := n.index(key, op)
		return err == nil && op.Op == "replace" && sameValue(n.yaml.Content[i], toNode(op.Value)), err
	}
	child, err := n.field(key)
	if err != nil || op.Op == "remove" {
		return child.yaml == nil, err
	}
	return child.yaml != nil && sameValue(child.yaml, toNode(op.Value)), nil
}

func (n Node) carryOut(op Operation) error {
	parent, key, err := n.target(op)
	if err != nil {
		return err
	}
	if parent.yaml.Kind == yaml.SequenceNode {
		return parent.carryOutOnItem(key, op)
	}
	child, err := parent.field(key)
	if err != nil {
		return err
	}
	switch {
	case op.Op == "add":
		return parent.setField(child, toNode(op.Value), op.Cause)
	case child.yaml == nil:
		return parent.Errorf("has no %s, which %s wants to %s; look at the path", key, op.Cause.Rule, op.Op)
	case op.Op == "remove":
		return parent.remove(child, op.Cause)
	case op.Op == "test":
		return child.test(op)
	default:
		return parent.setField(child, toNode(op.Value), op.Cause)
	}
}

func (n Node) carryOutOnItem(key string, op Operation) error {
	if op.Op == "add" {
		i := len(n.yaml.Content)
		if key != "-" && key != strconv.Itoa(i) {
			var err error
			if i, err = n.index(key, op); err != nil {
				return err
			}
		}
		return n.Insert(i, op.Value, op.Cause)
	}
	i, err := n.index(key, op)
	if err != nil {
		return err
	}
	switch op.Op {
	case "test":
		return n.item(i).test(op)
	case "replace":
		return n.item(i).set(toNode(op.Value), op.Cause)
	default:
		return n.Errorf("is a list, of which %s wants to remove item %d: a second run would remove the next; replace the list", op.Cause.Rule, i)
	}
}

func (n Node) test(op Operation) error {
	if !sameValue(n.yaml, toNode(op.Value)) {
		return n.Errorf("is not what %s tests for; the patch is not carried out", op.Cause.Rule)
	}
	return nil
}

// index returns the item that a step of a path names.
func (n Node) index(key string, op Operation) (int, error) {
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || i >= len(n.yaml.Content) {
		return 0, n.Errorf("has %d items, and %q of %s names none; allowed are 0 and up, and - to add at the end", len(n.yaml.Content), key, op.Cause.Rule)
	}
	return i, nil
}

// target returns the mapping or list that an operation is on, and the last
// step of its path.
func (n Node) target(op Operation) (Node, string, error) {
	steps := strings.Split(op.Path, "/")[1:]
	for i := range steps {
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[i])
	}
	for _, step := range steps[:len(steps)-1] {
		child, err := n.step(step, op)
		if err != nil {
			return n, "", err
		}
		n = child
	}
	if n.yaml.Kind != yaml.MappingNode && n.yaml.Kind != yaml.SequenceNode {
		return n, "", n.Errorf("is %s, in which %s finds no field; look at the path", describe(n.yaml), op.Cause.Rule)
	}
	return n, steps[len(steps)-1], nil
}

func (n Node) step(key string, op Operation) (Node, error) {
	if n.yaml.Kind == yaml.SequenceNode {
		i, err := n.index(key, op)
		if err != nil {
			return n, err
		}
		return n.item(i), nil
	}
	child, err := n.field(key)
	if err == nil && child.yaml == nil {
		err = n.Errorf("has no %s, which the path of %s goes through; add it first", key, op.Cause.Rule)
	}
	return child, err
}

// Insert plans a new item of this list before item i, or at its end.
func (n Node) Insert(i int, value any, cause Cause) error {
	if err := n.editable("list"); err != nil {
		return err
	}
	item := toNode(value)
	planned, ok := n.insertion(i, item)
	if !ok {
		return n.Errorf("cannot be edited in place; write it in plain block style, one item a line")
	}
	n.doc.edits = append(n.doc.edits, planned)
	n.yaml.Content = append(n.yaml.Content[:i:i], append([]*yaml.Node{item}, n.yaml.Content[i:]...)...)
	place := n.item(i)
	place.record(nil, item, cause)
	return nil
}

// Append plans a new item at the end of this list.
func (n Node) Append(value any, cause Cause) error {
	return n.Insert(len(n.yaml.Content), value, cause)
}

func (n Node) insertion(i int, item *yaml.Node) (edit, bool) {
	start, ok := n.doc.offset(n.yaml)
	text := n.doc.text
	if !ok {
		return edit{}, false
	}
	if n.yaml.Style&yaml.FlowStyle != 0 {
		return n.flowInsertion(start, i, item)
	}
	line := n.doc.lines[n.yaml.Line-1]
	if len(bytes.Trim(text[line:start], " -")) > 0 {
		return edit{}, false
	}
	isBehindDash := len(bytes.Trim(text[line:start], " ")) > 0
	indent, end := strings.Repeat(" ", start-line), lineEnd(text[start:])
	lines := blockItem(item, indent, end)
	switch {
	case i == len(n.yaml.Content):
		last := n.doc.contentEnd(start, n.limit, n.yaml)
		return edit{offset: last, text: end + strings.TrimSuffix(lines, end)}, true
	case isBehindDash && n.yaml.Content[i].Line == n.yaml.Line:
		// What is new takes the place of the first item, which goes on to the next line.
		return edit{offset: start, text: strings.TrimPrefix(lines, indent) + indent}, true
	}
	return edit{offset: n.doc.aboveComments(n.yaml.Content[i].Line, start-line+1), text: lines}, true
}

func (n Node) flowInsertion(start, i int, item *yaml.Node) (edit, bool) {
	if i < len(n.yaml.Content) {
		at, ok := n.doc.offset(n.yaml.Content[i])
		return edit{offset: at, text: n.doc.flow(item) + ", "}, ok
	}
	_, last, ok := scanFlow(n.doc.text[start:], isClosing)
	if !ok {
		return edit{}, false
	}
	comma := ", "
	switch before := n.doc.text[start+last-1]; {
	case i > 0 && n.yaml.Content[i-1].Line == 0:
		// The item before is an edit, too.
	case before == '[':
		comma = ""
	case before == ',':
		comma = " "
	}
	return edit{offset: start + last, text: comma + n.doc.flow(item)}, true
}

// remove plans that this mapping has the field child no more.
func (n Node) remove(child Node, cause Cause) error {
	if err := n.editable("mapping"); err != nil {
		return err
	}
	at := 0
	for n.yaml.Content[at].Value != child.path[len(n.path)+1:] {
		at += 2
	}
	planned, ok := n.removal(at, child)
	if !ok {
		return child.Errorf("cannot be removed in place; write the mapping in plain block style, one key a line")
	}
	child.record(child.yaml, nil, cause)
	n.doc.edits = append(n.doc.edits, planned)
	n.yaml.Content = append(n.yaml.Content[:at:at], n.yaml.Content[at+2:]...)
	return nil
}

func (n Node) removal(at int, child Node) (edit, bool) {
	key, ok := n.doc.offset(n.yaml.Content[at])
	if !ok {
		return edit{}, false
	}
	if len(n.yaml.Content) == 2 {
		return n.doc.replaceValue(n.yaml, &yaml.Node{Kind: yaml.MappingNode}, n.limit, n.keyColumn)
	}
	if n.yaml.Style&yaml.FlowStyle != 0 {
		return n.flowRemoval(at, key)
	}
	line := n.doc.lines[n.yaml.Content[at].Line-1]
	valueEnd := n.doc.contentEnd(key, child.limit, child.yaml)
	if isBehindDash := len(bytes.Trim(n.doc.text[line:key], " ")) > 0; isBehindDash && at+2 < len(n.yaml.Content) {
		next, ok := n.doc.offset(n.yaml.Content[at+2])
		// The comments of the next key stay with it.
		return edit{offset: key, length: n.doc.nextContent(valueEnd, next) - key}, ok
	}
	return edit{offset: line, length: nextLine(n.doc.text, valueEnd) - line}, true
}

// flowRemoval plans the removal of one of several entries of a flow mapping, whose key
// stands at an offset. Comments of the others stay: those on lines of their own are
// about what follows them.
func (n Node) flowRemoval(at, key int) (edit, bool) {
	text := n.doc.text
	stop, last, ok := scanFlow(text[key:], isEntryEnd)
	if at+2 < len(n.yaml.Content) {
		next, known := n.doc.offset(n.yaml.Content[at+2])
		return edit{offset: key, length: n.doc.nextContent(key+stop, next) - key}, ok && known
	}
	before, known := n.doc.offset(n.yaml.Content[at-2])
	if !ok || !known {
		return edit{}, false
	}
	comma, _, ok := scanFlow(text[before:], isEntryEnd)
	comma += before
	kept := bytes.TrimRight(text[comma+1:key], " ")
	if !bytes.ContainsRune(kept, '#') {
		kept = nil
	}
	end := key + last
	if text[key+stop] == ',' {
		end = key + stop + 1
	}
	return edit{offset: comma, length: end - comma, text: string(kept)}, ok
}

// nextContent returns the offset of the first comment that stands on a line of its
// own between two offsets, or the second of these.
func (d *Document) nextContent(from, to int) int {
	for at := nextLine(d.text, from); at < to; at = nextLine(d.text, at) {
		if content := bytes.TrimLeft(d.text[at:to], " "); bytes.HasPrefix(content, []byte("#")) {
			return to - len(content)
		}
	}
	return to
}
