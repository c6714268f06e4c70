package pages

import (
	"bytes"
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

// Called is a program that a page calls, and its arguments.
type Called []string

// standIn takes the place of a program that wants a cluster, a registry or an hour. It
// writes down how it was called, and answers something.
const standIn = `#!/bin/bash
printf '%s\0' "${0##*/}" "$@" >"$(mktemp "$CALLED/XXXXXXXXXX")"
case " $* " in *" -i "*) cat >/dev/null ;; esac
case " $* " in *" -o name "*) echo pod/chosen ;; *) echo 3 ;; esac
`

var (
	// programs are those that pages call, but for what every machine has.
	programs = []string{"kubectl", "helm", "make", "git", "go", "gpg", "crane", "prometheus", "openssl", "redis-cli", "redis-server", "sleep", "tar"}
	// choice is what a runbook leaves to its reader.
	choice = regexp.MustCompile(`(?m)^([A-Z]+)= # .*?(?:such as (\S+))?$`)
	// wrong is what the shell says of a mistake in the commands themselves.
	wrong = regexp.MustCompile(`(?m)^.*(unbound variable|command not found|syntax error).*$`)
)

// Run runs commands in a shell in which nothing reaches a cluster, and returns the
// programs that they call, each way once.
func Run(ctx context.Context, root, script string) (called []Called, err error) {
	folder, err := os.MkdirTemp("", "pages")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := stage(root, folder); err != nil {
		return nil, err
	}
	shell := exec.CommandContext(ctx, "bash", "-uc", choice.ReplaceAllStringFunc(script, choose))
	shell.Dir = filepath.Join(folder, "repository")
	shell.Stdin = strings.NewReader("secret\n")
	shell.Env = append(os.Environ(), "CALLED="+filepath.Join(folder, "called"), "PATH="+filepath.Join(folder, "programs")+":/usr/bin:/bin", "NAMESPACE=redis-system", "NAME=team-a-cache", "TENANT=team-a")
	var stderr bytes.Buffer
	shell.Stderr = &stderr
	// A command that gets no real answer may well fail.
	_ = shell.Run()
	if problem := wrong.FindString(stderr.String()); problem != "" {
		return nil, fmt.Errorf("the shell says: %s", problem)
	}
	return readCalled(filepath.Join(folder, "called"))
}

// choose has a variable that is left to the reader have the value of its comment's
// example.
func choose(line string) string {
	found := choice.FindStringSubmatch(line)
	if found[2] == "" {
		found[2] = "chosen"
	}
	return found[1] + "=" + found[2]
}

// stage makes the folders of a run: a copy of the repository, whose scripts and programs
// are stand-ins like those of the PATH.
func stage(root, folder string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	scripts, err := filepath.Glob(filepath.Join(root, "scripts/*.sh"))
	if err != nil {
		return err
	}
	stand := []string{"repository/bin/tenant"}
	for _, program := range programs {
		stand = append(stand, "programs/"+program)
	}
	for _, script := range scripts {
		stand = append(stand, "repository/scripts/"+filepath.Base(script))
	}
	for _, sub := range []string{"called", "programs", "repository/bin", "repository/scripts"} {
		if err := os.MkdirAll(filepath.Join(folder, sub), 0o700); err != nil {
			return err
		}
	}
	for _, name := range stand {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(standIn), 0o700); err != nil { //nolint:gosec // a program
			return err
		}
	}
	for _, name := range []string{"charts", "examples", "dist"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(folder, "repository", name)); err != nil {
			return err
		}
	}
	return nil
}

// readCalled reads what stand-ins wrote.
func readCalled(folder string) ([]Called, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return nil, err
	}
	var called []Called
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		called = append(called, strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00"))
	}
	slices.SortFunc(called, slices.Compare[Called])
	return slices.CompactFunc(called, slices.Equal[Called]), nil
}
