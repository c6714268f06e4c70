// Package krm reads and writes the ResourceList of KRM functions, through which
// kustomize and kpt hand objects to a program and take them back.
package krm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
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
	// root is the list, without its items if they could be cut out.
	root, config *yaml.Node
	isCut        bool
	// hasPlace tells whether results can be written behind the list.
	hasPlace bool
	// all are the items, and a last piece without text.
	all iter.Seq[manifest.Piece]
	// results is where those of whoever had the list before are: in what leads to the
	// first item, or to the end.
	results span
	isAtEnd bool
}

// span is a part of a text, from one offset to before another.
type span struct{ start, end int }

func (s span) cutFrom(text []byte) []byte { return slices.Concat(text[:s.start], text[s.end:]) }

// Read reads a ResourceList, of whatever version. It is false if the text is
// something else.
func Read(text []byte) (*List, bool) {
	isOpen := !bytes.HasSuffix(text, []byte("\n"))
	if isOpen {
		text = append(slices.Clip(text), '\n')
	}
	all, frame, isCut := manifest.CutItems(text)
	if !isCut {
		all, frame = slices.Values([]manifest.Piece{{Lead: text}}), text
	}
	if _, err := manifest.Parse(manifest.Piece{Text: frame, Line: 1}); err != nil || oddBreak.Match(frame) {
		return nil, false
	}
	root := read(manifest.Piece{Text: frame})
	if value(root, "kind") != kind || !strings.HasPrefix(value(root, "apiVersion"), group) {
		return nil, false
	}
	l := &List{root: root, config: field(root, configName), isCut: isCut, all: all}
	var item, last manifest.Piece
	for piece := range all {
		item, last = last, piece
	}
	end := root
	if len(last.Lead) == 0 {
		end = read(item)
	}
	l.hasPlace = hasPlace(root, frame) && (!isOpen || !endsInText(end))
	l.results = resultsIn(root, frame)
	if head := len(frame) - len(last.Lead); l.results.start >= head {
		l.isAtEnd = true
		l.results = span{l.results.start - head, l.results.end - head}
	}
	return l, true
}

// items are those of the list, what is left alone among them without text, as is what
// follows them all. Results of others are left out.
func (l *List) items() iter.Seq[manifest.Piece] {
	return func(yield func(manifest.Piece) bool) {
		isFirst := true
		for piece := range l.all {
			if isEnd := len(piece.Text) == 0; isEnd && l.isAtEnd || isFirst && !l.isAtEnd {
				piece.Lead = l.results.cutFrom(piece.Lead)
			}
			isFirst = false
			if isLeftAlone(piece) {
				piece = manifest.Piece{Lead: slices.Concat(piece.Lead, piece.Text)}
			}
			if !yield(piece) {
				return
			}
		}
	}
}

// oddBreak ends a line for readers of YAML, and for nobody else: who counts lines would
// count others.
var oddBreak = regexp.MustCompile(`\r[^\n]|[\x{85}\x{2028}\x{2029}]`)

// hasPlace tells whether a key that is written behind a list is one of its keys.
func hasPlace(root *yaml.Node, list []byte) bool {
	longer := read(manifest.Piece{Text: slices.Concat(list, []byte("results:\n"))})
	return longer != nil && len(longer.Content) > len(root.Content)
}

// endsInText tells whether the last value is a text over several lines, to which a line
// end that is added would belong.
func endsInText(n *yaml.Node) bool {
	for n != nil && len(n.Content) > 0 {
		n = n.Content[len(n.Content)-1]
	}
	return n != nil && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// resultsIn returns where the lines of the results are in a list. Without results that
// is its end.
func resultsIn(root *yaml.Node, list []byte) span {
	found := span{len(list), len(list)}
	lines := lineStarts(list)
	for i := 0; i < len(root.Content); i += 2 {
		begins := lines[root.Content[i].Line-1]
		switch {
		case root.Content[i].Value == "results":
			found.start = begins
		case begins > found.start:
			return span{found.start, begins}
		}
	}
	return found
}

// lineStarts returns the offset of each line.
func lineStarts(text []byte) []int {
	starts := []int{0}
	for line := range bytes.Lines(text) {
		starts = append(starts, starts[len(starts)-1]+len(line))
	}
	return starts
}

// Render returns the ResourceList with its items as the Tenant in its
// functionConfig is to have them, and with results that tell what has changed. With
// an error the items are as they were, and the results tell what is wrong. Nothing is
// returned of a list that results cannot be added to.
func (l *List) Render() (io.WriterTo, error) {
	if !l.hasPlace {
		return nil, errors.New("there is no place for results behind the ResourceList; write it as kustomize and kpt do: " +
			"in lines from the first column, without braces around it or ... behind it, and with a line end at its end")
	}
	t, err := l.tenant()
	if err == nil {
		var items rules.Text
		if items, err = rules.Items(t, l.items()); err == nil {
			return &output{items: items, results: l.changes(t)}, nil
		}
	}
	failed := func(yield func([]result, error) bool) { yield(l.failures(err), nil) }
	return &output{items: rules.Unchanged(l.items()), results: failed}, err
}

// tenant returns the Tenant, if the list can be rendered.
func (l *List) tenant() (*tenant.Tenant, error) {
	if version := value(l.root, "apiVersion"); version != apiVersion {
		return nil, fmt.Errorf("the ResourceList has the version %q; allowed is %s; use a newer kustomize or kpt", version, apiVersion)
	}
	t, err := l.readConfig()
	if err != nil {
		return nil, err
	}
	return t, l.checkItems()
}

// checkItems refuses items that were not cut out.
func (l *List) checkItems() error {
	items := field(l.root, "items")
	switch {
	case l.isCut || items == nil || items.ShortTag() == "!!null":
		return nil
	case items.Kind != yaml.SequenceNode:
		return errors.New("items of the ResourceList is not a list")
	case len(items.Content) > 0:
		return errors.New("items of the ResourceList cannot be told apart; write items: on a line, and below it - and an object for each")
	}
	return nil
}

// mayBeLeftAlone is what all that is left alone has in its text.
var mayBeLeftAlone = regexp.MustCompile(`kpt\.dev/|` + regexp.QuoteMeta(localConfig) + `|` + regexp.QuoteMeta(tenant.APIVersion))

const localConfig = group + "local-config"

// isLeftAlone tells whether an item is never applied to a cluster: what is about
// the package itself. One that readers disagree about may be a Kptfile to this one and
// a Pod to another.
func isLeftAlone(piece manifest.Piece) bool {
	if !mayBeLeftAlone.Match(piece.Text) {
		return false
	}
	if _, err := manifest.Parse(piece); err != nil {
		return false
	}
	node := read(piece)
	return value(field(field(node, "metadata"), "annotations"), localConfig) == "true" ||
		strings.HasPrefix(value(node, "apiVersion"), "kpt.dev/") ||
		value(node, "apiVersion") == tenant.APIVersion && value(node, "kind") == tenant.Kind
}

// readConfig reads the functionConfig as strictly as a file, but for the annotations
// by which kustomize and kpt find the function.
func (l *List) readConfig() (*tenant.Tenant, error) {
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
