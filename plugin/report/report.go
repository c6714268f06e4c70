// Package report shows people what rendering changed.
package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/pmezard/go-difflib/difflib"

	"github.com/tenant-redis/tenant-redis/plugin/internal/printable"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
)

// contextLines is how many unchanged lines are shown around a change.
const contextLines = 3

// Diff writes the changed documents as unified diffs, without the values of
// Secrets. It tells whether there are any.
func Diff(out io.Writer, result rules.Result) (bool, error) {
	differs := false
	for _, doc := range result.Documents {
		if !doc.HasChanged() {
			continue
		}
		differs = true
		if err := diffDocument(out, doc); err != nil {
			return differs, err
		}
	}
	return differs, nil
}

func diffDocument(out io.Writer, doc rules.Document) error {
	name := fmt.Sprintf("%s (line %d)", doc.Object, doc.Before.Line)
	before, after, ok := manifest.HideSecrets(doc.Before, doc.Before.With(doc.After))
	if !ok {
		_, err := fmt.Fprintf(out, "%s changes, and is not shown because it may hold a Secret\n", name)
		return err
	}
	return difflib.WriteUnifiedDiff(out, difflib.UnifiedDiff{
		A: difflib.SplitLines(printable.Lines(string(before))), B: difflib.SplitLines(printable.Lines(string(after))),
		FromFile: "rendered: " + name, ToFile: "tenant's: " + name, Context: contextLines,
	})
}

// Text writes each change with the rule that asks for it; tenantFile is its
// name.
func Text(out io.Writer, result rules.Result, tenantFile string) error {
	for _, doc := range result.Documents {
		if !doc.HasChanged() {
			continue
		}
		if _, err := fmt.Fprintf(out, "%s (line %d)\n", doc.Object, doc.Before.Line); err != nil {
			return err
		}
		for _, change := range doc.Changes() {
			_, err := fmt.Fprintf(out, "  %s\n      %s -> %s\n      %s\n", change.Path, orNone(change.Old), orNone(change.New), source(change, tenantFile))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// JSON writes the changes as a list.
func JSON(out io.Writer, result rules.Result) error {
	changes := result.Changes()
	if changes == nil {
		changes = []manifest.Change{}
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(changes)
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}

func source(change manifest.Change, tenantFile string) string {
	if change.Cause.Line == 0 {
		return change.Rule
	}
	return fmt.Sprintf("%s, %s:%d", change.Rule, tenantFile, change.Cause.Line)
}
