package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/check"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
)

func checkCommand() *cobra.Command {
	var r rendered
	var registries []string
	command := &cobra.Command{
		Use:   "check --tenant FILE [MANIFESTS]",
		Short: "Tells which of the platform's rules the tenant's manifests would break",
		Long: "Tells which of the platform's rules the manifests of a file or of stdin break after tenant-post.\n" +
			"Exit codes: 0 the platform denies nothing, 1 it denies something, 2 an error. Warnings do not count.",
		Example: "  helm template sessions charts/tenant-redis | helm tenant check --tenant tenant.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			result, err := r.result(command, args)
			if err != nil {
				return err
			}
			objects, err := objectsOf(result)
			if err != nil {
				return err
			}
			violations := check.Platform{Registries: registries, Kinds: result.Kinds}.Check(objects)
			for _, violation := range violations {
				fmt.Fprintln(command.OutOrStdout(), violation)
			}
			if slices.ContainsFunc(violations, func(v check.Violation) bool { return v.Severity == check.Deny }) {
				return errDiffers
			}
			return nil
		},
	}
	r.flags(command)
	command.Flags().StringSliceVar(&registries, "registry", nil, "prefix that images may begin with; any if missing")
	return command
}

// objectsOf decodes what was rendered.
func objectsOf(result rules.Result) ([]unstructured.Unstructured, error) {
	var objects []unstructured.Unstructured
	for _, doc := range result.Documents {
		if len(doc.Objects) == 0 {
			continue
		}
		var object unstructured.Unstructured
		err := yaml.Unmarshal(doc.After, &object.Object)
		if err == nil {
			err = takeApart(object, &objects)
		}
		if err != nil {
			return nil, &manifest.Error{Line: doc.Before.Line, Object: doc.Object, Problem: "cannot be decoded to be checked"}
		}
	}
	return objects, nil
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
