package manifest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// isPlain tells whether no YAML reader takes text for anything but a string,
// apart from the words below. It begins with a letter, which rules out numbers
// and dates, and a colon never ends it.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		case '0' <= c && c <= '9':
			if i == 0 {
				return false
			}
		case strings.IndexByte("_./@:-", c) < 0 || i == 0 || i == len(text)-1:
			return false
		}
	}
	return text != ""
}

// words are read as a boolean or null by some reader, in any case of letters.
// Kubernetes tools read YAML 1.1, where "yes" and "on" are booleans.
var words = []string{"y", "yes", "on", "true", "n", "no", "off", "false", "null"}

func isWord(text string) bool {
	return len(text) <= len("false") && slices.Contains(words, strings.ToLower(text))
}

// quote writes text so that every YAML reader takes it for that string.
func quote(text string) string {
	if isPlain(text) && !isWord(text) {
		return text
	}
	return strconv.Quote(text)
}

// quoteAs is quote, or JSON's way of writing a string, which every YAML reader
// takes for that string, too.
func quoteAs(text string, asJSON bool) string {
	if !asJSON {
		return quote(text)
	}
	written, _ := json.Marshal(text) // A string is always one of JSON, too.
	return string(written)
}

// forJSON returns a value with each scalar as JSON writes it. What JSON has no way to
// write, such as a date, is a string, for which Kubernetes takes it, too.
func forJSON(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.ScalarNode {
		return jsonScalar(n)
	}
	value := *n
	value.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		value.Content[i] = forJSON(child)
	}
	return &value
}

func jsonScalar(n *yaml.Node) *yaml.Node {
	var value any
	switch tag := n.ShortTag(); {
	case tag == "!!str" || json.Valid([]byte(n.Value)):
		return n
	case tag == "!!timestamp" || n.Decode(&value) != nil:
		return scalarNode(n.Value)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return scalarNode(n.Value)
	}
	written := &yaml.Node{Kind: yaml.ScalarNode, Value: string(text)}
	written.Tag = written.ShortTag()
	return written
}

// quoteLike is quote, but keeps the quotes that the place has now.
func quoteLike(style yaml.Style, text string) string {
	double := strconv.Quote(text)
	needsNoEscape := double == `"`+text+`"` && !strings.Contains(text, "'")
	switch {
	case style == yaml.DoubleQuotedStyle:
		return double
	case style == yaml.SingleQuotedStyle && needsNoEscape:
		return "'" + text + "'"
	default:
		return quote(text)
	}
}

// readsAsString tells whether every YAML reader takes a scalar for a string.
func readsAsString(n *yaml.Node) bool {
	return tagOf(n) == "!!str" && (n.Style != 0 || !isWord(n.Value))
}
