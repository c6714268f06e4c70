package manifest

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
)

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
	// list is the template that the List of an item is from, and item its number there. The path that they make would take more memory than a small object.
	list *string
	item int
}

// path leads to an item from its List.
func (p Piece) path() string {
	if p.list == nil {
		return ""
	}
	return fmt.Sprintf(".items[%d]", p.item)
}

// source is the template of an item's List.
func (p Piece) source() string {
	if p.list == nil {
		return ""
	}
	return *p.list
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

// Split is Pieces, all at once.
func Split(stream []byte) []Piece { return slices.Collect(Pieces(stream)) }

// Pieces cuts a YAML stream before each document separator, which is a line
// that begins with three dashes and then ends or goes on with a blank, and Lists
// before each item. The pieces in order hold every byte of the stream.
func Pieces(stream []byte) iter.Seq[Piece] {
	return func(yield func(Piece) bool) {
		for document := range documents(stream) {
			pieces := cutList(document)
			if pieces == nil {
				pieces = slices.Values([]Piece{document})
			}
			for piece := range pieces {
				if !yield(piece) {
					return
				}
			}
		}
	}
}

// documents are those of a stream. A directive, such as %YAML 1.1, stays with the
// document that it is about.
func documents(stream []byte) iter.Seq[Piece] {
	return func(yield func(Piece) bool) {
		start, startLine := 0, 1
		directed, over := false, true
		for at, line := 0, 1; at < len(stream); at, line = nextLine(stream, at), line+1 {
			text := stream[at:]
			isDirective := over && text[0] == '%'
			if begins := isSeparator(text) && !directed || isDirective && !directed; begins && at > 0 {
				if !yield(Piece{Text: stream[start:at], Line: startLine}) {
					return
				}
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
			yield(Piece{Text: stream[start:], Line: startLine})
		}
	}
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
