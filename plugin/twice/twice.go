// Package twice holds that rendering twice is rendering once: a patch is carried out
// before the rules, and what these make of it may be what the patch changes again.
package twice

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// Check refuses documents, all of which can be rendered, that would change again if what
// is rendered of them were rendered. Only patches can do so. The error is *manifest.Errors,
// joined.
func Check(t *tenant.Tenant, pieces iter.Seq[manifest.Piece]) error {
	if len(t.Spec.Patches) == 0 {
		return nil
	}
	render := rules.Again(t)
	var wrong []error
	for piece := range pieces {
		once, err := render(piece)
		if err != nil {
			return err
		}
		again, err := render(piece.With(once.After))
		switch {
		case err != nil:
			wrong = append(wrong, refused(err))
		case !bytes.Equal(again.After, once.After):
			wrong = append(wrong, changed(again))
		}
	}
	return errors.Join(wrong...)
}

// refused tells that a second run would end in an error.
func refused(err error) error {
	var first *manifest.Error
	if !errors.As(err, &first) {
		return err
	}
	later := *first
	later.Problem = "would be refused in a second run: " + first.Problem
	return &later
}

// changed tells which patch would change a document again.
func changed(again rules.Document) error {
	wrong := &manifest.Error{Line: again.Before.Line, Object: again.Object}
	patch := "a patch"
	changes := again.Changes()
	if i := slices.IndexFunc(changes, func(c manifest.Change) bool { return strings.HasPrefix(c.Rule, "spec.patches[") }); i >= 0 {
		wrong.Path, patch = changes[i].Path, changes[i].Rule
	}
	wrong.Problem = "cannot be patched by " + patch + ": a second run would change it again, for rules or another patch make something else of it; " +
		"write what it is after these, such as an image as spec.images maps it"
	return wrong
}
