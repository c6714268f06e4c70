package manifest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// publicInSecret are the fields of a Secret that may be shown. All else may hold
// its values, even an annotation: kubectl writes the whole object into one.
var publicInSecret = []string{"apiVersion", "kind", "type", "immutable", "metadata.name", "metadata.namespace", "metadata.generateName"}

// publicBelow begin the fields of a Secret whose keys people choose, and which may
// be shown.
var publicBelow = []string{"metadata.labels.", "metadata.annotations.tenant-redis.dev/"}

// place is where a value stands with regard to a Secret.
type place struct {
	// inSecret tells whether it is a Secret's, and field where there.
	inSecret bool
	field    string
}

// openInSecret are the fields of a Secret whose keys may be shown. A value in braces is a
// mapping with the value as its key.
var openInSecret = []string{"", "metadata", "metadata.labels", "metadata.annotations", "data", "stringData"}

// of is the place of a mapping that stands at this place: it may be a Secret.
func (p place) of(mapping *yaml.Node) place {
	return place{inSecret: p.inSecret || maybeSecret(mapping), field: p.field}
}

// maybeSecret tells whether some reader may take a mapping for a Secret.
func maybeSecret(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		isKind := strings.EqualFold(key.Value, "kind") && (value.Value == "Secret" || value.Style&yaml.TaggedStyle != 0)
		if isKind || key.Value == "<<" || key.Style&yaml.TaggedStyle != 0 {
			return true
		}
	}
	return false
}

// child is the place of a field of the mapping at this place.
func (p place) child(key string) place {
	switch {
	case !p.inSecret:
		return place{}
	case p.field == "":
		return place{inSecret: true, field: key}
	default:
		return place{inSecret: true, field: p.field + "." + key}
	}
}

// step is a field of the mapping at this place, for a path that is shown.
func (p place) step(key string) string {
	if !p.isOpen() {
		key = "***"
	}
	return "." + key
}

func (p place) isOpen() bool { return !p.inSecret || slices.Contains(openInSecret, p.field) }

func (p place) isPublic() bool {
	return !p.inSecret || slices.Contains(publicInSecret, p.field) ||
		slices.ContainsFunc(publicBelow, func(prefix string) bool { return strings.HasPrefix(p.field, prefix) })
}

// HideSecrets returns two versions of a document for people. One that holds a
// Secret is written again, without comments: in place of each value that may be
// secret stands "***", and where the versions differ, which of them it is. It is
// false for a document that cannot be read; neither may be shown then.
func HideSecrets(before, after Piece) (shownBefore, shownAfter []byte, ok bool) {
	was, errBefore := Parse(before)
	is, errAfter := Parse(after)
	if errBefore != nil || errAfter != nil {
		return nil, nil, false
	}
	if !holdsSecret(was.root) && !holdsSecret(is.root) {
		return was.text, is.text, true
	}
	return was.hidden(is, "*** (before)"), is.hidden(was, "*** (after)"), true
}

// holdsSecret tells whether a Secret is anywhere in a tree.
func holdsSecret(n *yaml.Node) bool {
	return n != nil && (scalar(n, "kind") == "Secret" || slices.ContainsFunc(n.Content, holdsSecret))
}

func (d *Document) hidden(other *Document, mark string) []byte {
	if d.root == nil {
		return nil
	}
	return []byte(block(hide(d.root, other.root, place{}, mark), "", "\n"))
}

// hide returns a tree with each value that may be secret replaced: by mark if
// another version has another value there, else by "***". What an alias may
// bring into a Secret is hidden, too.
func hide(n, other *yaml.Node, at place, mark string) *yaml.Node {
	own := at.of(n)
	isWhole := n.Kind != yaml.MappingNode || len(n.Content) == 0 || !own.isOpen()
	if n.Kind == yaml.AliasNode || n.Anchor != "" || isWhole && !at.isPublic() {
		if other != nil && sameValue(n, other) {
			mark = "***"
		}
		return scalarNode(mark)
	}
	if len(n.Content) == 0 {
		return withoutPositions(n)
	}
	shown := &yaml.Node{Kind: n.Kind, Tag: n.ShortTag()}
	values := valuesOf(other)
	for i := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			shown.Content = append(shown.Content, hide(n.Content[i], item(other, i), at, mark))
		case i%2 == 1:
			key := n.Content[i-1].Value
			shown.Content = append(shown.Content, scalarNode(key), hide(n.Content[i], values[key], own.child(key), mark))
		}
	}
	return shown
}

// valuesOf returns the values of a mapping by key, and nothing for what is none.
func valuesOf(mapping *yaml.Node) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	if mapping != nil && mapping.Kind == yaml.MappingNode {
		for i := 0; i < len(mapping.Content); i += 2 {
			values[mapping.Content[i].Value] = mapping.Content[i+1]
		}
	}
	return values
}

// item returns the item of a list, or nil if it has none or is no list.
func item(list *yaml.Node, i int) *yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode || i >= len(list.Content) {
		return nil
	}
	return list.Content[i]
}
