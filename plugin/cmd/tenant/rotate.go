package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenant-redis/tenant-redis/plugin/golive"
	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
	"github.com/tenant-redis/tenant-redis/plugin/rotate"
)

func rotateCommand() *cobra.Command {
	var kube kubeFlags
	var finish bool
	command := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Changes the password of a running instance without downtime",
		Long: "Changes the password of a running instance. No client is refused on the way: Redis takes the old and the new one until --finish.\n" +
			"1. rotate NAME: a new password for each user into the Secrets of the release, of which the tenant's is one. No Pod restarts.\n" +
			"2. The tenant restarts what connects, so that it reads the Secret again.\n" +
			"3. rotate NAME --finish: restarts the proxies, replaces the Redis Pods one by one, the master hands over, and the old password ends.\n" +
			"With auth.existingSecret, upgrade with \"\" there first: " + version.Page("docs/for-administrators.md") + " has the steps.\n" +
			"Interrupted anywhere, the same command goes on. The release may be rolled back: its earlier revisions get the new password, too.\n" +
			"Exit codes: 0 done, 2 not done, with the reason.",
		Example: "  helm tenant rotate team-a-cache --namespace redis-system\n  helm tenant rotate team-a-cache --namespace redis-system --finish",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			cluster, err := kube.cluster()
			if err != nil {
				return err
			}
			return changePassword(command, cluster, args[0], finish)
		},
	}
	kube.add(command.Flags())
	command.Flags().BoolVar(&finish, "finish", false, "end the old password, when all clients have the new one")
	return command
}

func changePassword(command *cobra.Command, cluster golive.Cluster, name string, finish bool) error {
	say := func(format string, arguments ...any) { fmt.Fprintf(command.OutOrStdout(), format+"\n", arguments...) }
	instance := rotate.Instance{
		Client: cluster.Client, Namespace: cluster.Namespace, Name: name, Forward: cluster.Forward, Say: say,
		Whole: func(ctx context.Context) error { return whole(ctx, cluster, name) },
	}
	if !finish {
		if err := instance.Start(command.Context()); err != nil {
			return err
		}
		say("Both passwords work. Have the tenant restart what connects to %s; then: helm tenant rotate %s --namespace %s --finish", name, name, cluster.Namespace)
		return nil
	}
	err := instance.Finish(command.Context())
	if errors.Is(err, rotate.ErrNothingToFinish) {
		return fmt.Errorf("%w; begin with: helm tenant rotate %s --namespace %s", err, name, cluster.Namespace)
	}
	if err == nil {
		say("Only the new password works.")
	}
	return err
}

// whole returns the checks of the go-live checklist that fail.
func whole(ctx context.Context, cluster golive.Cluster, name string) error {
	findings, err := cluster.Walk(ctx, name)
	if err != nil {
		return err
	}
	var failed []error
	for _, finding := range findings {
		if finding.Status == golive.Failed {
			failed = append(failed, fmt.Errorf("%s: %s", finding.Check, finding.Seen))
		}
	}
	return errors.Join(failed...)
}
