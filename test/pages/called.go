package pages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	// forCluster are flags of helm install and upgrade that helm template does not have.
	forCluster = []string{"--install", "--create-namespace", "--wait", "--reuse-values"}
	// templated are the formats of kubectl that it can be asked about without a cluster.
	templated = regexp.MustCompile(`^(jsonpath|go-template)=`)
	// noTemplate is what it says of one that is none.
	noTemplate = regexp.MustCompile(`error parsing .*`)
)

// Check asks the real program whether it could be called so: whether it has the command
// and the flags and, of Helm, whether the chart renders with them.
func (c Called) Check(ctx context.Context, root string) error {
	bin := func(name string) string { return filepath.Join(root, "bin", name) }
	switch name, args := c[0], []string(c[1:]); {
	case name == "kubectl":
		return errors.Join(checkHelp(ctx, bin("kubectl"), args), checkFormat(ctx, bin("kubectl"), args), checkInner(ctx, args))
	case name == "helm" && args[0] == "tenant":
		return checkTenant(ctx, root, args[1:])
	case name == "helm":
		return checkHelm(ctx, root, args)
	case name == "tenant":
		return checkTenant(ctx, root, args)
	case name == "make":
		return checkTarget(root, args)
	}
	return nil
}

// checkHelp asks for help on a command with all of its flags: a program refuses those that
// it does not have before. Where it answers with a list of commands, the command is none.
func checkHelp(ctx context.Context, program string, args []string) error {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	out, err := exec.CommandContext(ctx, program, append(slices.Clone(args), "--help")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %s", filepath.Base(program), strings.TrimSpace(string(out)))
	}
	if strings.Contains(string(out), "Available Commands:") && !slices.Contains(args, "-f") {
		return fmt.Errorf("%s has no such command", filepath.Base(program))
	}
	return nil
}

// checkFormat has kubectl print an object that needs no cluster.
func checkFormat(ctx context.Context, kubectl string, args []string) error {
	for n, arg := range args {
		if n == 0 || args[n-1] != "-o" || !templated.MatchString(arg) {
			continue
		}
		out, _ := exec.CommandContext(ctx, kubectl, "create", "namespace", "x", "--dry-run=client", "-o", arg).CombinedOutput()
		if problem := noTemplate.Find(out); problem != nil {
			return fmt.Errorf("kubectl: %s", problem)
		}
	}
	return nil
}

// checkInner has a shell read what is for one in a Pod.
func checkInner(ctx context.Context, args []string) error {
	at := slices.Index(args, "--")
	if at < 0 || len(args) < at+4 || args[at+1] != "sh" || args[at+2] != "-c" {
		return nil
	}
	if out, err := exec.CommandContext(ctx, "sh", "-n", "-c", args[at+3]).CombinedOutput(); err != nil {
		return fmt.Errorf("in the Pod: %s", strings.TrimSpace(string(out)))
	}
	return nil
}

// checkHelm asks both majors. Of plugins they have commands of their own: one is enough.
func checkHelm(ctx context.Context, root string, args []string) error {
	var problems []error
	for _, helm := range []string{"helm", "helm4"} {
		problems = append(problems, checkHelp(ctx, filepath.Join(root, "bin", helm), args))
		if slices.Contains([]string{"install", "upgrade", "template"}, args[0]) && chart(args) != "" {
			problems = append(problems, renders(ctx, root, filepath.Join("bin", helm), "", args[1:]))
		}
	}
	if args[0] == "plugin" && slices.Contains(problems, nil) {
		return nil
	}
	return errors.Join(problems...)
}

// checkTenant asks the plugin, which hands some of its flags on to either major of Helm.
func checkTenant(ctx context.Context, root string, args []string) error {
	if !slices.Contains([]string{"install", "upgrade", "template"}, args[0]) {
		return checkHelp(ctx, filepath.Join(root, "bin/tenant"), args)
	}
	return errors.Join(
		renders(ctx, root, "bin/tenant", "bin/helm", args[1:]),
		renders(ctx, root, "bin/tenant", "bin/helm4", args[1:]),
	)
}

// renders has a chart rendered with the flags of an installation, by Helm or by the plugin
// with that Helm.
func renders(ctx context.Context, root, program, helm string, args []string) error {
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return slices.Contains(forCluster, arg) })
	args = append([]string{"template"}, args...)
	if strings.HasSuffix(chart(args), "/tenant-redis") {
		// Without a cluster there is no password.
		args = append(args, "--set", "auth.existingSecret=password")
	}
	command := exec.CommandContext(ctx, "./"+program, args...)
	command.Dir, command.Env = root, append(os.Environ(), "KUBECONFIG=/dev/null")
	if helm != "" {
		command.Env = append(command.Env, "HELM_BIN=./"+helm)
	}
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %s", program, helm, strings.TrimSpace(string(out)))
	}
	return nil
}

// chart is the chart of this repository that Helm is to render; empty for one elsewhere.
func chart(args []string) string {
	for _, arg := range args {
		if strings.HasPrefix(arg, "charts/") {
			return arg
		}
	}
	return ""
}

// checkTarget looks for the targets of make.
func checkTarget(root string, args []string) error {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		return err
	}
	for _, arg := range args {
		if !strings.Contains(arg, "=") && !strings.Contains(string(makefile), "\n"+arg+":") {
			return fmt.Errorf("make has no target %s", arg)
		}
	}
	return nil
}
