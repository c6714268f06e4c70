package rules

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// checkTwice refuses a document that would change again if what is rendered of it were
// rendered. Only patches can do so: they are carried out before the rules, and what these
// make of it may be what a patch changes again.
func (e *engine) checkTwice(once Document) error {
	second := *e
	second.keepsPlan = true // It names the patch.
	again, err := second.renderOne(once.Before.With(once.After), &outcome{}, matches{})
	switch {
	case err != nil:
		return refusedAgain(err)
	case !bytes.Equal(again.After, once.After):
		return changedAgain(again)
	}
	return nil
}

// refusedAgain tells that a second run would end in an error.
func refusedAgain(err error) error {
	var first *manifest.Error
	if !errors.As(err, &first) {
		return err
	}
	later := *first
	later.Problem = "would be refused in a second run: " + first.Problem
	return &later
}

// changedAgain tells which patch would change a document again.
func changedAgain(again Document) error {
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
