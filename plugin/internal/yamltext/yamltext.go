// Package yamltext turns the YAML parser's errors into a position and a
// sentence, for the packages that report problems with a file.
package yamltext

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	older "go.yaml.in/yaml/v2"
)

// Problem splits an error of the YAML parser about a text into the line that is
// wrong, counted from 1, and a sentence. The sentence holds nothing of the text,
// which may be a Secret. The line is 1 where none is known.
func Problem(text []byte, err error) (line int, words string) {
	line, words = split(err)
	if name, found := strings.CutPrefix(words, "unknown anchor '"); found {
		name, _, _ = strings.Cut(name, "'")
		return lineOf(text, "*"+name), "an alias names an anchor that is not there; put a value that begins with * in quotes"
	}
	// The parser names the line at which what is wrong begins, such as a list, and
	// its older version that of the place in it, unless that is the end of the text.
	var ignored any
	place, same := split(older.Unmarshal(text, &ignored))
	if slices.Contains(fromZero, words) {
		place++
	}
	if same == words && place <= 1+bytes.Count(bytes.TrimRight(text, " \t\r\n"), []byte("\n")) {
		return place, words
	}
	return line, words
}

// fromZero are the errors whose lines the older version counts from 0.
var fromZero = []string{
	"did not find expected key", "did not find expected '-' indicator", "did not find expected ',' or ']'", "did not find expected ',' or '}'",
	"did not find expected node content", "did not find expected <document start>",
}

// split takes an error apart.
func split(err error) (line int, words string) {
	if err == nil {
		return 1, ""
	}
	words = strings.TrimPrefix(err.Error(), "yaml: ")
	if _, scanErr := fmt.Sscanf(words, "line %d:", &line); scanErr != nil {
		return 1, words
	}
	_, words, _ = strings.Cut(words, ": ")
	return line, words
}

// lineOf returns the line at which some words begin, or 1.
func lineOf(text []byte, words string) int {
	return 1 + bytes.Count(text[:max(bytes.Index(text, []byte(words)), 0)], []byte("\n"))
}
