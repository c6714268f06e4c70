package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenant-redis/tenant-redis/plugin/internal/printable"
	"github.com/tenant-redis/tenant-redis/plugin/lasterror"
	"github.com/tenant-redis/tenant-redis/plugin/reference"
	"github.com/tenant-redis/tenant-redis/plugin/report"
)

func diffCommand() *cobra.Command {
	var r rendered
	command := &cobra.Command{
		Use:   "diff --tenant FILE [MANIFESTS]",
		Short: "Shows what tenant-post changes in rendered manifests",
		Long: "Shows what tenant-post changes in the manifests of a file or of stdin, as unified diffs without the values of Secrets.\n" +
			"Exit codes: 0 nothing changes, 1 something does, 2 an error.",
		Example: renderTeamA + "    helm tenant diff --tenant examples/tenants/team-a/tenant.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			result, err := r.result(command, args)
			if err != nil {
				return err
			}
			differs, err := report.Diff(command.OutOrStdout(), result)
			if err == nil && differs {
				err = errDiffers
			}
			return err
		},
	}
	r.flags(command)
	return command
}

func explainCommand() *cobra.Command {
	var r rendered
	var output string
	command := &cobra.Command{
		Use:   "explain --tenant FILE [MANIFESTS]",
		Short: "Tells for each changed field which rule asks for it",
		Long: "Tells for each field that tenant-post changes in the manifests of a file or of stdin: document, path, old and new value, and the rule in the tenant file.\n" +
			"Exit codes: 0 done, 2 an error.",
		Example: renderTeamA + "    helm tenant explain --tenant examples/tenants/team-a/tenant.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: allowed are text and json", output)
			}
			result, err := r.result(command, args)
			if err != nil {
				return err
			}
			if output == "json" {
				return report.JSON(command.OutOrStdout(), result)
			}
			return report.Text(command.OutOrStdout(), result, printable.Text(r.tenantFile))
		},
	}
	r.flags(command)
	command.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return command
}

func schemaCommand() *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "schema",
		Short: "Prints the JSON Schema of the tenant file, or its documentation",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			switch output {
			case "json":
				schema, err := reference.Schema()
				if err == nil {
					_, err = command.OutOrStdout().Write(schema)
				}
				return err
			case "markdown":
				_, err := fmt.Fprint(command.OutOrStdout(), reference.Markdown())
				return err
			default:
				return fmt.Errorf("--output %q: allowed are json and markdown", output)
			}
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "json", "json or markdown")
	return command
}

func whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why",
		Short: "Shows the last error of tenant-post, which Helm 4 drops",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			problem, when, err := lasterror.Read()
			if errors.Is(err, os.ErrNotExist) {
				_, err = fmt.Fprintln(command.OutOrStdout(), "tenant-post has had no error")
				return err
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s\n%s\n", when.Format(time.RFC3339), problem)
			return err
		},
	}
}
