// Package yamltext turns the YAML parser's errors into a position and a
// sentence, for the packages that report problems with a file.
package yamltext

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	older "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
)

// Position is a place in a text, line and column counted from 1, the column in
// characters. It is 0 in a text of more than maxSearched bytes.
type Position struct{ Line, Column int }

// maxSearched is the size of texts that are read again to find a column.
const maxSearched = 1 << 20

// Problem splits an error of the YAML parser about a text into the place that is
// wrong and a sentence. The sentence holds nothing of the text, which may be a
// Secret. The place is the beginning where none is known.
func Problem(text []byte, err error) (Position, string) {
	line, words := split(err)
	if slices.Contains(ofReader, words) {
		return positionOf(text, first(text, isUnreadable)), words
	}
	if name, found := strings.CutPrefix(words, "unknown anchor '"); found {
		name, _, _ = strings.Cut(name, "'")
		return positionOf(text, max(bytes.Index(text, []byte("*"+name)), 0)),
			"an alias names an anchor that is not there; put a value that begins with * in quotes"
	}
	line = lineOf(text, line, words)
	if len(text) > maxSearched {
		return Position{Line: line}, words
	}
	return positionOf(text, columnOf(text, line, words)), words
}

// ofReader are errors about single characters. The parser names no place for them.
var ofReader = []string{
	"control characters are not allowed", "invalid Unicode character", "invalid leading UTF-8 octet", "incomplete UTF-8 octet sequence",
	"invalid trailing UTF-8 octet", "invalid length of a UTF-8 sequence",
}

// NotUTF8 returns the place of the first byte that is not UTF-8.
func NotUTF8(text []byte) Position { return positionOf(text, first(text, isBroken)) }

// first returns the offset of the first character that is wrong, or 0.
func first(text []byte, isWrong func(r rune, size int) bool) int {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if isWrong(r, size) {
			return at
		}
		at += size
	}
	return 0
}

func isBroken(r rune, size int) bool { return r == utf8.RuneError && size == 1 }

// isUnreadable tells whether YAML does not have a character.
func isUnreadable(r rune, size int) bool {
	isControl := r < ' ' && r != '\t' && r != '\n' && r != '\r' || r > '~' && r < '\u00a0' && r != '\u0085'
	return isBroken(r, size) || isControl || r == '\ufffe' || r == '\uffff'
}

// lineOf returns the line of what is wrong. line is the parser's.
func lineOf(text []byte, line int, words string) int {
	// The parser names the line at which what is wrong begins, such as a list, and
	// its older version that of the place in it, unless that is the end of the text.
	var ignored any
	place, same := split(older.Unmarshal(text, &ignored))
	last := 1 + bytes.Count(bytes.TrimRight(text, " \t\r\n"), []byte("\n"))
	if slices.Contains(fromZero, words) {
		place++
		line = min(line+1, last)
	}
	if same == words && place <= last {
		return place
	}
	return line
}

// columnOf returns the offset in a line of what is wrong: the last byte of the
// shortest text up to it about which the parser says the same.
func columnOf(text []byte, line int, words string) int {
	start := 0
	for range line - 1 {
		start += 1 + bytes.IndexByte(text[start:], '\n')
	}
	length, _, _ := bytes.Cut(text[start:], []byte("\n"))
	count, found := sort.Find(len(length), func(n int) int {
		var ignored yaml.Node
		if _, same := split(yaml.Unmarshal(text[:start+n+1], &ignored)); same == words {
			return 0
		}
		return 1
	})
	if !found {
		return start
	}
	return start + count
}

func positionOf(text []byte, offset int) Position {
	before := text[:offset]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return Position{Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(line)}
}

// fromZero are the errors whose lines both versions count from 0.
var fromZero = []string{
	"did not find expected key", "did not find expected '-' indicator", "did not find expected ',' or ']'", "did not find expected ',' or '}'",
	"did not find expected node content", "did not find expected <document start>",
}

// quoting is how errors begin that quote the text, with what is said instead.
var quoting = map[string]string{
	"invalid map key":  "a key is a mapping or a list",
	"cannot decode":    "a value is not what its tag says",
	"anchor '":         "a value is an alias of what it is a part of",
	"unmarshal errors": "a key is there twice, or a value is not what its tag says",
}

// split takes an error apart.
func split(err error) (line int, words string) {
	if err == nil {
		return 1, ""
	}
	words = strings.TrimPrefix(err.Error(), "yaml: ")
	if _, scanErr := fmt.Sscanf(words, "line %d:", &line); scanErr == nil {
		_, words, _ = strings.Cut(words, ": ")
	} else {
		line = 1
	}
	for begin, instead := range quoting {
		if strings.HasPrefix(words, begin) {
			words = instead
		}
	}
	return line, words
}

// quotes are what the parser's errors, and those of its older version, quote of a text.
var quotes = regexp.MustCompile("(unknown anchor '|anchor ').*(' referenced|' value contains itself)|" +
	"(invalid map key: ).*()|" +
	"(cannot (?:unmarshal|decode) !!\\w+ `)(?s:.*?)(` (?:into|as a) )|" +
	"(key ).*( already (?:set in map|defined at line))")

// WithoutQuotes returns what another program says, without what the parser's errors in it
// quote of a text.
func WithoutQuotes(said string) string {
	return quotes.ReplaceAllString(said, "$1$3$5$7***$2$4$6$8")
}

// beforeQuotes is what the parser says before it quotes anything.
var beforeQuotes = regexp.MustCompile(`yaml: |line \d+: `)

// MayQuote tells whether what another program has not said to its end may be one of the
// parser's errors.
func MayQuote(begun string) bool { return beforeQuotes.MatchString(begun) }
