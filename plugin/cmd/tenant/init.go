package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tenant-redis/tenant-redis/plugin/draft"
	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
)

// draftHead stands above a first tenant file.
var draftHead = `# A first tenant file, made of a chart's manifests by helm tenant init. Look at it:
# - exceptions and kinds are what the manifests have, allowed or not; with pods: []
#   no rule but that of images is about the containers of a kind;
# - namespace is that of most objects; namespaces must be only the tenant's;
# - images stay where they are: write your mirror into to.
# ` + version.Page("plugin/tenant-file.md") + ` has all keys:
#   access, resources, placement, alerts and more.
`

func initCommand() *cobra.Command {
	var name, namespace string
	command := &cobra.Command{
		Use:   "init [MANIFESTS]",
		Short: "Prints a first tenant file for what a chart renders",
		Long: "Prints a first tenant file for the manifests of a file or of stdin, with which they can be rendered: their namespaces, registries, shared labels and kinds, " +
			"and an exception for each object that would be refused. It is where to begin; what it allows is what the chart does.\n" +
			"Exit codes: 0 done, 2 an error.",
		Example: "  helm template sessions charts/tenant-redis --namespace redis-system --set auth.existingSecret=password |\n    helm tenant init --name team-a --namespace redis-system > tenant.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			manifests, err := readManifests(command, args)
			if err != nil {
				return err
			}
			if namespace == "" && os.Getenv("HELM_NAMESPACE") != "default" {
				namespace = os.Getenv("HELM_NAMESPACE")
			}
			file, err := draft.Tenant(manifests, name, namespace)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s%s", draftHead, file)
			return err
		},
	}
	command.Flags().StringVar(&name, "name", "", "name of the tenant; if missing, what most objects say in app.kubernetes.io/instance")
	command.Flags().StringVar(&namespace, "namespace", "", "namespace of the release; if missing, that of most objects")
	return command
}
