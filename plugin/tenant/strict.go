package tenant

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/internal/yamltext"
)

// wholeFile stands for the key in problems that are not about one.
const wholeFile = "(file)"

// reader collects the problems of one file. Its methods take the key's path
// for messages.
type reader struct {
	file     string
	problems Problems
	// nodes are what has been read, by path.
	nodes map[string]*yaml.Node
}

func (r *reader) report(at *yaml.Node, key, wrong, allowed, fix string) {
	r.problems = append(r.problems, Problem{
		File: r.file, Line: max(at.Line, 1), Column: max(at.Column, 1),
		Key: key, Wrong: wrong, Allowed: allowed, Fix: fix,
	})
}

// parse returns the file's only document, made of plain YAML.
func (r *reader) parse(text []byte) *yaml.Node {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) {
		r.report(&first, wholeFile, "is empty", "allowed is one document of kind "+Kind, "see tenant-post --help for an example")
		return nil
	}
	if err == nil {
		err = decoder.Decode(&second)
	}
	switch {
	case err == nil:
		r.report(&second, wholeFile, "holds a second document", "allowed is one document", "keep each tenant in a file of its own")
	case !errors.Is(err, io.EOF):
		at, words := yamltext.Problem(text, err)
		r.report(&yaml.Node{Line: at.Line, Column: at.Column}, wholeFile, "is not YAML: "+words, "allowed is one YAML document in UTF-8",
			"look at the indentation and the quotes near this line")
		return nil
	}
	root := first.Content[0]
	r.plainYAML(root, "")
	return root
}

// plainYAML refuses what makes a file say something else than it seems to.
func (r *reader) plainYAML(n *yaml.Node, key string) {
	shown := key
	if shown == "" {
		shown = wholeFile
	}
	switch {
	case n.Kind == yaml.AliasNode:
		r.report(n, shown, "is the alias *"+n.Value, "allowed are plain values", "write the value out")
	case n.Anchor != "":
		r.report(n, shown, "carries the anchor &"+n.Anchor, "allowed are plain values", "remove the anchor")
	case n.Style&yaml.TaggedStyle != 0:
		r.report(n, shown, "carries the tag "+n.Tag, "allowed are plain values", "remove the tag; quote a string")
	}
	switch n.Kind {
	case yaml.MappingNode:
		r.plainKeys(n, key)
	case yaml.SequenceNode:
		for i, item := range n.Content {
			r.plainYAML(item, fmt.Sprintf("%s[%d]", key, i))
		}
	}
}

func (r *reader) plainKeys(mapping *yaml.Node, path string) {
	first := map[string]int{}
	for i := 0; i < len(mapping.Content); i += 2 {
		name := mapping.Content[i]
		key := join(path, name.Value)
		switch line, twice := first[name.Value]; {
		case name.Kind != yaml.ScalarNode || name.ShortTag() != "!!str":
			r.report(name, key, "is not a string", "allowed as a key are strings", "put the key in quotes")
		case twice:
			r.report(name, key, fmt.Sprintf("is there twice, first on line %d", line), "allowed is each key once", "remove one of the two")
		default:
			r.plainYAML(name, key)
		}
		first[name.Value] = name.Line
		r.plainYAML(mapping.Content[i+1], key)
	}
}

// object returns the values of a mapping's keys. A value that is missing and
// must not be has been reported.
func (r *reader) object(n *yaml.Node, path string, fields []Field) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	var allowed, required []string
	for _, f := range fields {
		allowed = append(allowed, f.Key)
		if !f.Optional {
			required = append(required, f.Key)
		}
	}
	if !r.isMapping(n, path, "the keys "+strings.Join(allowed, ", ")) {
		return values
	}
	for i := 0; i < len(n.Content); i += 2 {
		if name := n.Content[i]; slices.Contains(allowed, name.Value) {
			values[name.Value] = n.Content[i+1]
		} else {
			r.unknownKey(name, path, allowed)
		}
	}
	for _, key := range required {
		if values[key] == nil {
			r.report(n, join(path, key), "is missing", "required are "+strings.Join(required, ", "), "add "+key)
		}
	}
	return values
}

func (r *reader) unknownKey(name *yaml.Node, path string, allowed []string) {
	fix := "remove it"
	if near := closest(name.Value, allowed); near != "" {
		fix = fmt.Sprintf("did you mean %q?", near)
	}
	r.report(name, join(path, name.Value), "is not a known key", "allowed are "+strings.Join(allowed, ", "), fix)
}

func (r *reader) isMapping(n *yaml.Node, path, allowed string) bool {
	if n.Kind == yaml.MappingNode {
		return true
	}
	if path == "" {
		path = wholeFile
	}
	r.report(n, path, "is not a mapping", "allowed is a mapping with "+allowed, "write KEY: VALUE lines below it, or {} for none")
	return false
}

// text returns a string. It is false if there is none, which is reported.
func (r *reader) text(n *yaml.Node, key string) (string, bool) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		return n.Value, true
	}
	fix := "write a single value"
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		fix = fmt.Sprintf("write %q, in quotes", n.Value)
	}
	r.report(n, key, "is not a string", "allowed is a string", fix)
	return "", false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
