package krm

import (
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// result is one of the results of a KRM function: a field that was changed, or
// something that is wrong.
type result struct {
	Message     string         `yaml:"message"`
	Severity    string         `yaml:"severity"`
	ResourceRef *resourceRef   `yaml:"resourceRef,omitempty"`
	Field       *resourceField `yaml:"field,omitempty"`
	File        *resourceFile  `yaml:"file,omitempty"`
}

type resourceRef struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Name       string `yaml:"name,omitempty"`
	Namespace  string `yaml:"namespace,omitempty"`
}

type resourceField struct {
	Path          string `yaml:"path"`
	CurrentValue  string `yaml:"currentValue,omitempty"`
	ProposedValue string `yaml:"proposedValue,omitempty"`
}

type resourceFile struct {
	Path  string `yaml:"path"`
	Index int    `yaml:"index,omitempty"`
}

// about returns a result about a field of an object, if there are these.
func about(object *yaml.Node, path string) result {
	metadata := field(object, "metadata")
	r := result{File: fileOf(field(metadata, "annotations"))}
	if path != "" {
		r.Field = &resourceField{Path: strings.TrimPrefix(path, ".")}
	}
	ref := resourceRef{
		APIVersion: value(object, "apiVersion"), Kind: value(object, "kind"),
		Name: value(metadata, "name"), Namespace: value(metadata, "namespace"),
	}
	if ref.APIVersion != "" && ref.Kind != "" {
		r.ResourceRef = &ref
	}
	return r
}

// fileOf returns where kustomize and kpt have an object from. Those before
// internal.config.kubernetes.io say so without internal.
func fileOf(annotations *yaml.Node) *resourceFile {
	for _, prefix := range []string{"internal.config.kubernetes.io/", "config.kubernetes.io/"} {
		if path := value(annotations, prefix+"path"); path != "" {
			index, _ := strconv.Atoi(value(annotations, prefix+"index"))
			return &resourceFile{Path: path, Index: index}
		}
	}
	return nil
}

// output is a list and what is told about it, one item after the other. Results are made
// while they are written: together they may be larger than the list.
type output struct {
	items   rules.Text
	results iter.Seq2[[]result, error]
}

// WriteTo writes the list, and its results behind it.
func (o *output) WriteTo(to io.Writer) (int64, error) {
	written, err := o.items.WriteTo(to)
	if err != nil {
		return written, err
	}
	begin := "results:\n"
	for results, err := range o.results {
		if err != nil {
			return written, err
		}
		if len(results) == 0 {
			continue
		}
		text, err := encode(results)
		if err != nil {
			return written, err
		}
		n, err := io.WriteString(to, begin+string(text))
		if written += int64(n); err != nil {
			return written, err
		}
		begin = ""
	}
	return written, nil
}

// changes are the results of each item that was rendered.
func (l *List) changes(t *tenant.Tenant) iter.Seq2[[]result, error] {
	return func(yield func([]result, error) bool) {
		again := rules.Again(t)
		for piece := range l.items() {
			doc, err := again(piece)
			if !yield(changes(doc), err) {
				return
			}
		}
	}
}

// changes are the results of a document that was rendered.
func changes(doc rules.Document) []result {
	if !doc.HasChanged() {
		return nil
	}
	object := read(doc.Before.With(doc.After))
	var all []result
	for _, change := range doc.Changes() {
		r := about(object, change.Path)
		r.Severity, r.Message = "info", "set by "+change.Rule
		if change.New == "" {
			r.Message = "removed by " + change.Rule
		}
		r.Field.CurrentValue, r.Field.ProposedValue = change.Old, change.New
		all = append(all, r)
	}
	return all
}

// read returns an object, or nil if there is none.
func read(piece manifest.Piece) *yaml.Node {
	var document yaml.Node
	if err := yaml.Unmarshal(piece.Alone(), &document); err != nil || len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

// failures are the results of what kept the list from being rendered.
func (l *List) failures(err error) []result {
	var results []result
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range several.Unwrap() {
			results = append(results, l.failures(one)...)
		}
		return results
	}
	var problems tenant.Problems
	var wrong *manifest.Error
	switch {
	case errors.As(err, &problems):
		for _, problem := range problems {
			r := about(l.config, problem.Key)
			r.Message = problem.Wrong + "; " + problem.Allowed + "; " + problem.Fix
			results = append(results, r)
		}
	case errors.As(err, &wrong):
		r := about(l.itemAt(wrong.Line), wrong.Path)
		r.Message = wrong.Problem
		results = append(results, r)
	default:
		results = append(results, result{Message: err.Error()})
	}
	for i := range results {
		results[i].Severity = "error"
	}
	return results
}

// itemAt is the item with a line, or nil.
func (l *List) itemAt(line int) *yaml.Node {
	var found manifest.Piece
	for piece := range l.items() {
		if len(piece.Text) > 0 && line >= piece.Line {
			found = piece
		}
	}
	return read(found)
}
