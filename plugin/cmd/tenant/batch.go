package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tenant-redis/tenant-redis/plugin/batch"
)

// kubeVersion is the Kubernetes that is rendered for unless it is said.
const kubeVersion = "1.37"

func batchCommand() *cobra.Command {
	var folder, shared, output, version string
	command := &cobra.Command{
		Use:   "batch CHART --tenants FOLDER --output FOLDER",
		Short: "Renders a chart for many tenants, one file each",
		Long: "Renders a chart in one process for each tenant: a folder with tenant.yaml and maybe values.yaml. The release has the tenant's name.\n" +
			"Nothing is written if any tenant cannot be rendered, or if two claim the same name, namespace or object.",
		Example: "  helm tenant batch charts/tenant-redis --tenants examples/tenants --output rendered",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			tenants, err := batch.Render(args[0], folder, shared, version)
			if err != nil {
				return err
			}
			// Manifests hold Secrets.
			if err := os.MkdirAll(output, 0o700); err != nil {
				return err
			}
			for _, t := range tenants {
				name := filepath.Join(output, t.Name()+".yaml")
				if err := os.WriteFile(name, t.Result.Bytes(), 0o600); err != nil {
					return err
				}
				fmt.Fprintln(command.OutOrStdout(), name)
			}
			return nil
		},
	}
	command.Flags().StringVar(&folder, "tenants", "", "folder with a folder for each tenant")
	command.Flags().StringVar(&shared, "values", "", "values for all tenants; a tenant's own come first")
	command.Flags().StringVar(&output, "output", "", "folder for the manifests")
	command.Flags().StringVar(&version, "kube-version", kubeVersion, "Kubernetes to render for")
	_ = command.MarkFlagRequired("tenants")
	_ = command.MarkFlagRequired("output")
	return command
}
