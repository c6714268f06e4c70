// Command tenant-post is a Helm post-renderer that sets a tenant's labels,
// annotations and image registry on rendered manifests.
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

const (
	exitOK        = 0
	exitManifests = 1
	exitUsage     = 2
)

// maxManifests is the size of the largest stream of manifests, in bytes.
const maxManifests = 32 << 20

// version is set by the linker: -ldflags "-X main.version=v1.2.3".
var version = "dev"

//go:embed help.txt
var help string

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command: it returns the exit code. It writes to stdout once, and
// only if all went well.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	code, output, err := answer(args, stdin)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return code
	}
	if _, err := stdout.Write(output); err != nil {
		_, _ = fmt.Fprintln(stderr, "tenant-post: cannot write the manifests:", err)
		return exitManifests
	}
	return exitOK
}

// answer returns what goes to stdout, or an error and its exit code.
func answer(args []string, stdin io.Reader) (int, []byte, error) {
	flags := flag.NewFlagSet("tenant-post", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	tenantFile := flags.String("tenant", "", "")
	printVersion := flags.Bool("version", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK, []byte(help), nil
	case err != nil:
		return exitUsage, nil, usageError(err.Error())
	case *printVersion:
		return exitOK, []byte("tenant-post " + version + "\n"), nil
	case flags.NArg() > 0:
		return exitUsage, nil, usageError(fmt.Sprintf("unexpected argument %q", flags.Arg(0)))
	case *tenantFile == "":
		return exitUsage, nil, usageError("--tenant FILE is missing")
	}
	t, err := readTenant(*tenantFile)
	if err != nil {
		return exitUsage, nil, err
	}
	manifests, err := readAll(stdin, maxManifests)
	if err != nil {
		return exitManifests, nil, fmt.Errorf("tenant-post: cannot read the manifests on stdin: %w", err)
	}
	output, err := rules.Render(t, manifests)
	if err != nil {
		return exitManifests, nil, fmt.Errorf("tenant-post: manifests on stdin: %w", err)
	}
	return exitOK, output, nil
}

func readTenant(name string) (tenant.Tenant, error) {
	file, err := os.Open(name)
	if err != nil {
		return tenant.Tenant{}, fmt.Errorf("tenant-post: cannot read the tenant file: %w; check --tenant", err)
	}
	defer func() { _ = file.Close() }()
	text, err := readAll(file, tenant.MaxSize)
	if err != nil {
		return tenant.Tenant{}, fmt.Errorf("tenant-post: cannot read the tenant file %s: %w", name, err)
	}
	return tenant.Read(name, text)
}

// readAll reads at most limit bytes; more is an error.
func readAll(from io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, fmt.Errorf("there are more than %d MiB", limit>>20)
	}
	return text, err
}

func usageError(problem string) error {
	return errors.New("tenant-post: " + problem + "; run tenant-post --help")
}
