// Command tenant-post is a Helm post-renderer that makes rendered manifests a
// tenant's own.
package main

import (
	"bufio"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/input"
	"github.com/tenant-redis/tenant-redis/plugin/internal/printable"
	"github.com/tenant-redis/tenant-redis/plugin/internal/version"
	"github.com/tenant-redis/tenant-redis/plugin/krm"
	"github.com/tenant-redis/tenant-redis/plugin/lasterror"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

const (
	exitOK        = 0
	exitManifests = 1
	exitUsage     = 2
)

//go:embed help.txt
var help string

// More input than smallInput, in bytes, has memory collected when the heap has
// grown by collectAt per cent: Go's default, 100, holds nearly twice as much. With
// less input it would only be collected once more.
const (
	smallInput = 64 << 10
	collectAt  = 25
)

// outputBuffer is how much is written at once, in bytes.
const outputBuffer = 64 << 10

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command: it returns the exit code. It writes to stdout only if all
// went well, or if it is a KRM function, which tells there what is wrong.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	code, output, err := answer(args, stdin)
	if output != nil {
		buffered := bufio.NewWriterSize(stdout, outputBuffer)
		_, failed := output.WriteTo(buffered)
		if failed = errors.Join(failed, buffered.Flush()); failed != nil && err == nil {
			code, err = exitManifests, fmt.Errorf("tenant-post: cannot write the manifests: %w", failed)
		}
	}
	if err == nil {
		return code
	}
	// It may name a file or a flag.
	err = errors.New(printable.Lines(err.Error()))
	fmt.Fprintln(stderr, err)
	if err := lasterror.Write(err); err != nil {
		fmt.Fprintln(stderr, "tenant-post: cannot keep this error for helm tenant why:", err)
	}
	return code
}

// answer returns what goes to stdout, an error, and the exit code.
func answer(args []string, stdin io.Reader) (int, io.WriterTo, error) {
	flags := flag.NewFlagSet("tenant-post", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	tenantFile := flags.String("tenant", "", "")
	allowEmpty := flags.Bool("allow-empty", false, "")
	printVersion := flags.Bool("version", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK, strings.NewReader(help), nil
	case err != nil:
		// The library shows flags with one dash.
		return exitUsage, nil, usageError(strings.Replace(err.Error(), " -", " --", 1))
	case *printVersion:
		return exitOK, strings.NewReader("tenant-post " + version.Full() + "\n"), nil
	case flags.NArg() > 0:
		return exitUsage, nil, usageError(fmt.Sprintf("unexpected argument %q", flags.Arg(0)))
	case *tenantFile == "":
		return function(stdin)
	}
	t, err := input.Tenant(*tenantFile)
	if err != nil {
		return exitUsage, nil, prefixed(err)
	}
	manifests, err := input.Manifests(stdin)
	if err != nil {
		return exitManifests, nil, prefixed(err)
	}
	collectGarbage(len(manifests))
	result, err := rules.Output(t, manifests)
	if err == nil && !*allowEmpty {
		err = result.CheckSome()
	}
	if errors.Is(err, rules.ErrNothing) {
		err = fmt.Errorf("%w; look at the command that should write them, or say --allow-empty. "+
			"Helm 3 sends none with --output-dir, and writes the files as the chart has them", err)
	}
	if err != nil {
		return exitManifests, nil, prefixed(err)
	}
	return exitOK, result, nil
}

// function answers kustomize or kpt, which hand the tenant over on stdin.
func function(stdin io.Reader) (int, io.WriterTo, error) {
	missing := usageError("--tenant FILE is missing, and stdin is no ResourceList of a KRM function")
	if terminal(stdin) {
		return exitUsage, nil, missing
	}
	text, err := input.Manifests(stdin)
	if err != nil {
		return exitManifests, nil, prefixed(err)
	}
	collectGarbage(len(text))
	list, ok := krm.Read(text)
	if !ok {
		return exitUsage, nil, missing
	}
	output, err := list.Render()
	if problems := (tenant.Problems{}); errors.As(err, &problems) {
		return exitUsage, output, err
	}
	if err != nil {
		return exitManifests, output, prefixed(err)
	}
	return exitOK, output, nil
}

// collectGarbage has memory collected more often if there is much input.
func collectGarbage(input int) {
	if input > smallInput {
		debug.SetGCPercent(collectAt)
	}
}

// terminal tells whether nobody but a person would write to stdin.
func terminal(stdin io.Reader) bool {
	file, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// prefixed names the program in front of an error. Problems of a tenant file
// begin with their position, for editors.
func prefixed(err error) error {
	if problems := (tenant.Problems{}); errors.As(err, &problems) {
		return err
	}
	return fmt.Errorf("tenant-post: %w", err)
}

func usageError(problem string) error {
	return errors.New("tenant-post: " + problem + "; run tenant-post --help")
}
