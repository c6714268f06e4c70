package manifest

import (
	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/internal/printable"
)

// Cause is what asks for a change.
type Cause struct {
	// Rule is the key in the tenant file, such as "spec.labels.team", or the
	// name of what is set without being asked for.
	Rule string `json:"rule"`
	// Line is the key's line in the tenant file, from 1; 0 if there is none.
	Line int `json:"tenantLine,omitempty"`
}

// Change is one planned edit, for people. It never holds a Secret's values.
type Change struct {
	// Line is where the document begins in the stream, from 1.
	Line int `json:"line"`
	// Object is the document's kind, namespace and name.
	Object string `json:"object"`
	// Path is the field, such as ".metadata.labels.team".
	Path string `json:"path"`
	// Old and New are the field's values as YAML on one line. Old is empty
	// where there was no field, New where there is none any more.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	Cause
}

// hidden stands for a Secret's values.
const hidden = `"***"`

// Changes returns what has been planned, in the order of planning.
func (d *Document) Changes() []Change { return d.changes }

// record notes a change of this place from old to want; each may be nil.
func (n Node) record(old, want *yaml.Node, cause Cause) {
	n.doc.changes = append(n.doc.changes, Change{
		Line: n.doc.piece.Line, Object: n.doc.name, Path: printable.Text(n.path),
		Old: n.shown(old), New: n.shown(want), Cause: cause,
	})
}

func (n Node) shown(value *yaml.Node) string {
	switch {
	case value == nil || value.Kind == 0:
		return ""
	case !n.at.isPublic():
		return hidden
	default:
		return flow(value, false)
	}
}
