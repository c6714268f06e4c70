package manifest

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// indentStep is how much deeper the entries of an inserted mapping stand.
const indentStep = "  "

// block writes a mapping's entries or a list's items one a line, each line
// indented. Each line ends with end.
func block(n *yaml.Node, indent, end string) string {
	var b strings.Builder
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			b.WriteString(blockItem(item, indent, end))
		}
		return b.String()
	}
	for _, entry := range entries(n) {
		b.WriteString(indent + quote(entry.key.Value) + ":")
		if isBlock(entry.value) {
			b.WriteString(end + block(entry.value, indent+indentStep, end))
		} else {
			b.WriteString(" " + flow(entry.value, false) + end)
		}
	}
	return b.String()
}

// blockItem writes one item of a list.
func blockItem(item *yaml.Node, indent, end string) string {
	if !isBlock(item) {
		return indent + "- " + flow(item, false) + end
	}
	lines := block(item, indent+indentStep, end)
	return indent + "- " + strings.TrimPrefix(lines, indent+indentStep)
}

// isBlock tells whether a value is written over several lines.
func isBlock(n *yaml.Node) bool {
	return n.Kind != yaml.ScalarNode && n.Kind != yaml.AliasNode && len(n.Content) > 0
}

// flow writes a value on one line, as JSON if that is wanted.
func flow(n *yaml.Node, asJSON bool) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "{" + flowEntries(n, asJSON) + "}"
	case n.Kind == yaml.SequenceNode:
		items := make([]string, len(n.Content))
		for i, item := range n.Content {
			items[i] = flow(item, asJSON)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case n.Kind == yaml.AliasNode:
		return "*" + n.Value
	case n.ShortTag() == "!!str":
		return quoteAs(n.Value, asJSON)
	case isNull(n):
		return "null"
	default:
		return n.Value
	}
}

// flowEntries writes a mapping on one line, without the braces.
func flowEntries(n *yaml.Node, asJSON bool) string {
	var texts []string
	for _, entry := range entries(n) {
		texts = append(texts, quoteAs(entry.key.Value, asJSON)+": "+flow(entry.value, asJSON))
	}
	return strings.Join(texts, ", ")
}

type entry struct{ key, value *yaml.Node }

// entries returns a mapping's entries by key.
func entries(mapping *yaml.Node) []entry {
	var all []entry
	for i := 0; i < len(mapping.Content); i += 2 {
		all = append(all, entry{key: mapping.Content[i], value: mapping.Content[i+1]})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.key.Value, b.key.Value) })
	return all
}
