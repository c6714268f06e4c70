package manifest

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// edit replaces length bytes at offset by text.
type edit struct {
	offset, length int
	text           string
}

// splice applies edits. It is false if two of them overlap.
func splice(source []byte, edits []edit) ([]byte, bool) {
	ordered := slices.SortedStableFunc(slices.Values(edits), func(a, b edit) int {
		return cmp.Compare(a.offset, b.offset)
	})
	size := len(source)
	for _, e := range edits {
		size += len(e.text) - e.length
	}
	var out bytes.Buffer
	out.Grow(max(size, 0))
	at := 0
	for _, e := range ordered {
		if e.offset < at {
			return nil, false
		}
		out.Write(source[at:e.offset])
		out.WriteString(e.text)
		at = e.offset + e.length
	}
	out.Write(source[at:])
	return out.Bytes(), true
}

// replaceScalar plans a scalar's replacement by text. It is false where the
// scalar's end is not certain: block scalars, and plain ones over several lines.
func (d *Document) replaceScalar(n *yaml.Node, text string) (edit, bool) {
	start, ok := d.offset(n)
	if !ok {
		return edit{}, false
	}
	length, ok := scalarLength(d.text[start:], n)
	if length == 0 {
		// An empty value stands right behind its colon.
		text = " " + text
	}
	return edit{offset: start, length: length, text: text}, ok
}

// scalarLength returns how many bytes of text the scalar at its start takes.
func scalarLength(text []byte, n *yaml.Node) (int, bool) {
	switch n.Style {
	case 0:
		return len(n.Value), bytes.HasPrefix(text, []byte(n.Value))
	case yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle:
		return quotedLength(text)
	default:
		return 0, false
	}
}

// quotedLength returns the length of the quoted scalar that text begins with.
func quotedLength(text []byte) (int, bool) {
	if len(text) == 0 || text[0] != '\'' && text[0] != '"' {
		return 0, false
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[0] == '"' && text[i] == '\\':
			i++
		case text[0] == '\'' && bytes.HasPrefix(text[i:], []byte("''")):
			i++
		case text[i] == text[0]:
			return i + 1, true
		}
	}
	return 0, false
}

// flowLength returns the length of the flow mapping or list that text begins
// with.
func flowLength(text []byte) (int, bool) {
	closing, _, ok := scanFlow(text, isClosing)
	return closing + 1, ok
}

// isClosing and isEntryEnd tell whether a character ends a flow mapping or list from
// its beginning, and an entry from its own.
func isClosing(char byte, depth int) bool { return depth == 1 && (char == '}' || char == ']') }

func isEntryEnd(char byte, depth int) bool {
	return depth == 0 && (char == ',' || char == '}' || char == ']')
}

// scanFlow returns the offset of the first character in flow style at which to stop,
// and the one behind what stands before it, comments and blanks left out. depth is
// how many braces and brackets are open there.
func scanFlow(text []byte, stop func(char byte, depth int) bool) (at, last int, ok bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case stop(c, depth):
			return i, last, true
		case strings.IndexByte(" \t\r\n", c) >= 0:
			continue
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case (c == '\'' || c == '"') && (i == 0 || strings.IndexByte("{[,: \t\r\n", text[i-1]) >= 0):
			length, ok := quotedLength(text[i:])
			if !ok {
				return 0, 0, false
			}
			i += length - 1
		case c == '#' && i > 0 && strings.IndexByte(" \t\r\n", text[i-1]) >= 0:
			i = nextLine(text, i) - 1
			continue
		}
		last = i + 1
	}
	return 0, 0, false
}

// insertEntries plans new entries of a mapping that was not null: after the
// brace of a flow mapping, or on lines of their own above the first key.
func (d *Document) insertEntries(was *yaml.Node, added *yaml.Node) (edit, bool) {
	if was.Style&yaml.FlowStyle != 0 {
		return d.insertFlow(was, added)
	}
	return d.insertBlock(was, added)
}

func (d *Document) insertFlow(was, added *yaml.Node) (edit, bool) {
	brace, ok := d.offset(was)
	if !ok || d.text[brace] != '{' {
		return edit{}, false
	}
	text := flowEntries(added, d.isJSON)
	if len(was.Content) > 0 {
		text += ","
		if next := d.text[brace+1]; !strings.ContainsRune(" \t\r\n", rune(next)) {
			text += " "
		}
	}
	return edit{offset: brace + 1, text: text}, true
}

