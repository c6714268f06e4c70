package manifest

import "bytes"

// Piece is a part of a YAML stream that holds at most one document, together
// with the separator line before it and all comments around it, or an item of a
// List.
type Piece struct {
	// Lead is what stands before Text in the stream and is about no object: what
	// holds the items of a List together.
	Lead []byte
	// Text holds the bytes exactly as they stand in the stream.
	Text []byte
	// Indent is how far from the beginning of its line Text begins, if it has lines.
	Indent int
	// Line is the line of the stream at which Text begins, from 1.
	Line int
	// path leads to an item from its List, and source is that List's template.
	path, source string
}

// With returns the piece with another text in place of its own.
func (p Piece) With(text []byte) Piece {
	p.Text = text
	return p
}

// Alone returns the text as a document of its own: behind blanks in place of what
// stands before it on its line.
func (p Piece) Alone() []byte {
	if p.Indent == 0 {
		return p.Text
	}
	return append(bytes.Repeat([]byte(" "), p.Indent), p.Text...)
}

// Split cuts a YAML stream before each document separator, which is a line
// that begins with three dashes and then ends or goes on with a blank, and Lists
// before each item. The pieces in order hold every byte of the stream.
func Split(stream []byte) []Piece {
	var pieces []Piece
	for _, document := range splitDocuments(stream) {
		if items := cutList(document); items != nil {
			pieces = append(pieces, items...)
		} else {
			pieces = append(pieces, document)
		}
	}
	return pieces
}

// splitDocuments keeps a directive, such as %YAML 1.1, with the document that it is
// about.
func splitDocuments(stream []byte) []Piece {
	var pieces []Piece
	start, startLine := 0, 1
	directed, over := false, true
	for at, line := 0, 1; at < len(stream); at, line = nextLine(stream, at), line+1 {
		text := stream[at:]
		isDirective := over && text[0] == '%'
		if begins := isSeparator(text) && !directed || isDirective && !directed; begins && at > 0 {
			pieces = append(pieces, Piece{Text: stream[start:at], Line: startLine})
			start, startLine = at, line
		}
		content := bytes.TrimSpace(text[:nextLine(text, 0)])
		switch {
		case isDirective:
			directed = true
		case len(content) > 0 && content[0] != '#':
			directed, over = false, string(content) == "..." && text[0] == '.'
		}
	}
	if start < len(stream) {
		pieces = append(pieces, Piece{Text: stream[start:], Line: startLine})
	}
	return pieces
}

// nextLine returns the offset after the line feed that ends the line at
// offset at, or the length of the text.
func nextLine(text []byte, at int) int {
	if end := bytes.IndexByte(text[at:], '\n'); end >= 0 {
		return at + end + 1
	}
	return len(text)
}

// isSeparator tells whether text begins with a document separator. It matches
// the parser: "---" glued to a word is not one.
func isSeparator(text []byte) bool {
	rest, found := bytes.CutPrefix(text, []byte("---"))
	return found && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0)
}
