package manifest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// maxAliased is how many values the aliases of a document may stand for
// together. A few lines of aliases of aliases would take all memory.
const maxAliased = 100_000

// strict refuses what readers of YAML disagree about: Kubernetes reads YAML 1.1
// and turns it into JSON, where a merge key, a tag or another spelling of a key
// may say something else than the text seems to.
type strict struct {
	doc *Document
	// sizes are the numbers of values that the anchored ones hold.
	sizes map[*yaml.Node]int
	// aliased is how many values the aliases stand for so far.
	aliased int
}

// checkStrict looks at the whole document. Each level adds its step to the path
// of an error that it passes on.
func (d *Document) checkStrict(top *yaml.Node) *Error {
	if err := d.checkLines(); err != nil {
		return err
	}
	s := strict{doc: d, sizes: map[*yaml.Node]int{}}
	_, err := s.value(top, place{})
	return err
}

// checkLines refuses lines that begin with a separator and go on: Kubernetes
// begins a document after such a line, wherever it stands, and skips the rest of
// it.
func (d *Document) checkLines() *Error {
	text := d.text
	for line, at := 1, 0; at < len(text); line, at = line+1, nextLine(text, at) {
		rest, found := bytes.CutPrefix(text[at:nextLine(text, at)], []byte("---"))
		switch rest = bytes.TrimSpace(rest); {
		case found && !isSeparator(text[at:]):
			return d.newError(line, "", "has a line that looks like a separator glued to something; put --- on a line of its own")
		case found && len(rest) > 0 && rest[0] != '#':
			return d.newError(line, "", "begins on the line of its separator, which Kubernetes skips; put --- on a line of its own")
		}
	}
	return nil
}

// value returns how many values stand at n and below it, aliases written out.
func (s *strict) value(n *yaml.Node, at place) (int, *Error) {
	if n.Style&yaml.TaggedStyle != 0 {
		return 0, s.doc.newError(n.Line, "", "carries a tag, about which readers disagree; remove it, and put a string in quotes")
	}
	size, err := 1, (*Error)(nil)
	switch n.Kind {
	case yaml.AliasNode:
		return s.alias(n)
	case yaml.MappingNode:
		size, err = s.mapping(n, at.of(n))
	case yaml.SequenceNode:
		size, err = s.list(n, at)
	}
	if n.Anchor != "" {
		s.sizes[n] = size
	}
	return size, err
}

// alias counts what an alias stands for. An anchor comes before its aliases, so
// that its size is known, unless the alias is a part of it.
func (s *strict) alias(n *yaml.Node) (int, *Error) {
	size, complete := s.sizes[n.Alias]
	if !complete {
		return 0, s.doc.newError(n.Line, "", "is an alias of what it is a part of; write the value out")
	}
	if s.aliased += size; s.aliased > maxAliased {
		return 0, s.doc.newError(n.Line, "", fmt.Sprintf("is one alias too many: together they stand for more than %d values; write the values out", maxAliased))
	}
	return size, nil
}

func (s *strict) list(n *yaml.Node, at place) (int, *Error) {
	size := 1
	for i, item := range n.Content {
		below, err := s.value(item, at)
		if err != nil {
			return 0, err.under(fmt.Sprintf("[%d]", i))
		}
		size += below
	}
	return size, nil
}

func (s *strict) mapping(n *yaml.Node, at place) (int, *Error) {
	size := 1
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if err := s.key(key, at); err != nil {
			return 0, err
		}
		below, err := s.value(n.Content[i+1], at.child(key.Value))
		if err != nil {
			return 0, err.under(at.step(key.Value))
		}
		size += below
	}
	if twice := duplicate(n); twice != nil {
		return 0, s.doc.newError(twice.Line, at.step(twice.Value), "is there twice; remove one of the two")
	}
	return size, nil
}

// key refuses what is not the same key for every reader. The message about a
// merge key also holds for one in quotes, which a tag makes one again.
func (s *strict) key(key *yaml.Node, at place) *Error {
	switch {
	case key.Kind != yaml.ScalarNode:
		return s.doc.newError(key.Line, "", "has a key that is "+describe(key)+"; a key must be a plain word")
	case key.Style&yaml.TaggedStyle != 0:
		return s.doc.newError(key.Line, at.step(key.Value), "is a key with a tag, about which readers disagree; remove the tag")
	case key.Value == "<<":
		return s.doc.newError(key.Line, "", "has a merge key (<<), about which readers disagree; write the mapping out")
	case !readsAsKey(key):
		return s.doc.newError(key.Line, at.step(key.Value), "is a key that Kubernetes reads as another; put it in quotes")
	}
	return nil
}

// readsAsKey tells whether Kubernetes takes a key for the word that stands there.
// It reads the key as YAML 1.1 and turns the value into text again.
func readsAsKey(key *yaml.Node) bool {
	switch tagOf(key) {
	case "!!str", "!!timestamp":
		return true
	case "!!int":
		number, err := strconv.ParseInt(key.Value, 10, 64)
		return err == nil && strconv.FormatInt(number, 10) == key.Value
	case "!!float":
		number, err := strconv.ParseFloat(key.Value, 64)
		return err == nil && strconv.FormatFloat(number, 'g', -1, 32) == key.Value
	default:
		return false
	}
}

// booleans are what YAML 1.1 reads as true and as false besides YAML 1.2's own
// words. In other cases of letters they are strings.
var booleans = []string{"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"}

func isBoolean(text string) bool {
	return len(text) <= len("off") && slices.Contains(booleans, text)
}

// tagOf returns the short tag of a value as Kubernetes reads it.
func tagOf(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Style == 0 && isBoolean(n.Value) {
		return "!!bool"
	}
	return n.ShortTag()
}

// manyKeys is the size of mappings for which a set is quicker than comparing
// each key with each.
const manyKeys = 16

// duplicate returns the first key of a mapping that was there before, or nil.
func duplicate(mapping *yaml.Node) *yaml.Node {
	seen := map[string]bool{}
	for i := 0; i < len(mapping.Content); i += 2 {
		key := mapping.Content[i]
		if len(mapping.Content) > 2*manyKeys {
			if seen[key.Value] {
				return key
			}
			seen[key.Value] = true
			continue
		}
		for j := 0; j < i; j += 2 {
			if mapping.Content[j].Value == key.Value {
				return key
			}
		}
	}
	return nil
}
