package batch

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// secretKey is how the keys of values are called that hold what nobody is to see.
// A name of a Secret may be seen.
var (
	secretKey = regexp.MustCompile(`(?i)pass|token|credential|secret|private`)
	secretRef = regexp.MustCompile(`(?i)name$|^existing`)
)

// hide takes what such keys hold out of an error: Helm quotes values that do not
// fit, and charts may put them into what they fail with.
func hide(err error, values map[string]any) error {
	if err == nil {
		return nil
	}
	words, text := secretWords(values, false), err.Error()
	// The longest first: another may be a part of it.
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	for _, word := range words {
		text = strings.ReplaceAll(text, word, "***")
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// secretWords returns the lines of all values below such keys.
func secretWords(value any, isSecret bool) []string {
	var words []string
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			words = append(words, secretWords(below, isSecret || secretKey.MatchString(key) && !secretRef.MatchString(key))...)
		}
	case []any:
		for _, item := range v {
			words = append(words, secretWords(item, isSecret)...)
		}
	case nil, bool:
	default:
		if isSecret {
			words = slices.DeleteFunc(strings.Split(fmt.Sprint(v), "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
		}
	}
	return words
}
