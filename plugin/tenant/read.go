package tenant

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxSize is the size of the largest tenant file, in bytes.
const MaxSize = 1 << 20

// Read reads a tenant file's text; file is its name, for messages. Reading is
// strict: the error, Problems, holds everything that is wrong, by position.
func Read(file string, text []byte) (*Tenant, error) {
	r := &reader{file: file, nodes: map[string]*yaml.Node{}}
	t := &Tenant{file: file, nodes: r.nodes, digest: fmt.Sprintf("%x", sha256.Sum256(text))}
	// The fields are only looked at where anchors and the like cannot make
	// them mean something else.
	if root := r.parse(text); len(r.problems) == 0 {
		r.read(root, "", "", reflect.ValueOf(t).Elem())
	}
	if len(r.problems) == 0 {
		r.check(t)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, r.problems
	}
	return t, nil
}

// Field is a field of the tenant file's type, as its tags say.
type Field struct {
	Key, Format, Default, Doc, Example string
	Optional                           bool
	// Index is the field's index in its struct.
	Index int
	Type  reflect.Type
}

// Fields returns the fields of a struct of the tenant file, in their order.
func Fields(t reflect.Type) []Field {
	var fields []Field
	for i := range t.NumField() {
		f := t.Field(i)
		key, optional := strings.CutSuffix(f.Tag.Get("key"), ",optional")
		if key != "" {
			fields = append(fields, Field{
				Key: key, Optional: optional, Format: f.Tag.Get("format"), Default: f.Tag.Get("default"),
				Doc: f.Tag.Get("doc"), Example: f.Tag.Get("example"), Index: i, Type: f.Type,
			})
		}
	}
	return fields
}

var rawType = reflect.TypeFor[*yaml.Node]()

// read puts what a node says into a value of the tenant file's type. key is
// the node's path and format that of its strings.
func (r *reader) read(n *yaml.Node, key, format string, into reflect.Value) {
	r.nodes[key] = n
	switch into.Kind() {
	case reflect.Struct:
		r.readStruct(n, key, into)
	case reflect.Pointer:
		if into.Type() == rawType {
			into.Set(reflect.ValueOf(n))
			return
		}
		into.Set(reflect.New(into.Type().Elem()))
		r.read(n, key, format, into.Elem())
	case reflect.Slice:
		r.readSlice(n, key, format, into)
	case reflect.Map:
		r.readMap(n, key, format, into)
	case reflect.Bool:
		r.readBool(n, key, into)
	default:
		r.readString(n, key, format, into)
	}
}

func (r *reader) readStruct(n *yaml.Node, path string, into reflect.Value) {
	fields := Fields(into.Type())
	values := r.object(n, path, fields)
	for _, f := range fields {
		if value := values[f.Key]; value != nil {
			r.read(value, join(path, f.Key), f.Format, into.Field(f.Index))
		} else if f.Default != "" {
			into.Field(f.Index).SetString(f.Default)
		}
	}
}

func (r *reader) readSlice(n *yaml.Node, key, format string, into reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		r.report(n, key, "is not a list", "allowed is a list", "write - and a value a line, or [] for none")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		r.read(item, fmt.Sprintf("%s[%d]", key, i), format, into.Index(i))
	}
}

func (r *reader) readMap(n *yaml.Node, path, format string, into reflect.Value) {
	if !r.isMapping(n, path, "strings") {
		return
	}
	keyFormat, valueFormat, _ := strings.Cut(format, ":")
	into.Set(reflect.MakeMap(into.Type()))
	for i := 0; i < len(n.Content); i += 2 {
		name, key := n.Content[i], join(path, n.Content[i].Value)
		r.nodes[key] = name
		r.follows(name, key, keyFormat)
		if text, ok := r.text(n.Content[i+1], key); ok && r.follows(n.Content[i+1], key, valueFormat) {
			into.SetMapIndex(reflect.ValueOf(name.Value), reflect.ValueOf(text))
		}
	}
}

func (r *reader) readBool(n *yaml.Node, key string, into reflect.Value) {
	if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" || n.Style != 0 {
		r.report(n, key, "is not a boolean", "allowed are true and false", "write true or false, without quotes")
		return
	}
	into.SetBool(n.Value == "true")
}

func (r *reader) readString(n *yaml.Node, key, format string, into reflect.Value) {
	if text, ok := r.text(n, key); ok && r.follows(n, key, format) {
		into.SetString(text)
	}
}

// follows tells whether a string has a format; no format fits all.
func (r *reader) follows(n *yaml.Node, key, name string) bool {
	format := Formats[name]
	if name == "" || format.fits(n.Value) {
		return true
	}
	fix := format.Fix
	if near := closest(n.Value, format.Values); near != "" {
		fix = fmt.Sprintf("did you mean %q?", near)
	}
	r.report(n, key, fmt.Sprintf("%q is not %s", n.Value, format.Name), "allowed "+format.Allowed, fix)
	return false
}
