package main

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"

	"github.com/tenant-redis/tenant-redis/plugin/golive"
	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
)

func goliveCommand() *cobra.Command {
	var kube kubeFlags
	var output string
	command := &cobra.Command{
		Use:   "golive NAME",
		Short: "Walks the go-live checklist of a running instance",
		Long: "Walks the go-live checklist (" + version.Page("docs/golive.md") + ") of a running instance: what Kubernetes knows of it, and through port-forwards what its Redis and Sentinels answer.\n" +
			"It writes one key, which it removes. It needs to read the namespace, the Secret with the password included, and to create port-forwards.\n" +
			"Exit codes: 0 all checks passed, 1 one failed, 2 the cluster does not answer or there is no such instance.",
		Example: "  helm tenant golive team-a-cache --namespace redis-system",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: allowed are text and json", output)
			}
			// What does not answer is a finding.
			logging.Disable()
			cluster, err := kube.cluster()
			if err != nil {
				return err
			}
			return walk(command, cluster, args[0], output)
		},
	}
	kube.add(command.Flags())
	command.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return command
}

// walk prints what is found.
func walk(command *cobra.Command, cluster golive.Cluster, name, output string) error {
	// Port-forwards end with it.
	ctx, cancel := context.WithCancel(command.Context())
	defer cancel()
	findings, err := cluster.Walk(ctx, name)
	if err != nil {
		return err
	}
	write := golive.Text
	if output == "json" {
		write = golive.JSON
	}
	if err := write(command.OutOrStdout(), findings); err != nil {
		return err
	}
	if !golive.Passed(findings) {
		return errDiffers
	}
	return nil
}
