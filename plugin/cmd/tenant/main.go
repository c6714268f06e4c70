// Command tenant is the Helm plugin "helm tenant": it shows and checks what
// tenant-post makes of a chart's manifests.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/tenant-redis/tenant-redis/plugin/input"
	"github.com/tenant-redis/tenant-redis/plugin/internal/printable"
	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
)

const (
	exitDiffers = 1
	exitError   = 2
)

// errDiffers ends a command that found something, as diff does.
var errDiffers = errors.New("differs")

//go:generate sh -c "go run . schema > ../../tenant.schema.json"
//go:generate sh -c "go run . schema -o markdown > ../../tenant-file.md"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command: it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(context.Background())
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDiffers):
		return exitDiffers
	case errors.As(err, &ended):
		// Helm has said what is wrong.
		return ended.ExitCode()
	}
	// It may name a file or a flag.
	fmt.Fprintln(stderr, printable.Lines(withDashes(err)))
	return exitError
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "tenant",
		Short:         "Shows and checks what the post-renderer tenant-post makes of a chart",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		initCommand(), diffCommand(), explainCommand(), checkCommand(), schemaCommand(), batchCommand(), goliveCommand(), rotateCommand(), whyCommand(), versionCommand(),
		helmCommand("install", "Installs a release as its tenant is to have it", ""),
		helmCommand("upgrade", "Upgrades a release as its tenant is to have it", ""),
		helmCommand("template", "Prints a release's manifests as its tenant is to have them", " --set auth.existingSecret=password"),
	)
	return root
}

// renderTeamA begins the examples of commands over rendered manifests.
const renderTeamA = "  helm template team-a-cache charts/tenant-redis --namespace redis-system --set 'tenantNamespaces={team-a},auth.existingSecret=password' |\n"

// rendered is what commands over rendered manifests share.
type rendered struct {
	tenantFile string
	allowEmpty bool
}

func (r *rendered) flags(command *cobra.Command) {
	command.Flags().StringVar(&r.tenantFile, "tenant", "", "the tenant file")
	_ = command.MarkFlagRequired("tenant")
	command.Flags().BoolVar(&r.allowEmpty, "allow-empty", false, "accept a stream without an object, which is an error otherwise")
}

// result renders the manifests of a file, or of stdin.
func (r *rendered) result(command *cobra.Command, args []string) (rules.Result, error) {
	t, err := input.Tenant(r.tenantFile)
	if err != nil {
		return rules.Result{}, err
	}
	manifests, err := readManifests(command, args)
	if err != nil {
		return rules.Result{}, err
	}
	result, err := rules.Render(t, manifests)
	if err == nil && !r.allowEmpty {
		err = result.CheckSome()
	}
	if errors.Is(err, rules.ErrNothing) {
		err = fmt.Errorf("%w; look at the command that should write them, or say --allow-empty", err)
	}
	return result, err
}

// readManifests reads the file that an argument names, or stdin.
func readManifests(command *cobra.Command, args []string) ([]byte, error) {
	if len(args) == 0 || args[0] == "-" {
		return input.Manifests(command.InOrStdin())
	}
	file, err := os.Open(args[0])
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifests: %w", err)
	}
	defer func() { _ = file.Close() }()
	return input.Manifests(file)
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Prints the version",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(command.OutOrStdout(), version.Full())
			return err
		},
	}
}
