package manifest

import (
	"bytes"
	"fmt"
)

// maxMarks is how many marks of structure a document may have: dashes, colons,
// commas, braces, brackets and line ends. The parser takes some 170 bytes for each
// key and each value. An object of 3 MiB, of which the API server takes no more, has
// fewer.
const maxMarks = 250_000

// checkCount refuses a document of too many values before memory is spent on them.
func (d *Document) checkCount() *Error {
	if len(d.text) <= maxMarks || marks(d.text) <= maxMarks {
		return nil
	}
	return d.newError(1, "", fmt.Sprintf("has more than %d lines, keys and values, and no object of Kubernetes is as large; split it, or write a List with - and an object below it for each item", maxMarks))
}

// marks counts the marks of structure in a text, without those in quotes, in
// comments and in texts over several lines. Each makes at most two keys or values.
// It knows as much of YAML as that takes; where it could take structure for text,
// it counts all marks to the end.
func marks(text []byte) int {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if bytes.ContainsAny(text, "\u0085\u2028\u2029\ufeff") {
		return allMarks(text)
	}
	m := marker{text: text, first: true}
	for m.at < len(text) {
		m.step()
	}
	return m.count
}

// allMarks counts what may be a mark, wherever it stands.
func allMarks(text []byte) int {
	count := 0
	for _, char := range text {
		if bytes.IndexByte([]byte("-?:,[]{}\n\r\x85\xa8\xa9"), char) >= 0 {
			count++
		}
	}
	return count
}

// marker goes through a text.
type marker struct {
	text      []byte
	at, count int
	// flow is how many braces and brackets are open.
	flow int
	// line is where the line begins, column that of the last dash or key on it.
	line, column int
	state        state
	// first tells whether this is the beginning of a line, and follows whether it may
	// go on with a plain value: it stands deeper than indent, the column of the line
	// with that value.
	first, follows bool
	indent         int
}

type state int

const (
	// begins: a value may begin here.
	begins state = iota
	// plain: here is a value without quotes.
	plain
	// ended: a value has ended.
	ended
)

func (m *marker) step() {
	switch char := m.text[m.at]; {
	case char == '\n' || char == '\r':
		m.newLine()
	case char == ' ' || char == '\t':
		m.at++
		if m.at < len(m.text) && m.text[m.at] == '#' {
			m.skipLine()
		}
	case m.state == begins:
		m.begin(char)
	case m.isMark(char):
		m.mark(char)
	default:
		m.at++
	}
}

func (m *marker) newLine() {
	m.at++
	m.count++
	m.line, m.column = m.at, 0
	if m.flow == 0 {
		m.follows = m.state == plain || m.follows
		m.state, m.first = begins, true
	}
}

func (m *marker) skipLine() {
	if end := bytes.IndexAny(m.text[m.at:], "\n\r"); end >= 0 {
		m.at += end
	} else {
		m.at = len(m.text)
	}
}

// begin takes the first character of a value, or of a line that goes on with one.
func (m *marker) begin(char byte) {
	if char == '#' && m.at == m.line {
		m.skipLine()
		return
	}
	if column := m.at - m.line; m.first && (!m.follows || column <= m.indent) {
		m.follows, m.indent = false, column
	}
	m.first = false
	isSpecial := bytes.IndexByte([]byte("\"'|>[{&*!%@`"), char) >= 0
	switch {
	case isSeparator(m.text[m.at:]) && m.at == m.line:
		m.at += len("---")
		return
	case m.follows && isSpecial, isSpecial && bytes.IndexByte([]byte("&*!%@`"), char) >= 0:
		m.count += allMarks(m.text[m.at:])
		m.at = len(m.text)
		return
	case char == '"' || char == '\'':
		m.quoted()
		return
	case (char == '|' || char == '>') && m.flow == 0:
		m.skipBlock()
		return
	case (char == '-' || char == '?') && m.isAlone():
		// It may be a part of the plain value above, and so may be what comes next.
		m.mark(char)
		return
	}
	m.follows = false
	if bytes.IndexByte([]byte("[]{},"), char) >= 0 || char == ':' && m.isAlone() {
		m.mark(char)
		return
	}
	m.state, m.column = plain, m.at-m.line
	m.at++
}

func (m *marker) quoted() {
	length, ok := quotedLength(m.text[m.at:])
	if !ok {
		length = len(m.text) - m.at
	}
	m.state, m.column = ended, m.at-m.line
	m.at += length
}

// isAlone tells whether a blank follows.
func (m *marker) isAlone() bool {
	return m.at+1 == len(m.text) || bytes.IndexByte([]byte(" \t\r\n"), m.text[m.at+1]) >= 0
}

// isMark tells whether a character ends a value.
func (m *marker) isMark(char byte) bool {
	isFlow := m.flow > 0 && bytes.IndexByte([]byte("[]{},"), char) >= 0
	return isFlow || char == ':' && (m.state == ended || m.isAlone() ||
		m.flow > 0 && bytes.IndexByte([]byte("[]{},"), m.text[m.at+1]) >= 0)
}

func (m *marker) mark(char byte) {
	m.count++
	m.state = begins
	switch char {
	case '[', '{':
		m.flow++
	case ']', '}':
		m.flow = max(m.flow-1, 0)
		m.state = ended
	case '-', '?':
		m.column = m.at - m.line
	}
	m.at++
}

// skipBlock goes on behind a text over several lines, which stands deeper than the
// last dash or key before it.
func (m *marker) skipBlock() {
	column := m.column
	m.skipLine()
	for m.at < len(m.text) {
		m.newLine()
		line := m.text[m.at:nextLine(m.text, m.at)]
		content := bytes.TrimLeft(line, " ")
		if len(bytes.TrimRight(content, "\r\n")) > 0 && len(line)-len(content) <= column {
			break
		}
		m.skipLine()
	}
	m.state, m.follows = begins, false
}
