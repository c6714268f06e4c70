package krm

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/rules"
)

// Items are cut out of the text and put back, not decoded and encoded: the encoder
// gives some texts over several lines another value.

// lineAfter returns the line, from 0, at which what follows the key of the list at
// a line begins.
func (l *List) lineAfter(line int) int {
	end := len(l.lines)
	for i := 0; i < len(l.root.Content); i += 2 {
		if key := l.root.Content[i].Line - 1; key > line {
			end = min(end, key)
		}
	}
	return end
}

func (l *List) lineAfterItem(i int) int {
	if i+1 < len(l.items.Content) {
		return l.items.Content[i+1].Line - 1
	}
	return l.lineAfter(l.items.Content[i].Line - 1)
}

// outdented returns an item's text as a document: without what leads to it on its
// first line, and with as many blanks less on the others.
func (l *List) outdented(i item) string {
	indent := i.node.Column - 1
	var text strings.Builder
	text.WriteString(l.lines[i.first][indent:])
	for _, line := range l.lines[i.first+1 : i.end] {
		text.WriteString(line[min(indent, len(line)-len(strings.TrimLeft(line, " "))):])
	}
	return text.String()
}

// indented is the way back from outdented, for a rendered document. Blank
// lines stay blank.
func (l *List) indented(i item, document []byte) string {
	indent := i.node.Column - 1
	lead := l.lines[i.first][:indent]
	blanks := strings.Repeat(" ", indent)
	var text strings.Builder
	for line := range strings.Lines(string(document)) {
		if strings.Trim(line, "\r\n") != "" {
			text.WriteString(lead)
		}
		text.WriteString(line)
		lead = blanks
	}
	return text.String()
}

// write returns the list with rendered items, and with these results instead of
// those of whoever had the list before.
func (l *List) write(documents []rules.Document, results []result) ([]byte, error) {
	lines := slices.Clone(l.lines)
	for i, doc := range documents {
		if len(doc.Changes) > 0 {
			l.replace(lines, l.rendered[i].first, l.rendered[i].end, l.indented(l.rendered[i], doc.After))
		}
	}
	for i := 0; i < len(l.root.Content); i += 2 {
		if key := l.root.Content[i]; key.Value == "results" {
			l.replace(lines, key.Line-1, l.lineAfter(key.Line-1), "")
		}
	}
	var text bytes.Buffer
	for _, line := range lines {
		text.WriteString(line)
	}
	if len(results) == 0 {
		return text.Bytes(), nil
	}
	told, err := encode(map[string][]result{"results": results})
	text.Write(told)
	return text.Bytes(), err
}

// replace puts a text in the place of some lines.
func (l *List) replace(lines []string, first, end int, text string) {
	clear(lines[first:end])
	lines[first] = text
}
