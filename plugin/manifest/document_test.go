package manifest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestParseOfCommentsOnly(t *testing.T) {
	for _, text := range []string{"", "\n", "# a\n", "---\n# a\n", "---\n# a\n# b", "--- # a\r\n", "null\n"} {
		doc, err := Parse(Piece{Text: []byte(text), Line: 1})
		require.NoError(t, err, "%q", text)
		_, ok := doc.Root()
		require.False(t, ok, "%q", text)
		got, err := doc.Bytes()
		require.NoError(t, err, "%q", text)
		require.Equal(t, text, string(got))
	}
}

// aliases are a mapping of ten aliases.
func aliases(key, of string) string {
	return key + ": &" + key + " {" + strings.ReplaceAll("a: *x, b: *x, c: *x, d: *x, e: *x, f: *x, g: *x, h: *x, i: *x, j: *x", "x", of) + "}\n"
}

func TestParseRefuses(t *testing.T) {
	const head = "kind: Secret\nmetadata:\n  name: s\n  namespace: shop\n"
	tests := map[string]struct{ text, want string }{
		"no YAML": {
			"a: [\nb: c\n",
			"manifests: line 11, column 4: document: is not valid YAML: did not find expected ',' or ']'; look at the chart's output with helm template",
		},
		"no UTF-8": {"a: b\nc: é\xff\n", "manifests: line 11, column 5: document: is not UTF-8; save the chart's files as UTF-8"},
		"UTF-16":   {"\xff\xfea\x00", "manifests: line 10, column 1: document: is not UTF-8; save the chart's files as UTF-8"},
		"a list":   {"- a\n", "manifests: line 10: document: is a list; each document must be a Kubernetes object"},
		"a string": {"---\nabc\n", "manifests: line 11: document: is a single value; each document must be a Kubernetes object"},
		"duplicate key": {
			head + "data:\n  password: c2VjcmV0\n  password: b3RoZXI=\n",
			"manifests: line 16: Secret shop/s: .data.password: is there twice; remove one of the two",
		},
		"duplicate key in a list": {
			head + "a:\n  - b: 1\n    \"b\": 2\n",
			"manifests: line 16: Secret shop/s: .a[0].***: is there twice; remove one of the two",
		},
		"glued separator": {
			"a: 1\n---b: 2\n",
			"manifests: line 11: document: has a line that looks like a separator glued to something; put --- on a line of its own",
		},
		"glued separator at the beginning": {
			"---a: 1\nb: 2\n",
			"manifests: line 10: document: has a line that looks like a separator glued to something; put --- on a line of its own",
		},
		"a mapping as a key": {
			head + "? {a: b}\n: c\n",
			"manifests: line 14: Secret shop/s: has a key that is a mapping; a key must be a plain word",
		},
		"a separator behind a lone carriage return": {
			"a: 1\n\r---\rb: 2\n",
			"manifests: line 12, column 1: document: is not valid YAML: a second document without a separator line; look at the chart's output with helm template",
		},
		"glued separator inside quotes": {
			"a: \"\n---b: 2\"\n",
			"manifests: line 11: document: has a line that looks like a separator glued to something; put --- on a line of its own",
		},
		"something behind the separator": {
			"--- {a: b}\n", "manifests: line 10: document: begins on the line of its separator, which Kubernetes skips; put --- on a line of its own",
		},
		"a brace behind the separator": {
			"--- {\na: b}\n", "manifests: line 10: document: begins on the line of its separator, which Kubernetes skips; put --- on a line of its own",
		},
		"a merge key": {
			"x: {<<: {a: b}}\n", "manifests: line 10: document: .x: has a merge key (<<), about which readers disagree; write the mapping out",
		},
		"a merge key in quotes": {
			"x: {! \"<<\": {a: b}}\n", "manifests: line 10: document: .x: has a merge key (<<), about which readers disagree; write the mapping out",
		},
		"a tag": {
			"x: [!!str a]\n", "manifests: line 10: document: .x[0]: carries a tag, about which readers disagree; remove it, and put a string in quotes",
		},
		"a tag of a key": {
			"!!binary bmFtZQ==: a\n", "manifests: line 10: document: .bmFtZQ==: is a key with a tag, about which readers disagree; remove the tag",
		},
		"a tag of a mapping": {
			"x: !!map {a: b}\n", "manifests: line 10: document: .x: carries a tag, about which readers disagree; remove it, and put a string in quotes",
		},
		"a tag of a list": {
			"x: !!seq [a]\n", "manifests: line 10: document: .x: carries a tag, about which readers disagree; remove it, and put a string in quotes",
		},
		"a tag of a key in quotes": {
			"!!binary \"bmFtZQ==\": a\n", "manifests: line 10: document: .bmFtZQ==: is a key with a tag, about which readers disagree; remove the tag",
		},
		"a boolean as a key": {
			"x: {yes: a}\n", "manifests: line 10: document: .x.yes: is a key that Kubernetes reads as another; put it in quotes",
		},
		"a number as a key": {
			"x: {0x10: a}\n", "manifests: line 10: document: .x.0x10: is a key that Kubernetes reads as another; put it in quotes",
		},
		"a float as a key": {
			"x: {1.10: a}\n", "manifests: line 10: document: .x.1.10: is a key that Kubernetes reads as another; put it in quotes",
		},
		"a long float as a key": {
			"x: {1.23456789: a}\n", "manifests: line 10: document: .x.1.23456789: is a key that Kubernetes reads as another; put it in quotes",
		},
		"null as a key": {
			"x: {~: a}\n", "manifests: line 10: document: .x.~: is a key that Kubernetes reads as another; put it in quotes",
		},
		"an alias as a key": {
			"x: &a b\n? *a\n: c\n", "manifests: line 11: document: has a key that is an alias; a key must be a plain word",
		},
		"duplicate key among many": {
			"x: {" + strings.Repeat("k: 1, ", 20) + "k: 1}\n", "manifests: line 10: document: .x.k: is there twice; remove one of the two",
		},
		"too deep": {
			"x: " + strings.Repeat("[", 201) + strings.Repeat("]", 201) + "\n", "manifests: line 10: document: is nested deeper than 200 levels; no Kubernetes object is",
		},
		"an alias inside its anchor": {
			"x: &a [*a]\n", "manifests: line 10: document: .x[0]: is an alias of what it is a part of; write the value out",
		},
		"aliases of aliases": {
			"a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
				"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
			"manifests: line 14: document: .e[7]: is one alias too many: together they stand for more than 100000 values; write the values out",
		},
		"aliases of aliases in mappings": {
			"a: &a {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1}\n" + aliases("b", "a") + aliases("c", "b") + aliases("d", "c") + aliases("e", "d"),
			"manifests: line 14: document: .e.h: is one alias too many: together they stand for more than 100000 values; write the values out",
		},
		"unknown anchor": {
			"a: *b\n",
			"manifests: line 10, column 4: document: is not valid YAML: an alias names an anchor that is not there; put a value that begins with * in quotes; look at the chart's output with helm template",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(Piece{Text: []byte(test.text), Line: 10})
			require.EqualError(t, err, test.want)
		})
	}
}

