// Package krm reads and writes the ResourceList of KRM functions, through which
// kustomize and kpt hand objects to a program and take them back.
package krm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
	// pieces are the items that are rendered, and a last one without text. What is left
	// alone leads to what follows it.
	pieces []manifest.Piece
}

// Read reads a ResourceList, of whatever version. It is false if the text is
// something else.
func Read(text []byte) (*List, bool) {
	isOpen := !bytes.HasSuffix(text, []byte("\n"))
	if isOpen {
		text = append(slices.Clip(text), '\n')
	}
	pieces, frame, isCut := manifest.CutItems(text)
	if !isCut {
		pieces, frame = []manifest.Piece{{Lead: text}}, text
	}
	if _, err := manifest.Parse(manifest.Piece{Text: frame, Line: 1}); err != nil || oddBreak.Match(frame) {
		return nil, false
	}
	root := read(manifest.Piece{Text: frame})
	if value(root, "kind") != kind || !strings.HasPrefix(value(root, "apiVersion"), group) {
		return nil, false
	}
	last := root
	if piece := pieces[len(pieces)-1]; len(piece.Text) > 0 {
		last = read(piece)
		pieces = append(pieces, manifest.Piece{})
	}
	l := &List{root: root, config: field(root, configName), isCut: isCut, pieces: pieces}
	l.hasPlace = hasPlace(root, frame) && (!isOpen || !endsInText(last))
	l.dropResults(frame)
	l.leaveAlone()
	return l, true
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

// dropResults takes the results of whoever had the list before out of it.
func (l *List) dropResults(frame []byte) {
	last := &l.pieces[len(l.pieces)-1]
	head := len(frame) - len(last.Lead)
	start, end := resultsIn(l.root, frame)
	if start >= head {
		last.Lead = slices.Concat(last.Lead[:start-head], last.Lead[end-head:])
	} else {
		first := &l.pieces[0]
		first.Lead = slices.Concat(first.Lead[:start], first.Lead[end:])
	}
}

// resultsIn returns where the lines of the results begin and end in a list. Without
// results that is its end.
func resultsIn(root *yaml.Node, list []byte) (start, end int) {
	start, end = len(list), len(list)
	lines := lineStarts(list)
	for i := 0; i < len(root.Content); i += 2 {
		begins := lines[root.Content[i].Line-1]
		switch {
		case root.Content[i].Value == "results":
			start = begins
		case begins > start:
			return start, begins
		}
	}
	return start, end
}

// lineStarts returns the offset of each line.
func lineStarts(text []byte) []int {
	starts := []int{0}
	for line := range bytes.Lines(text) {
		starts = append(starts, starts[len(starts)-1]+len(line))
	}
	return starts
}

// leaveAlone puts the items that are not rendered into what leads to the next one.
func (l *List) leaveAlone() {
	rendered := l.pieces[:0]
	var lead []byte
	for _, piece := range l.pieces {
		if lead != nil {
			piece.Lead, lead = slices.Concat(lead, piece.Lead), nil
		}
		if isLeftAlone(piece) {
			lead = slices.Concat(piece.Lead, piece.Text)
			continue
		}
		rendered = append(rendered, piece)
	}
	l.pieces = rendered
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
	rendered, err := l.render()
	if err == nil {
		return &output{rendered: rendered}, nil
	}
	unchanged := rules.Result{}
	for _, piece := range l.pieces {
		unchanged.Documents = append(unchanged.Documents, rules.Document{Before: piece, After: piece.Text})
	}
	return &output{rendered: unchanged, failures: l.failures(err)}, err
}

// render returns the items as the Tenant is to have them.
func (l *List) render() (rules.Result, error) {
	if version := value(l.root, "apiVersion"); version != apiVersion {
		return rules.Result{}, fmt.Errorf("the ResourceList has the version %q; allowed is %s; use a newer kustomize or kpt", version, apiVersion)
	}
	t, err := l.tenant()
	if err != nil {
		return rules.Result{}, err
	}
	if err := l.checkItems(); err != nil {
		return rules.Result{}, err
	}
	return rules.Pieces(t, l.pieces)
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