func (d *Document) insertBlock(was, added *yaml.Node) (edit, bool) {
	first := was.Content[0]
	key, ok := d.offset(first)
	if !ok {
		return edit{}, false
	}
	indent := string(d.text[d.lines[first.Line-1]:key])
	end := lineEnd(d.text[key:])
	if strings.Trim(indent, " ") == "" {
		return edit{offset: d.aboveComments(first.Line, first.Column), text: block(added, indent, end)}, true
	}
	// The first key of a list's item stands behind the dash: what is new takes
	// its place, and the key goes on to the next line.
	if strings.Trim(indent, " -") != "" {
		return edit{}, false
	}
	indent = strings.Repeat(" ", len(indent))
	text := block(added, indent, end)
	return edit{offset: key, text: strings.TrimPrefix(text, indent) + indent}, true
}

// aboveComments returns the offset of a line with a key, or that of the first of
// the comment lines right above it, so that a comment stays with its key. What
// stands deeper than the key is not about it, and may be text.
func (d *Document) aboveComments(line, column int) int {
	for line > 1 {
		above := d.text[d.lines[line-2]:d.lines[line-1]]
		comment := bytes.TrimLeft(above, " ")
		if !bytes.HasPrefix(comment, []byte("#")) || len(above)-len(comment) >= column {
			break
		}
		line--
	}
	return d.lines[line-1]
}

// replaceValue plans that the place of was holds the value now. limit is where
// what follows begins, keyColumn that of the value's key, 0 if it has none. A value
// in block style stays in block style.
func (d *Document) replaceValue(was, now *yaml.Node, limit, keyColumn int) (edit, bool) {
	start, ok := d.offset(was)
	if !ok {
		return edit{}, false
	}
	text := d.text[start:]
	switch {
	case was.Kind == yaml.ScalarNode && was.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && scalarOnOneLine(text, was):
		return d.replaceScalar(was, d.flow(now))
	case was.Kind != yaml.ScalarNode && was.Style&yaml.FlowStyle != 0:
		length, ok := flowLength(text)
		return edit{offset: start, length: length, text: d.flow(now)}, ok
	}
	length := d.contentEnd(start, limit, was) - start
	if was.Kind == yaml.ScalarNode {
		return edit{offset: start, length: length, text: d.flow(now) + commentOn(text[:length], was)}, true
	}
	// A list may stand as far left as its key; nothing else may.
	column, lead := was.Column, ""
	if column <= keyColumn && (now.Kind != yaml.SequenceNode || !isBlock(now)) {
		column, lead = keyColumn+len(indentStep), strings.Repeat(" ", keyColumn+len(indentStep)-column)
	}
	if !isBlock(now) {
		return edit{offset: start, length: length, text: lead + d.flow(now)}, true
	}
	indent := strings.Repeat(" ", column-1)
	end := lineEnd(text)
	lines := strings.TrimSuffix(strings.TrimPrefix(block(now, indent, end), indent), end)
	return edit{offset: start, length: length, text: lead + lines}, true
}

// commentOn returns the comment on a text over several lines, with a blank before it: it
// stands behind the sign of a block scalar, or behind the last line of a plain one.
func commentOn(text []byte, n *yaml.Node) string {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		text = text[:nextLine(text, 0)]
	}
	for i := 1; i < len(text); i++ {
		if text[i] == '#' && (text[i-1] == ' ' || text[i-1] == '\t') {
			return " " + strings.TrimRight(string(text[i:]), "\r\n")
		}
	}
	return ""
}

func scalarOnOneLine(text []byte, n *yaml.Node) bool {
	_, ok := scalarLength(text, n)
	return ok
}

// contentEnd returns where the value that begins at start ends: before the
// line end of its last line that is neither blank nor a comment, nor ends the
// document. limit is where what follows begins.
func (d *Document) contentEnd(start, limit int, value *yaml.Node) int {
	if end, ok := d.keptEnd(value); ok {
		return end
	}
	textIndent := d.blockTextIndent(value)
	end := limit
	for end > start {
		line := bytes.LastIndexByte(d.text[start:end], '\n') + 1 + start
		content := bytes.TrimSpace(d.text[line:end])
		indent := len(d.text[line:end]) - len(bytes.TrimLeft(d.text[line:end], " "))
		isComment := len(content) > 0 && content[0] == '#' && (textIndent == 0 || indent < textIndent)
		isEnd := line > start && indent == 0 && string(content) == "..."
		if len(content) > 0 && !isComment && !isEnd {
			return line + len(bytes.TrimRight(d.text[line:end], "\r\n"))
		}
		end = max(line-1, start)
	}
	return end
}

