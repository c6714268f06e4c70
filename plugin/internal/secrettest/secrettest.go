// Package secrettest has manifests of Secrets whose values can be told in whatever
// a command says.
package secrettest

import (
	"strings"

	"github.com/stretchr/testify/require"
)

// words are what all values hold, in plain and encoded.
var words = []string{"hunter", "aHVudGVy"}

// NotIn fails a test if a text holds a value of the Secrets.
func NotIn(t require.TestingT, text, name string) {
	for _, word := range words {
		require.NotContains(t, text, word, name)
	}
}

// bodies hold a word wherever a Secret may hold what nobody is to see, and where
// what is no Secret may look like one.
var bodies = map[string]string{
	"values":         "data: {a: aHVudGVy, b: hunter}\nstringData:\n  c: |\n    hunter\n    # hunter\n",
	"other fields":   "Data: {a: hunter}\nx: [hunter, {y: hunter}]\n",
	"comments":       "# hunter\nstringData: {a: b} # hunter\n",
	"an alias":       "x: &x hunter\ndata: {a: *x}\n",
	"an annotation":  "metadata:\n  name: s\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"stringData\": {\"a\": \"hunter\"}}\n",
	"an anchor":      "stringData:\n  a: *hunter\n",
	"a tag":          "stringData:\n  a: !hunter b\n",
	"an own anchor":  "stringData:\n  a: &hunter b\n",
	"a percent sign": "stringData:\n  a: %hunter\n",
	"an at sign":     "stringData:\n  a: @hunter\n",
	"a quote":        "stringData:\n  a: \"hunter\n",
	"an escape":      "stringData:\n  a: \"\\hunter\"\n",
	"a colon":        "stringData:\n  a: hunter: hunter\n",
	"a brace":        "stringData:\n  a: {hunter\n",
	"a block":        "stringData:\n  a: |hunter\n",
	"a list":         "stringData: [hunter]\n",
	"text":           "stringData: hunter\n",
	"a number twice": "stringData:\n  a: hunter\n  a: hunter\n",
	"a selector":     "stringData: {matchLabels: {team: hunter}, selector: {team: hunter}}\n",
	"a merge key":    "stringData:\n  <<: {a: hunter}\n",
	"braces":         "stringData:\n  a: {hunter}\n",
	"brackets":       "stringData:\n  a: [{hunter: b}]\n",
	"a mapping":      "stringData:\n- hunter: a\n",
	"a key twice":    "stringData:\n  a: {hunter: 1, hunter: 2}\n",
	"a tagged key":   "stringData:\n  a: {!x hunter: 1}\n",
	"a key of YAML":  "stringData:\n  a: {{hunter: 1}: 2}\n",
	"a value below":  "stringData:\n  a: {hunter: !x 1}\n",
}

// kinds are ways to write the kind of a Secret so that only some readers see it.
var kinds = map[string]string{
	"twice":          "kind: ConfigMap\nkind: Secret",
	"a binary":       "kind: !!binary U2VjcmV0",
	"other letters":  "kind: ConfigMap\nKind: Secret",
	"a tagged key":   "kind: ConfigMap\n!!binary a2luZA==: Secret",
	"a merge key":    "<<: {kind: Secret}",
	"a value's text": "kind: ! Secret",
}

// Streams are Secrets, alone, in a list and with their kind in all ways, by name.
func Streams() map[string]string {
	streams := map[string]string{}
	for name, body := range bodies {
		head := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
		if strings.HasPrefix(body, "metadata:") {
			head = "apiVersion: v1\nkind: Secret\n"
		}
		streams[name] = head + body
		streams[name+", in a list"] = "apiVersion: v1\nkind: List\nx: &l hunter\nitems:\n- " + strings.ReplaceAll(strings.TrimSuffix(head+body, "\n"), "\n", "\n  ") + "\n"
		for way, kind := range kinds {
			// The kind comes last: what is wrong with it is seen when the rest is.
			streams[name+", "+way] = strings.Replace(head, "kind: Secret\n", "", 1) + body + kind + "\n"
		}
		streams[name+", by an alias"] = "x: &k Secret\n" + strings.Replace(head, "kind: Secret", "kind: *k", 1) + strings.Replace(body, "x: &x", "z: &x", 1)
	}
	return streams
}
