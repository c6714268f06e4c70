package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenant-redis/tenant-redis/plugin/input"
	"github.com/tenant-redis/tenant-redis/plugin/internal/yamltext"
	"github.com/tenant-redis/tenant-redis/plugin/lasterror"
	"github.com/tenant-redis/tenant-redis/plugin/rules"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// helmCommand runs a command of the Helm that runs the plugin, with the
// tenant's namespace and the post-renderer.
func helmCommand(name, short, exampleFlags string) *cobra.Command {
	return &cobra.Command{
		Use:   name + " RELEASE CHART --tenant FILE [FLAGS OF HELM " + strings.ToUpper(name) + "]",
		Short: short,
		Long: short + ": runs helm " + name + " with the namespace of the tenant file and with tenant-post. All flags but --tenant go to Helm.\n" +
			"$HELM_BIN is the Helm that is run.",
		Example:            "  helm tenant " + name + " team-a-cache charts/tenant-redis --tenant examples/tenants/team-a/tenant.yaml --values examples/tenants/team-a/values.yaml" + exampleFlags,
		DisableFlagParsing: true,
		RunE: func(command *cobra.Command, args []string) error {
			if slices.Contains(args, "--help") || slices.Contains(args, "-h") {
				return command.Help()
			}
			file, rest, err := cutTenant(args)
			if err != nil {
				return err
			}
			t, err := input.Tenant(file)
			if err != nil {
				return err
			}
			if err := checkNamespace(t, rest); err != nil {
				return err
			}
			if name == "template" && !needsPostRenderer(rest) {
				return renderTemplate(command, t, rest)
			}
			flags, err := postRendererFlags(file)
			if err != nil {
				return err
			}
			return runHelm(command, slices.Concat([]string{name}, rest, []string{"--namespace", t.Spec.Namespace}, flags))
		},
	}
}

// needsPostRenderer tells whether what Helm prints is not all that it renders: only a
// post-renderer sees the rest.
func needsPostRenderer(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		return slices.ContainsFunc([]string{"--output-dir", "--show-only", "-s", "--post-renderer"}, func(flag string) bool { return strings.HasPrefix(arg, flag) })
	})
}

// renderTemplate renders what Helm prints. Helm 4 would write all manifests again
// around a post-renderer, and Helm 3 would leave hooks out.
func renderTemplate(command *cobra.Command, t *tenant.Tenant, args []string) error {
	var manifests bytes.Buffer
	helm := exec.Command(helmBinary(), slices.Concat([]string{"template"}, args, []string{"--namespace", t.Spec.Namespace})...)
	helm.Stdin, helm.Stdout = command.InOrStdin(), &manifests
	if err := runUnquoted(helm, command.ErrOrStderr()); err != nil {
		return err
	}
	result, err := rules.Output(t, manifests.Bytes())
	if err == nil {
		err = result.CheckSome()
	}
	if err == nil {
		_, err = result.WriteTo(command.OutOrStdout())
	}
	return err
}

// cutTenant takes --tenant out of the arguments.
func cutTenant(args []string) (file string, rest []string, err error) {
	for i := 0; i < len(args); i++ {
		value, joined := strings.CutPrefix(args[i], "--tenant=")
		switch {
		case joined:
			file = value
		case args[i] == "--tenant" && i+1 < len(args):
			i++
			file = args[i]
		default:
			rest = append(rest, args[i])
		}
	}
	if file == "" {
		return "", nil, errors.New("--tenant FILE is missing")
	}
	file, err = filepath.Abs(file)
	return file, rest, err
}

// checkNamespace refuses another namespace than the tenant's. Helm takes its
// own flags from a plugin's arguments and hands them on in the environment.
func checkNamespace(t *tenant.Tenant, args []string) error {
	for i, arg := range args {
		value, joined := strings.CutPrefix(arg, "--namespace=")
		if (arg == "--namespace" || arg == "-n") && i+1 < len(args) {
			value, joined = args[i+1], true
		}
		if joined && value != t.Spec.Namespace {
			return wrongNamespace(t, value)
		}
	}
	if value := os.Getenv("HELM_NAMESPACE"); value != "" && value != "default" && value != t.Spec.Namespace {
		return wrongNamespace(t, value)
	}
	return nil
}

func wrongNamespace(t *tenant.Tenant, namespace string) error {
	return fmt.Errorf("--namespace %s is not that of the tenant %s, which is %s; leave it out, or change spec.namespace of the tenant file",
		namespace, t.Metadata.Name, t.Spec.Namespace)
}

// helmBinary is the Helm that runs the plugin.
func helmBinary() string {
	if name := os.Getenv("HELM_BIN"); name != "" {
		return name
	}
	return "helm"
}

// postRendererFlags returns how the Helm at hand is told to use tenant-post:
// Helm 3 takes the path of a program, Helm 4 the name of a plugin.
func postRendererFlags(tenantFile string) ([]string, error) {
	version, err := exec.Command(helmBinary(), "version", "--template", "{{.Version}}").Output()
	if err != nil {
		return nil, fmt.Errorf("cannot ask %s for its version: %w; set HELM_BIN", helmBinary(), err)
	}
	renderer := "tenant-post"
	if strings.HasPrefix(string(version), "v3.") {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		renderer = filepath.Join(filepath.Dir(self), "tenant-post")
	}
	return []string{"--post-renderer", renderer, "--post-renderer-args", "--tenant=" + tenantFile}, nil
}

// runHelm runs Helm and shows what Helm 4 hides of an error of tenant-post.
func runHelm(command *cobra.Command, args []string) error {
	start := time.Now()
	var said bytes.Buffer
	helm := exec.Command(helmBinary(), args...)
	helm.Stdin, helm.Stdout = command.InOrStdin(), command.OutOrStdout()
	err := runUnquoted(helm, io.MultiWriter(command.ErrOrStderr(), &said))
	if err != nil {
		problem, when, readErr := lasterror.Read()
		if readErr == nil && when.After(start) && !strings.Contains(said.String(), problem) {
			fmt.Fprintln(command.ErrOrStderr(), problem)
		}
	}
	return err
}

// runUnquoted runs a Helm and hands on what it says of errors, without what its YAML
// parser quotes of the manifests, which may be a Secret.
func runUnquoted(helm *exec.Cmd, stderr io.Writer) error {
	lines := &unquotedLines{to: stderr}
	helm.Stderr = lines
	err := helm.Run()
	lines.flush()
	return err
}

// unquotedLines hands on whole lines where the parser may quote something, and all else at
// once: a program that Helm asks for credentials may ask who runs it, and wait.
type unquotedLines struct {
	to   io.Writer
	rest []byte
}

func (u *unquotedLines) Write(text []byte) (int, error) {
	u.rest = append(u.rest, text...)
	end := len(u.rest)
	if line := bytes.LastIndexByte(u.rest, '\n') + 1; yamltext.MayQuote(string(u.rest[line:])) {
		end = line
	}
	_, err := io.WriteString(u.to, yamltext.WithoutQuotes(string(u.rest[:end])))
	u.rest = bytes.Clone(u.rest[end:])
	return len(text), err
}

func (u *unquotedLines) flush() {
	_, _ = io.WriteString(u.to, yamltext.WithoutQuotes(string(u.rest)))
}