// lastIn returns the last value in n.
func lastIn(n *yaml.Node) *yaml.Node {
	for len(n.Content) > 0 {
		n = n.Content[len(n.Content)-1]
	}
	return n
}

// keptEnd returns where a block scalar ends that is the last value in n and keeps the
// blank lines below it, before the end of the last of these. It is false for all else.
func (d *Document) keptEnd(n *yaml.Node) (int, bool) {
	last := lastIn(n)
	start, ok := d.offset(last)
	if !ok || last.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		return 0, false
	}
	text := d.text
	at := nextLine(text, start)
	header, _, _ := bytes.Cut(text[start:at], []byte("#"))
	if !bytes.ContainsRune(header, '+') {
		return 0, false
	}
	for textIndent := d.blockTextIndent(last); at < len(text); at = nextLine(text, at) {
		line := text[at:nextLine(text, at)]
		content := bytes.TrimLeft(line, " ")
		if len(bytes.TrimSpace(line)) > 0 && (textIndent == 0 || len(line)-len(content) < textIndent) {
			break
		}
	}
	return len(bytes.TrimSuffix(bytes.TrimSuffix(text[:at], []byte("\n")), []byte("\r"))), true
}

// blockTextIndent returns by how many blanks the text of a block scalar is indented
// that is the last value in n, and 0 if it is none: in such a text a number sign
// begins no comment.
func (d *Document) blockTextIndent(n *yaml.Node) int {
	n = lastIn(n)
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 || n.Line < 1 {
		return 0
	}
	for line := n.Line; line < len(d.lines); line++ {
		text := d.text[d.lines[line]:]
		if rest := bytes.TrimLeft(text, " "); len(rest) > 0 && rest[0] != '\n' && rest[0] != '\r' {
			return len(text) - len(rest)
		}
	}
	return 0
}

// lineEnd returns the line ending of the first line of text.
func lineEnd(text []byte) string {
	if end := bytes.IndexByte(text, '\n'); end > 0 && text[end-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// offset returns the byte at which a node begins. The parser counts columns
// in characters. It is false for a node that an edit added.
func (d *Document) offset(n *yaml.Node) (int, bool) {
	if n.Line < 1 || n.Line > len(d.lines) {
		return 0, false
	}
	at := d.lines[n.Line-1]
	if d.isASCII {
		at += n.Column - 1
		return at, at < len(d.text) || isNull(n) && at == len(d.text)
	}
	at = d.columnOffset(n.Line-1, n.Column-1)
	return at, at < len(d.text) || isNull(n)
}

// columnStep is how many columns the known offsets of a line are apart.
const columnStep = 256

// columnOffset returns the offset of a column of a line, both from 0. It keeps that of
// every so many columns: a document may stand on one line.
func (d *Document) columnOffset(line, column int) int {
	known := d.columns[line]
	if known == nil {
		known = []int{d.lines[line]}
	}
	for len(known) <= column/columnStep {
		known = append(known, d.skip(known[len(known)-1], columnStep))
	}
	d.columns[line] = known
	return d.skip(known[column/columnStep], column%columnStep)
}

// skip returns the offset that is some characters behind another.
func (d *Document) skip(at, characters int) int {
	for range characters {
		_, size := utf8.DecodeRune(d.text[at:])
		at += size
	}
	return at
}

// lineStarts returns the offset of each line, with the line breaks that the
// parser counts. A byte order mark does not count as a column.
func lineStarts(text []byte) []int {
	starts := []int{0}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		starts[0] = len("\ufeff")
	}
	for at := 0; at < len(text); {
		r, size := rune(text[at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[at:])
		}
		at += size
		if r == '\r' && at < len(text) && text[at] == '\n' {
			continue
		}
		switch r {
		case '\n', '\r', '\u0085', '\u2028', '\u2029':
			starts = append(starts, at)
		}
	}
	return starts
}
