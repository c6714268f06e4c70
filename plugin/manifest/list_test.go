package manifest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const listHead = "apiVersion: v1\nkind: List\n"

// TestSplitCutsLists holds where a List is cut: between items that are lines or JSON.
func TestSplitCutsLists(t *testing.T) {
	for name, test := range map[string]struct {
		stream string
		// want has lead|text of each piece.
		want []string
	}{
		"lines":                 {listHead + "items:\n- a: 1\n  b: 2\n- c: 3\n", []string{listHead + "items:\n-|  a: 1\n  b: 2\n", "-|  c: 3\n"}},
		"indented lines":        {listHead + "items:\n  - a: 1\n  # about c\n  - c: 3\n", []string{listHead + "items:\n  -|    a: 1\n  # about c\n", "  -|    c: 3\n"}},
		"keys after them":       {"items: # x\n- a: 1\nkind: List\n", []string{"items: # x\n-|  a: 1\n", "kind: List\n|"}},
		"a dash alone":          {listHead + "items:\n-\n  a: 1\n- b: 2", []string{listHead + "items:\n-| \n  a: 1\n", "-|  b: 2"}},
		"a comment before":      {listHead + "items:\n\n# about a\n- a: 1\n", []string{listHead + "items:\n\n# about a\n-|  a: 1\n"}},
		"a separator":           {"---\n" + listHead + "items:\n- a: 1\n", []string{"---\n" + listHead + "items:\n-|  a: 1\n"}},
		"JSON":                  {`{"kind":"List","items":[{"a":"]"}, {"b":2}]}`, []string{`{"kind":"List","items":[|{"a":"]"}`, `, |{"b":2}`, "]}|"}},
		"a null":                {listHead + "items:\n-\n- a: 1\n", []string{listHead + "items:\n-| \n", "-|  a: 1\n"}},
		"no List":               {"kind: Pod\nitems:\n- a: 1\n", nil},
		"no kind":               {"items:\n- a: 1\n", nil},
		"in braces":             {listHead + "items: [{a: 1}]\n", nil},
		"an anchor":             {listHead + "items:\n- a: &x 1\n- b: *x\n", nil},
		"items in quotes":       {listHead + "metadata: {name: \"\nitems:\n- x\n\"}\n", nil},
		"JSON without a list":   {`{"kind":"List","items":{"a":[1]}}`, nil},
		"JSON with other lists": {`{"x":[1],"kind":"List","items":[{"a":1}],"y":[2]}`, []string{`{"x":[1],"kind":"List","items":[|{"a":1}`, `],"y":[2]}|`}},
		"JSON that ends":        {`{"kind":"List","items":[{"a":1}`, nil},
		"JSON that ends, a key": {`{"kind":"List","items`, nil},
		"JSON without a value":  {`{"kind":"List","items":}`, nil},
		"JSON without an item":  {`{"kind":"List","items":[{"a":}]}`, nil},
		"JSON and more":         {`{"kind":"List","items":[{"a":1}]} {"b":2}`, nil},
		"JSON of another":       {`{"kind":"Pod","spec":{"items":[{"a":1}]}}`, nil},
		"a list alone":          {`[{"kind":"List","items":[{"a":1}]}]`, nil},
		"comments alone":        {"# items:\n# - a: 1\n", nil},
		"a value below":         {listHead + "items:\n  a: 1\n", nil},
		"items twice":           {listHead + "items:\n- a: 1\nitems:\n- b: 1\n", nil},
		"items in a text, null": {listHead + "x: \"\nitems:\n- a: 1\n\"\nitems:\n", nil},
		"keys before them":      {"image: x\nkind: List\nitems:\n- a: 1\n", []string{"image: x\nkind: List\nitems:\n-|  a: 1\n"}},
		"items in letters":      {listHead + "Items:\n- a: 1\n", nil},
		"items of its item":     {listHead + "x:\n  items:\n  - a: 1\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, piece := range Split([]byte(test.stream)) {
				got = append(got, string(piece.Lead)+"|"+string(piece.Alone()))
			}
			if test.want == nil {
				test.want = []string{"|" + test.stream}
			}
			require.Equal(t, test.want, got)
		})
	}
}

// TestErrorsOfItems holds that an error about an item says where it is.
func TestErrorsOfItems(t *testing.T) {
	pieces := Split([]byte("# Source: shop/list.yaml\n" + listHead + "items:\n- a: 1\n- kind: Pod\n  metadata: {name: p}\n  x: !t 1\n"))
	require.Len(t, pieces, 2)
	_, err := Parse(pieces[1])
	require.ErrorContains(t, err, "manifests: line 8: shop/list.yaml: Pod p: .items[1].x: carries a tag")
}

// TestSource holds that the template is named by a comment above the object, and by no
// other.
func TestSource(t *testing.T) {
	const tagged = "kind: Pod\nx: !t 1\n"
	for text, want := range map[string]string{
		"---\n# about x\n\n# Source: a.yaml\n" + tagged: "line 6: a.yaml: Pod: ",
		"kind: Pod\n# Source: a.yaml\nx: !t 1\n":        "line 3: Pod: ",
		" # Source: a.yaml\n" + tagged:                  "line 3: Pod: ",
		"#Source: a.yaml\n" + tagged:                    "line 3: Pod: ",
		"%YAML 1.1\n# Source: a.yaml\n---\n" + tagged:   "line 5: a.yaml: Pod: ",
	} {
		_, err := Parse(Piece{Text: []byte(text), Line: 1})
		require.ErrorContains(t, err, "manifests: "+want+".x: carries a tag", text)
	}
}

// TestCutIsWhatTheParserReads holds that a line that only looks like an item makes an
// error, and no other object.
func TestCutIsWhatTheParserReads(t *testing.T) {
	for name, stream := range map[string]string{
		"double quotes": listHead + "items:\n- a: \"\n- b: 1\n- c\"\n",
		"single quotes": listHead + "items:\n- a: 'x\n- b: 'y'\n",
		"braces":        listHead + "items:\n- {a: [\n- b, c]}\n",
	} {
		pieces := Split([]byte(stream))
		require.Greater(t, len(pieces), 1, name)
		_, err := Parse(pieces[0])
		require.ErrorContains(t, err, "is not valid YAML", name)
	}
	block := "- a: |\n    - b: 1\n     - c\n"
	require.Len(t, Split([]byte(listHead+"items:\n"+strings.Repeat(block, 3))), 3)
}
