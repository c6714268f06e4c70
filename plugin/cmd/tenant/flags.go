package main

import (
	"regexp"
	"strings"
)

// flagWords are the library's messages that show a flag without its dashes, and
// what is said in their place.
var flagWords = []struct {
	library *regexp.Regexp
	words   string
}{
	{regexp.MustCompile(`^required flag\(s\) (.+) not set$`), "not given, but required: $1"},
	{regexp.MustCompile(`^at least one of the flags in the group \[(.+)\] is required$`), "not given, but one of these is required: $1"},
	{regexp.MustCompile(`^if any flags in the group .+; \[(.+)\] were all set$`), "given together, but only one of these is allowed: $1"},
	{regexp.MustCompile(`^unknown shorthand flag: .+ in -([a-z][a-z-]+)$`), "long flags begin with two dashes: $1"},
}

// withDashes returns an error's words, in which long flags have two dashes.
func withDashes(err error) string {
	text := err.Error()
	for _, w := range flagWords {
		if match := w.library.FindStringSubmatch(text); match != nil {
			names := strings.Fields(strings.NewReplacer(`"`, "", ",", "").Replace(match[1]))
			return strings.Replace(w.words, "$1", "--"+strings.Join(names, ", --"), 1)
		}
	}
	return text
}
