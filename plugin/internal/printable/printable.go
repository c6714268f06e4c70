// Package printable makes text from elsewhere safe to show: a name may hold what
// a terminal obeys, or a line end that makes one message two.
package printable

import (
	"strconv"
	"strings"
	"unicode"
)

// Text returns text with each character that does not print written as an
// escape, such as \x1b.
func Text(text string) string { return escaped(text, "") }

// Lines is Text, but keeps line ends and tabs.
func Lines(text string) string { return escaped(text, "\n\t") }

func escaped(text, kept string) string {
	prints := func(r rune) bool { return unicode.IsPrint(r) || strings.ContainsRune(kept, r) }
	if strings.IndexFunc(text, func(r rune) bool { return !prints(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if prints(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
