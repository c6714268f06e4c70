package manifest

import (
	"bytes"
	"encoding/json"
	"iter"
	"regexp"
	"slices"
)

// maxItems is how many items of a List are read one by one.
const maxItems = 100_000

// span is a part of a text, from one offset to before another.
type span struct{ start, end int }

// cutList cuts a document that is a List into its items, each a Piece of its own,
// so that a List costs what its objects cost one after the other. It is nil for
// what has to be read as a whole: any other document, items that are neither lines
// nor JSON, and those that may share an anchor.
//
// The parser goes through a text from its beginning. Where all before an item can
// be read, and ends there, the item begins there for the parser, too. A cut that is
// wrong therefore leaves a piece that cannot be read, which is an error.
func cutList(whole Piece) iter.Seq[Piece] {
	if pieces := cut(whole, jsonItems(whole.Text), false); pieces != nil {
		return pieces
	}
	items := lineItems(whole.Text)
	if len(items) == 0 || anchor.Match(whole.Text) {
		return nil
	}
	return cut(whole, items, true)
}

// CutItems cuts a list that is written in lines into its items, and a last piece
// without text, for what follows them. frame is the list without items. It is false
// for any other text. Each item is read by itself, so that none may have an alias of
// what another anchors.
func CutItems(text []byte) (items iter.Seq[Piece], frame []byte, ok bool) {
	found := lineItems(text)
	pieces := cut(Piece{Text: text, Line: 1}, found, true)
	if pieces == nil {
		return nil, nil, false
	}
	head, tail := around(text, found, true)
	items = func(yield func(Piece) bool) {
		for piece := range pieces {
			if !yield(piece) {
				return
			}
		}
		if len(tail) == 0 {
			yield(Piece{})
		}
	}
	return items, slices.Concat(head, tail), true
}

// around returns what stands before the items, in whole lines if they are, and what
// stands after them.
func around(text []byte, items []span, inLines bool) (head, tail []byte) {
	head, tail = text[:items[0].start], text[items[len(items)-1].end:]
	if inLines {
		head = head[:bytes.LastIndexByte(head, '\n')+1]
	}
	return head, tail
}

// cut makes the pieces. It is nil if what is left without the items is not a List
// without items.
func cut(whole Piece, items []span, inLines bool) iter.Seq[Piece] {
	if len(items) == 0 || len(items) > maxItems {
		return nil
	}
	head, tail := around(whole.Text, items, inLines)
	frame, err := Parse(Piece{Text: slices.Concat(head, tail), Line: whole.Line})
	if err != nil || !frame.isEmptyList(head, inLines) {
		return nil
	}
	source := frame.source()
	return func(yield func(Piece) bool) {
		at, line := 0, whole.Line
		for i, item := range items {
			p := Piece{Lead: whole.Text[at:item.start], Text: whole.Text[item.start:item.end], list: &source, item: i}
			line += bytes.Count(p.Lead, []byte("\n"))
			p.Line = line
			if inLines {
				p.Indent = len(p.Lead) - 1 - bytes.LastIndexByte(p.Lead, '\n')
			}
			if !yield(p) {
				return
			}
			at, line = item.end, line+bytes.Count(p.Text, []byte("\n"))
		}
		if len(tail) > 0 {
			yield(Piece{Lead: tail, Line: line + bytes.Count(tail, []byte("\n"))})
		}
	}
}

// isEmptyList tells whether a document is a List without items that has the key on
// the first line of head that looks like it, or anywhere in JSON.
func (d *Document) isEmptyList(head []byte, inLines bool) bool {
	objects, err := d.Objects()
	if err != nil || len(objects) > 0 || d.root == nil {
		return false
	}
	for i := 0; i < len(d.root.Content); i += 2 {
		if key := d.root.Content[i]; key.Value == "items" {
			return !inLines || isNull(d.root.Content[i+1]) && key.Column == 1 && key.Line == 1+bytes.Count(head[:itemsKey(head)], []byte("\n"))
		}
	}
	return false
}

// anchor is how an anchor begins. Other text may look like it, which costs memory
// and nothing else.
var anchor = regexp.MustCompile(`(^|[\s\[{,:?-])&[0-9A-Za-z_-]`)

// jsonItems returns the items of a JSON object, without what is between them, or
// nothing for what is no JSON.
func jsonItems(text []byte) []span {
	start := beginning(text)
	decoder := inside(text[start:], '{')
	if decoder == nil {
		return nil
	}
	var items []span
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil
		}
		value, ok := jsonValue(decoder)
		if !ok {
			return nil
		}
		if key == "items" {
			items = jsonElements(text, span{start + value.start, start + value.end})
		}
	}
	return items
}

// inside returns a decoder behind the brace or bracket that a text begins with, or nil
// if it begins with something else.
func inside(text []byte, open json.Delim) *json.Decoder {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != open {
		return nil
	}
	return decoder
}

// jsonValue reads a value, and returns where it stands in what the decoder reads.
func jsonValue(decoder *json.Decoder) (span, bool) {
	var value json.RawMessage
	err := decoder.Decode(&value)
	end := int(decoder.InputOffset())
	return span{end - len(value), end}, err == nil
}

// jsonElements returns the elements of the array at a place.
func jsonElements(text []byte, array span) []span {
	decoder := inside(text[array.start:array.end], '[')
	if decoder == nil {
		return nil
	}
	var items []span
	for decoder.More() && len(items) <= maxItems {
		item, ok := jsonValue(decoder)
		if !ok {
			return nil
		}
		items = append(items, span{array.start + item.start, array.start + item.end})
	}
	return items
}

// beginning is the offset of the first line that is neither blank, nor a comment,
// nor a separator, and there of what is no blank.
func beginning(text []byte) int {
	for at := 0; at < len(text); at = nextLine(text, at) {
		line := text[at:nextLine(text, at)]
		content := bytes.TrimLeft(line, " \t\r\n")
		if len(content) > 0 && content[0] != '#' && !isSeparator(line) {
			return at + len(line) - len(content)
		}
	}
	return len(text)
}

// lineItems returns the items of a block list below a line with the key items, each
// from behind its dash.
func lineItems(text []byte) []span {
	at := itemsKey(text)
	var items []span
	dash := -1
	for at = nextLine(text, at); at < len(text); at = nextLine(text, at) {
		content := bytes.TrimLeft(text[at:nextLine(text, at)], " ")
		indent := nextLine(text, at) - at - len(content)
		if trimmed := bytes.TrimSpace(content); len(trimmed) == 0 || trimmed[0] == '#' {
			continue
		}
		isItem := content[0] == '-' && (len(content) == 1 || bytes.IndexByte([]byte(" \r\n"), content[1]) >= 0)
		switch {
		case isItem && (dash < 0 || indent == dash) && len(items) <= maxItems:
			if len(items) > 0 {
				items[len(items)-1].end = at
			}
			dash = indent
			items = append(items, span{start: at + indent + 1})
		case dash < 0:
			return nil
		case indent <= dash:
			items[len(items)-1].end = at
			return items
		}
	}
	if len(items) > 0 {
		items[len(items)-1].end = len(text)
	}
	return items
}

// itemsKey returns the offset of the first line that has nothing but the key items
// and maybe a comment, or the length of the text.
func itemsKey(text []byte) int {
	at := 0
	for at < len(text) && (text[at] != 'i' || !onlyItems.Match(text[at:nextLine(text, at)])) {
		at = nextLine(text, at)
	}
	return at
}

var onlyItems = regexp.MustCompile(`^items:\s*(\s#.*)?\s*$`)
