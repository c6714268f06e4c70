package manifest

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// indentStep is how much deeper the entries of an inserted mapping stand.
const indentStep = "  "

// edit replaces length bytes at offset by text.
type edit struct {
	offset, length int
	text           string
}

// splice applies edits that do not overlap.
func splice(source []byte, edits []edit) []byte {
	ordered := slices.SortedStableFunc(slices.Values(edits), func(a, b edit) int {
		return cmp.Compare(a.offset, b.offset)
	})
	var out bytes.Buffer
	at := 0
	for _, e := range ordered {
		out.Write(source[at:e.offset])
		out.WriteString(e.text)
		at = e.offset + e.length
	}
	out.Write(source[at:])
	return out.Bytes()
}

// replaceScalar plans a scalar's replacement by text. It is false where the
// scalar's end is not certain: block scalars, plain ones over several lines,
// and tagged ones.
func (d *Document) replaceScalar(n *yaml.Node, text string) (edit, bool) {
	start, ok := d.offset(n)
	if !ok {
		return edit{}, false
	}
	length, ok := scalarLength(d.piece.Text[start:], n)
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
	case yaml.SingleQuotedStyle:
		return quotedLength(text, '\'')
	case yaml.DoubleQuotedStyle:
		return quotedLength(text, '"')
	default:
		return 0, false
	}
}

// quotedLength returns the length of the quoted scalar that text begins with.
func quotedLength(text []byte, quote byte) (int, bool) {
	if len(text) == 0 || text[0] != quote {
		return 0, false
	}
	for i := 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case quote == '\'' && bytes.HasPrefix(text[i:], []byte("''")):
			i++
		case text[i] == quote:
			return i + 1, true
		}
	}
	return 0, false
}

// insertFields plans new entries of a mapping: in place of a null, after the
// brace of a flow mapping, or on lines of their own above the first key.
func (d *Document) insertFields(n *yaml.Node, fields Fields) (edit, bool) {
	switch {
	case isNull(n):
		return d.replaceScalar(n, "{"+fields.flow()+"}")
	case n.Style&yaml.FlowStyle != 0:
		return d.insertFlow(n, fields)
	default:
		return d.insertBlock(n, fields)
	}
}

func (d *Document) insertFlow(n *yaml.Node, fields Fields) (edit, bool) {
	brace, ok := d.offset(n)
	if !ok || d.piece.Text[brace] != '{' {
		return edit{}, false
	}
	text := fields.flow()
	if len(n.Content) > 0 {
		text += ","
		if next := d.piece.Text[brace+1]; !strings.ContainsRune(" \t\r\n", rune(next)) {
			text += " "
		}
	}
	return edit{offset: brace + 1, text: text}, true
}

func (d *Document) insertBlock(n *yaml.Node, fields Fields) (edit, bool) {
	key, ok := d.offset(n.Content[0])
	if !ok {
		return edit{}, false
	}
	line := d.lines[n.Content[0].Line-1]
	indent := string(d.piece.Text[line:key])
	if strings.Trim(indent, " ") != "" {
		return edit{}, false
	}
	at := d.aboveComments(n.Content[0].Line)
	return edit{offset: at, text: fields.block(indent, lineEnd(d.piece.Text[key:]))}, true
}

// aboveComments returns the offset of a key's line, or that of the first of
// the comment lines right above it, so that a comment stays with its key.
func (d *Document) aboveComments(line int) int {
	for line > 1 {
		above := d.piece.Text[d.lines[line-2]:d.lines[line-1]]
		if !bytes.HasPrefix(bytes.TrimLeft(above, " "), []byte("#")) {
			break
		}
		line--
	}
	return d.lines[line-1]
}

// lineEnd returns the line ending of the first line of text.
func lineEnd(text []byte) string {
	if end := bytes.IndexByte(text, '\n'); end > 0 && text[end-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// block writes the fields one key a line, indented.
func (f Fields) block(indent, end string) string {
	var b strings.Builder
	for _, key := range f.keys() {
		b.WriteString(indent + quote(key) + ":")
		switch value := f[key].(type) {
		case string:
			b.WriteString(" " + quote(value) + end)
		case Fields:
			b.WriteString(end + value.block(indent+indentStep, end))
		}
	}
	return b.String()
}

// flow writes the fields on one line, without the outer braces.
func (f Fields) flow() string {
	entries := make([]string, 0, len(f))
	for _, key := range f.keys() {
		switch value := f[key].(type) {
		case string:
			entries = append(entries, quote(key)+": "+quote(value))
		case Fields:
			entries = append(entries, quote(key)+": {"+value.flow()+"}")
		}
	}
	return strings.Join(entries, ", ")
}

// offset returns the byte at which a node begins. The parser counts columns
// in characters. It is false for a node that an edit added.
func (d *Document) offset(n *yaml.Node) (int, bool) {
	if n.Line < 1 || n.Line > len(d.lines) {
		return 0, false
	}
	at := d.lines[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(d.piece.Text[at:])
		at += size
	}
	return at, at < len(d.piece.Text) || isNull(n)
}

// lineStarts returns the offset of each line, with the line breaks that the
// parser counts. A byte order mark does not count as a column.
func lineStarts(text []byte) []int {
	starts := []int{0}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		starts[0] = len("\ufeff")
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
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
