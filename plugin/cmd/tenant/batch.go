package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/tenant-redis/tenant-redis/plugin/batch"
	"github.com/tenant-redis/tenant-redis/plugin/internal/printable"
)

// kubeVersion is the Kubernetes that is rendered for unless it is said.
const kubeVersion = "1.37"

func batchCommand() *cobra.Command {
	var folder, output string
	var options batch.Options
	command := &cobra.Command{
		Use:   "batch CHART --tenants FOLDER --output FOLDER",
		Short: "Renders a chart for many tenants, one file each",
		Long: "Renders a chart in one process for each tenant: a folder with tenant.yaml and maybe values.yaml, and batch.yaml with values that this command needs besides, such as the Secret with the password, for it sees no cluster. The release has the name that spec.release says, or the tenant's.\n" +
			"Nothing is written if any tenant cannot be rendered, or if two claim the same name, release, namespace, object or password. What the tenant files claim is compared before anything is rendered.\n" +
			"Exit codes: 0 done, 2 an error.",
		Example: "  helm tenant batch charts/tenant-redis --tenants examples/tenants --output rendered",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			tenants, err := batch.Render(args[0], folder, options)
			if err != nil {
				return err
			}
			return writeAll(command, tenants, output)
		},
	}
	command.Flags().StringVar(&folder, "tenants", "", "folder with a folder for each tenant")
	command.Flags().StringVar(&options.Values, "values", "", "values for all tenants; a tenant's own come first")
	command.Flags().StringVar(&output, "output", "", "folder for the manifests")
	command.Flags().StringVar(&options.KubeVersion, "kube-version", kubeVersion, "Kubernetes to render for")
	command.Flags().BoolVar(&options.Tests, "tests", false, "render the Jobs of helm test, too, which kubectl apply would run")
	_ = command.MarkFlagRequired("tenants")
	_ = command.MarkFlagRequired("output")
	return command
}

// writeAll writes each tenant's manifests into a file of its own, and tells which files
// belong to no tenant any more. All are written beside their names before the first gets
// it, so that nobody sees one half written, nor some tenants' new and others' old for want
// of room.
func writeAll(command *cobra.Command, tenants []batch.Tenant, folder string) error {
	// Manifests hold Secrets.
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	there, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	if err := removeBeside(folder, there); err != nil {
		return err
	}
	written := map[string]string{}
	defer func() {
		for _, beside := range written {
			_ = os.Remove(beside) // It is gone if it has its name.
		}
	}()
	names := make([]string, len(tenants))
	for i, t := range tenants {
		names[i] = filepath.Join(folder, t.Name()+".yaml")
		if info, err := os.Stat(names[i]); err == nil && info.IsDir() {
			return fmt.Errorf("%s is a folder; remove it, or write elsewhere with --output", names[i])
		}
		if written[names[i]], err = writeBeside(names[i], t.Result); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := os.Rename(written[name], name); err != nil {
			return err
		}
		fmt.Fprintln(command.OutOrStdout(), printable.Text(name))
	}
	for _, entry := range there {
		name := filepath.Join(folder, entry.Name())
		if _, ours := written[name]; !ours && filepath.Ext(name) == ".yaml" {
			fmt.Fprintf(command.ErrOrStderr(), "%s is of no tenant in these folders; remove it, and what it made\n", printable.Text(name))
		}
	}
	return nil
}

// besideName is how writeBeside names files.
var besideName = regexp.MustCompile(`^\.batch-[0-9]+$`)

// removeBeside removes what an interrupted run has left beside the files' names, which holds
// Secrets.
func removeBeside(folder string, there []os.DirEntry) error {
	for _, entry := range there {
		if !entry.Type().IsRegular() || !besideName.MatchString(entry.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// writeBeside writes a file into the folder of a name, and returns its own.
func writeBeside(name string, content io.WriterTo) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(name), ".batch-*")
	if err != nil {
		return "", err
	}
	_, err = content.WriteTo(file)
	return file.Name(), errors.Join(err, file.Close())
}
