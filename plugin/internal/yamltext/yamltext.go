// Package yamltext turns the YAML parser's errors into a position and a
// sentence, for the packages that report problems with a file.
package yamltext

import (
	"fmt"
	"strings"
)

// Problem splits an error of the YAML parser into the line that it names,
// counted from 1, and the parser's words. The line is 1 where the parser
// names none.
func Problem(err error) (line int, words string) {
	words = strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.HasPrefix(words, "unknown anchor ") {
		// The parser quotes the text, which may be a password that begins with *.
		return 1, "an alias names an anchor that is not there; put a value that begins with * in quotes"
	}
	if _, scanErr := fmt.Sscanf(words, "line %d:", &line); scanErr != nil {
		return 1, words
	}
	_, words, _ = strings.Cut(words, ": ")
	return line, words
}
