package tenant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxSize is the size of the largest tenant file, in bytes.
const MaxSize = 1 << 20

// Read reads a tenant file's text; file is its name, for messages. Reading is
// strict: the error, Problems, holds everything that is wrong, by position.
func Read(file string, text []byte) (Tenant, error) {
	r := &reader{file: file}
	var t Tenant
	// The fields are only looked at where anchors and the like cannot make
	// them mean something else.
	if root := r.parse(text); len(r.problems) == 0 {
		t = r.tenant(root)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return Tenant{}, r.problems
	}
	return t, nil
}

func (r *reader) tenant(root *yaml.Node) Tenant {
	top := r.object(root, "", "apiVersion", "kind", "metadata", "spec?")
	r.constant(top["apiVersion"], "apiVersion", APIVersion)
	r.constant(top["kind"], "kind", Kind)
	t := Tenant{}
	metadata := r.object(top["metadata"], "metadata", "name")
	t.Name = r.name(metadata["name"], "metadata.name")
	spec := r.object(top["spec"], "spec", "labels?", "annotations?", "images?")
	t.Labels = r.labels(spec["labels"], "spec.labels")
	t.Annotations = r.annotations(spec["annotations"], "spec.annotations")
	t.Images = r.images(spec["images"], "spec.images")
	return t
}

func (r *reader) constant(n *yaml.Node, key, want string) {
	if text, ok := r.text(n, key); ok && text != want {
		r.report(n, key, fmt.Sprintf("is %q", text), "allowed is "+want, "write "+want)
	}
}

func (r *reader) name(n *yaml.Node, key string) string {
	text, ok := r.text(n, key)
	if ok && !isName(text) {
		r.report(n, key, fmt.Sprintf("%q is not a DNS label", text),
			"allowed are 1 to 63 of a-z, 0-9 and -, with a letter or digit first and last", "write a name such as team-a")
	}
	return text
}

func (r *reader) labels(n *yaml.Node, path string) map[string]string {
	return r.entries(n, path, func(name, value *yaml.Node, key string) {
		if name.Value == Label {
			r.report(name, key, "is set from metadata.name", "allowed are other labels", "remove it")
		}
		if !isLabelValue(value.Value) {
			r.report(value, key, fmt.Sprintf("%q cannot be a label's value", value.Value),
				"allowed are up to 63 of A-Z, a-z, 0-9, -, _ and ., with a letter or digit first and last",
				"shorten or change it, or make it an annotation")
		}
	})
}

func (r *reader) annotations(n *yaml.Node, path string) map[string]string {
	return r.entries(n, path, func(name, _ *yaml.Node, key string) {
		if strings.HasPrefix(name.Value, "postrenderer.helm.sh/") {
			r.report(name, key, "belongs to Helm, which finds an object's file by it", "allowed are other annotations", "remove it")
		}
	})
}

// entries returns a mapping of label or annotation keys to strings; check
// looks at each of them.
func (r *reader) entries(n *yaml.Node, path string, check func(name, value *yaml.Node, key string)) map[string]string {
	if !r.isMapping(n, path, "strings") {
		return nil
	}
	entries := map[string]string{}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		key := join(path, name.Value)
		if !isKey(name.Value) {
			r.report(name, key, "is not a key of labels or annotations",
				"allowed is [DNS name/]NAME, NAME being 1 to 63 of A-Z, a-z, 0-9, -, _ and ., with a letter or digit first and last",
				"write a key such as example.com/team")
		}
		text, ok := r.text(value, key)
		if ok {
			check(name, value, key)
		}
		entries[name.Value] = text
	}
	return entries
}

func (r *reader) images(n *yaml.Node, path string) []ImageMapping {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.report(n, path, "is not a list", "allowed is a list of from and to", "write - from: PREFIX and to: PREFIX, or [] for none")
		return nil
	}
	var mappings []ImageMapping
	for i, item := range n.Content {
		key := fmt.Sprintf("%s[%d]", path, i)
		values := r.object(item, key, "from", "to")
		m := ImageMapping{From: r.imagePrefix(values["from"], key+".from"), To: r.imagePrefix(values["to"], key+".to")}
		if m.From != "" && m.To != "" {
			mappings = append(mappings, m)
		}
	}
	if len(mappings) == len(n.Content) {
		r.mapOnce(n, path, mappings)
	}
	return mappings
}

// imagePrefix returns the prefix, or nothing if it is not one.
func (r *reader) imagePrefix(n *yaml.Node, key string) string {
	text, ok := r.text(n, key)
	if ok && !isImagePrefix(text) {
		r.report(n, key, fmt.Sprintf("%q is not an image prefix", text),
			"allowed is HOST[:PORT][/PATH] in small letters, without scheme, tag, digest and final slash",
			"write the full name, such as docker.io/library/redis for redis")
		return ""
	}
	return text
}

// mapOnce refuses mappings that contradict each other, or that would map an
// image again that they have mapped already: the second rendering must change
// nothing.
func (r *reader) mapOnce(n *yaml.Node, path string, mappings []ImageMapping) {
	for i, m := range mappings {
		key := fmt.Sprintf("%s[%d]", path, i)
		for j, other := range mappings {
			if j < i && m.From == other.From {
				r.report(n.Content[i], key+".from", fmt.Sprintf("%q is mapped twice", m.From), "allowed is each prefix once", "remove one of the two")
			}
			if within(m.To, other.From) || within(other.From, m.To) {
				r.report(n.Content[i], key+".to", fmt.Sprintf("%q overlaps with %q, which %s[%d] maps", m.To, other.From, path, j),
					"allowed is a place that no mapping is about", "choose another place, or a longer from")
			}
		}
	}
}
