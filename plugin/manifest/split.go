package manifest

import "bytes"

// Piece is a part of a YAML stream that holds at most one document, together
// with the separator line before it and all comments around it.
type Piece struct {
	// Text holds the bytes exactly as they stand in the stream.
	Text []byte
	// Line is the line of the stream at which Text begins, from 1.
	Line int
}

// Split cuts a YAML stream before each document separator, which is a line
// that begins with three dashes and then ends or goes on with a blank. The
// pieces in order hold every byte of the stream.
func Split(stream []byte) []Piece {
	var pieces []Piece
	start, startLine := 0, 1
	for at, line := nextLine(stream, 0), 2; at < len(stream); at, line = nextLine(stream, at), line+1 {
		if isSeparator(stream[at:]) {
			pieces = append(pieces, Piece{Text: stream[start:at], Line: startLine})
			start, startLine = at, line
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
