package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/check"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

func checkCommand() *cobra.Command {
	var r rendered
	var registries, operators []string
	var provenance bool
	command := &cobra.Command{
		Use:   "check --tenant FILE [MANIFESTS] | check --operator FILE FOLDER",
		Short: "Tells which of the platform's rules the tenant's manifests would break",
		Long: "Tells which of the platform's rules the manifests of a file or of stdin break after tenant-post.\n" +
			"Exit codes: 0 the platform denies nothing, 1 it denies something, 2 an error. Warnings do not count.\n" +
			"With --require-provenance the manifests must be what tenant-post has rendered: kustomize and kpt that were not told to run it leave them as they were, and exit with 0.\n" +
			"With --operator it looks at all tenants together, in a folder that batch has written: whether the operator, which is a rendered charts/redis-operator, has the means for so many instances, and whether each namespace has one.",
		Example: renderTeamA + "    helm tenant check --tenant examples/tenants/team-a/tenant.yaml\n" +
			"  helm tenant batch charts/tenant-redis --tenants examples/tenants --output rendered\n" +
			"  helm template redis-operator charts/redis-operator --namespace redis-system > operator.yaml\n" +
			"  helm tenant check --operator operator.yaml rendered",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(operators) > 0 {
				return checkCapacity(command, operators, args)
			}
			result, err := r.result(command, args)
			if err != nil {
				return err
			}
			objects, err := objectsOf(result)
			if err != nil {
				return err
			}
			violations := check.Platform{Registries: registries, Kinds: result.Kinds}.Check(objects)
			if provenance {
				violations = append(violations, unrendered(result)...)
			}
			return tell(command, violations)
		},
	}
	r.flags(command)
	command.Flags().StringSliceVar(&registries, "registry", nil, "registry, or the beginning of a path in it, that images must be from; any if missing")
	command.Flags().BoolVar(&provenance, "require-provenance", false, "deny what tenant-post has not rendered with this tenant file")
	delete(command.Flag("tenant").Annotations, cobra.BashCompOneRequiredFlag)
	command.Flags().StringArrayVar(&operators, "operator", nil, "rendered charts/redis-operator, several times for several releases")
	command.MarkFlagsOneRequired("tenant", "operator")
	for _, other := range []string{"tenant", "registry", "require-provenance", "allow-empty"} {
		command.MarkFlagsMutuallyExclusive("operator", other)
	}
	return command
}

// tell prints violations; one that the platform denies is an error.
func tell(command *cobra.Command, violations []check.Violation) error {
	for _, violation := range violations {
		fmt.Fprintln(command.OutOrStdout(), violation)
	}
	if slices.ContainsFunc(violations, func(v check.Violation) bool { return v.Severity == check.Deny }) {
		return errDiffers
	}
	return nil
}

// unrendered denies the documents that were not rendered before with this tenant
// file: rendering them again changes them, or gives them their first provenance.
func unrendered(result rules.Result) []check.Violation {
	var found []check.Violation
	for _, doc := range result.Documents {
		changes := doc.Changes()
		i := slices.IndexFunc(changes, func(c manifest.Change) bool { return c.Rule != rules.ProvenanceRule || c.Old == "" })
		if i < 0 || isSame(doc) {
			continue
		}
		found = append(found, check.Violation{
			Rule: "provenance", Severity: check.Deny, Object: doc.Object, Field: strings.TrimPrefix(changes[i].Path, "."),
			Message: "tenant-post has not rendered it with this tenant file: run it, and tell kustomize --enable-alpha-plugins --enable-exec, or kpt --allow-exec",
		})
	}
	return found
}

// isSame tells whether a document is in the end what it was: a patch may ask for an image
// that is mapped again. The digest of the tenant file may differ, because kustomize
// writes it again.
func isSame(doc rules.Document) bool {
	before, err := objectsIn(doc.Before)
	if err != nil {
		return false
	}
	after, err := objectsIn(doc.Before.With(doc.After))
	return err == nil && reflect.DeepEqual(withoutDigests(before), withoutDigests(after))
}

func withoutDigests(objects []unstructured.Unstructured) []unstructured.Unstructured {
	for _, object := range objects {
		if annotations := object.GetAnnotations(); annotations[tenant.Provenance] != "" {
			annotations[tenant.Provenance] = "any"
			object.SetAnnotations(annotations)
		}
	}
	return objects
}

// objectsOf decodes what was rendered.
func objectsOf(result rules.Result) ([]unstructured.Unstructured, error) {
	var objects []unstructured.Unstructured
	for _, doc := range result.Documents {
		if len(doc.Objects) == 0 {
			continue
		}
		some, err := objectsIn(doc.Before.With(doc.After))
		if err != nil {
			return nil, &manifest.Error{Line: doc.Before.Line, Object: doc.Object, Problem: "cannot be decoded to be checked"}
		}
		objects = append(objects, some...)
	}
	return objects, nil
}

// objectsIn decodes a document, which may be a list.
func objectsIn(piece manifest.Piece) ([]unstructured.Unstructured, error) {
	var object unstructured.Unstructured
	if err := yaml.Unmarshal(piece.Alone(), &object.Object); err != nil {
		return nil, err
	}
	var objects []unstructured.Unstructured
	err := takeApart(object, &objects)
	return objects, err
}

// takeApart adds an object to all, or the objects of a list, which may be lists
// again.
func takeApart(object unstructured.Unstructured, all *[]unstructured.Unstructured) error {
	if !object.IsList() {
		*all = append(*all, object)
		return nil
	}
	return object.EachListItem(func(item runtime.Object) error {
		return takeApart(*item.(*unstructured.Unstructured), all)
	})
}