// TestCommitReadsBack holds that a text which does not say what was planned is not written.
func TestCommitReadsBack(t *testing.T) {
	const text = "a: b\nc: d\n"
	doc, err := Parse(Piece{Text: []byte(text), Line: 10})
	require.NoError(t, err)
	root, _ := doc.Root()
	require.NoError(t, root.Merge(Fields{"a": "z"}, Cause{}))
	doc.edits = append(doc.edits, edit{offset: strings.Index(text, "d"), length: 1, text: "e"})
	_, err = doc.Bytes()
	require.EqualError(t, err, "manifests: line 10: document: cannot be edited in place: read back, the result is not what was planned; write the object in plain block style")
	require.Equal(t, text, string(doc.text))
}

// TestParseTakes holds what all readers agree about.
func TestParseTakes(t *testing.T) {
	for _, text := range []string{
		"x: {1: a, 1.5: b, 2001-01-01: c, 'yes': d, \"~\": e, '0x10': f, yEs: g}\n", "x: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "\n",
		"--- # x\na: 1\n", "{a: , b: , c: , d: , e: , f: , g: , h: , i: , j: , k: , l: , m: , o: , p: , q: , r: , s: }\n", "a: b---\n", "a: &a 1\nb: [*a, *a]\n",
	} {
		_, err := Parse(Piece{Text: []byte(text), Line: 1})
		require.NoError(t, err, text)
	}
}

// FuzzUntouched holds that a document without edits keeps its bytes, and that
// reading never panics.
func FuzzUntouched(f *testing.F) {
	for _, seed := range []string{"", "a: 1\r\n", "--- # x\na: |\n  b\n...\n", "a: &x [*x]\n", "{a: {b: [c, \"d\\\n e\"]}}", "\ufeffa: b", "? a\n: b\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		for _, piece := range Split(stream) {
			doc, err := Parse(piece)
			if err != nil {
				require.NotEmpty(t, err.Error())
				continue
			}
			got, err := doc.Bytes()
			require.NoError(t, err)
			require.Equal(t, string(piece.Text), string(got))
		}
	})
}

// FuzzHideSecrets holds that no value of a Secret is shown.
func FuzzHideSecrets(f *testing.F) {
	for _, seed := range []string{
		"data:\n  a: hunter22\n", "stringData:\n  a: |\n    hunter22\n    # x\n  b: 1\n", "data: {a: [hunter22], b: {c: 'hunter22'}}\n",
		"data:\n  a: >-\n\n    hunter22\n\n# x\n", "stringData:\n  a: x\n   hunter22\n", "data: &a {b: hunter22}\n", "data:\n  ? a\n  : hunter22\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		text := []byte("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n" + body)
		shown, _, ok := HideSecrets(Piece{Text: text}, Piece{Text: text})
		if !ok || yaml.Unmarshal(text, &map[string]any{}) != nil {
			return
		}
		var secret map[string]any
		require.NoError(t, yaml.Unmarshal(shown, &secret))
		var hold func(value any)
		hold = func(value any) {
			switch value := value.(type) {
			case map[string]any:
				for _, below := range value {
					hold(below)
				}
			case []any:
				for _, below := range value {
					hold(below)
				}
			default:
				require.Equal(t, "***", value)
			}
		}
		for key, value := range secret {
			if !slices.Contains([]string{"apiVersion", "kind", "metadata", "type", "immutable"}, key) {
				hold(value)
			}
		}
	})
}
