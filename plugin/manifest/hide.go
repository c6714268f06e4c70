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

// below is the place of a field of a mapping at this place.
func (p place) below(mapping *yaml.Node, key string) place {
	switch {
	case p.inSecret && p.field != "":
		return place{inSecret: true, field: p.field + "." + key}
	case p.inSecret || scalar(mapping, "kind") == "Secret":
		return place{inSecret: true, field: key}
	default:
		return place{}
	}
}

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
	if n.Kind == yaml.AliasNode || n.Anchor != "" || len(n.Content) == 0 && !at.isPublic() {
		if other != nil && sameValue(n, other) {
			mark = "***"
		}
		return scalarNode(mark)
	}
	if len(n.Content) == 0 {
		return withoutPositions(n)
	}
	shown := &yaml.Node{Kind: n.Kind, Tag: n.ShortTag()}
	for i := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			shown.Content = append(shown.Content, hide(n.Content[i], item(other, i), at, mark))
		case i%2 == 1:
			key := n.Content[i-1].Value
			shown.Content = append(shown.Content, scalarNode(key), hide(n.Content[i], lookup(other, key), at.below(n, key), mark))
		}
	}
	return shown
}

// item returns the item of a list, or nil if it has none or is no list.
func item(list *yaml.Node, i int) *yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode || i >= len(list.Content) {
		return nil
	}
	return list.Content[i]
}
