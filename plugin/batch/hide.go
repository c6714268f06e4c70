package batch

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// secretKey is how the keys of values are called that hold what nobody is to see,
// however short. A name of a Secret may be seen.
var (
	secretKey = regexp.MustCompile(`(?i)pass|token|credential|secret|private`)
	secretRef = regexp.MustCompile(`(?i)name$|^existing`)
)

// minHidden is the length from which values are hidden whatever their keys are called:
// any chart may have a Secret by any key. What is shorter, such as a size, is what people
// get wrong, and no password.
const minHidden = 6

// hide takes the values out of an error that may be secret: Helm quotes values that do
// not fit, and charts may put them into what they fail with. Keys stay, for they say what
// to mend.
func hide(err error, values map[string]any) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	// The longest first: another may be a part of it.
	words := slices.SortedFunc(maps.Keys(secretWords(values)), func(a, b string) int { return len(b) - len(a) })
	for _, word := range words {
		text = strings.ReplaceAll(text, word, "***")
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// secretWords returns the lines of the values to hide, also as they stand in quotes.
func secretWords(values map[string]any) map[string]bool {
	w := words{secret: map[string]bool{}, other: map[string]bool{}, keys: map[string]bool{}}
	w.add(values, false)
	for word := range w.other {
		if len(word) >= minHidden && !w.keys[word] {
			w.secret[word] = true
		}
	}
	for word := range maps.Clone(w.secret) {
		quoted := strconv.Quote(word)
		w.secret[quoted[1:len(quoted)-1]] = true
	}
	return w.secret
}

// words are the lines of values, those below a key that says that they are secret and
// others, and the keys.
type words struct{ secret, other, keys map[string]bool }

func (w words) add(value any, isSecret bool) {
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			w.keys[key] = true
			isName := secretRef.MatchString(key)
			if _, isText := below.(string); isSecret || !isName || !isText {
				w.add(below, isSecret || secretKey.MatchString(key) && !isName)
			}
		}
	case []any:
		for _, item := range v {
			w.add(item, isSecret)
		}
	case nil, bool:
	default:
		into := w.other
		if isSecret {
			into = w.secret
		}
		for line := range strings.SplitSeq(fmt.Sprint(v), "\n") {
			if strings.TrimSpace(line) != "" {
				into[line] = true
			}
		}
	}
}
